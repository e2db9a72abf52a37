"""Which fields of a log document mean what."""

from collections.abc import Mapping
from typing import Any, cast

from domain.model import Model

Names = tuple[str, ...]


class LogFields(Model):
    """Names by meaning, in order of preference: the Elastic Common Schema's, then what people write by hand.

    All names of a meaning are searched; the first that a document has is read. ECS: elastic.co/guide/en/ecs.
    """

    timestamp: str = "@timestamp"
    service: Names = ("service.name", "service")
    level: Names = ("log.level", "level")
    message: Names = ("message",)
    logger: Names = ("log.logger", "logger")
    error_type: Names = ("error.type",)
    trace_id: Names = ("trace.id", "trace_id")

    @property
    def all(self) -> list[str]:
        """Every field that is read, but for the time, which is asked for in a form of its own."""
        groups = (self.service, self.level, self.message, self.logger, self.error_type, self.trace_id)
        return [name for group in groups for name in group]


def read_field(document: Mapping[str, Any], names: Names) -> str | None:
    """The first of the fields that has a plain value; documents hold `a.b` as such or nested."""
    for name in names:
        value = document.get(name, _nested(document, name))
        if isinstance(value, str | int | float):
            return str(value)
    return None


def _nested(document: Mapping[str, Any], name: str) -> object:
    value: object = document
    for part in name.split("."):
        if not isinstance(value, Mapping):
            return None
        value = cast("Mapping[str, object]", value).get(part)
    return value
