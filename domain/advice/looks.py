"""What a language model may ask for: to look again, at one service, with what the sources know already. Reads only."""

from enum import StrEnum
from typing import Annotated

from pydantic import Field, ValidationError

from domain.advice.talk import ToolUse
from domain.finding import Source
from domain.model import Model
from domain.services import ServiceMap

_EARLIEST_MIN = 1440
_SAID = 80


class Tool(StrEnum):
    """Its names for them, each a source."""

    METRICS = "look_at_metrics"
    LOGS = "look_at_logs"
    TRACES = "look_at_traces"
    CHANGES = "look_at_changes"

    @property
    def source(self) -> Source:
        return _SOURCES[self]

    @property
    def what(self) -> str:
        return _WHAT[self]


_SOURCES = {
    Tool.METRICS: Source.METRICS, Tool.LOGS: Source.LOGS, Tool.TRACES: Source.TRACES, Tool.CHANGES: Source.CHANGES,
}  # fmt: skip
_WHAT = {
    Tool.METRICS: "Which metrics of one service moved in the harmful direction, and which are calm.",
    Tool.LOGS: "New and bursting error templates of one service.",
    Tool.TRACES: "Where failing requests through one service begin, and which operations became slow.",
    Tool.CHANGES: "Releases, configuration changes, restarts and crashes of one service's deployment.",
}


class Arguments(Model):
    """Which service, and how many minutes before the incident the same look would have been taken."""

    service: Annotated[str, Field(description="The name of a known service.")]
    earlier_min: Annotated[int, Field(description="0: now. Else so many minutes earlier, at most 1440.")]


class Look(Model):
    """One that may be taken."""

    tool: Tool
    service: str
    earlier_min: int = 0

    @property
    def words(self) -> str:
        earlier = f", {self.earlier_min} min earlier" if self.earlier_min else ""
        return f"{self.tool.source} of {self.service}{earlier}"


def read(use: ToolUse, services: ServiceMap, around: frozenset[str]) -> Look | str:
    """The look, or the sentence that says why there is none. `around`: services that alerts named."""
    if use.name not in list(Tool):
        return f"there is no tool {use.name[:_SAID]!r}; there are {', '.join(Tool)}"
    try:
        asked = Arguments.model_validate_json(use.arguments)
    except ValidationError as error:
        first = error.errors(include_input=False, include_url=False)[0]
        where = ".".join(str(part) for part in first["loc"]) or "arguments"
        return f"{where}: {first['msg']}"[:200]
    if asked.service not in {s.name for s in services.services} | around:
        return f"there is no service {asked.service[:_SAID]!r}"
    if not 0 <= asked.earlier_min <= _EARLIEST_MIN:
        return f"earlier_min is from 0 to {_EARLIEST_MIN}"
    return Look(tool=Tool(use.name), service=asked.service, earlier_min=asked.earlier_min)
