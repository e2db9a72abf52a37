"""The policy of an installation: a YAML file on top of the defaults, and what it changes of them."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any, cast

from config.yaml_file import checked, read_mapping
from domain.model import Model
from domain.policy import Policy


class Difference(Model):
    """One value that is not the default. `field` is its path, such as `escalation.HIGH.tier`."""

    field: str
    default: str
    value: str

    def __str__(self) -> str:
        return f"{self.field}: {self.value} (default {self.default})"


def load_policy(path: Path | None) -> Policy:
    """The policy: the defaults, with what the file says laid over them. Raises ConfigError."""
    if path is None:
        return Policy()
    return checked(Policy, _laid_over(Policy().model_dump(), read_mapping(path)), path)


def differences(policy: Policy) -> tuple[Difference, ...]:
    """What the policy changes of the defaults, in the order of the fields."""
    return tuple(_differences("", Policy().model_dump(mode="json"), policy.model_dump(mode="json")))


def _laid_over(base: dict[str, Any], over: dict[str, Any]) -> dict[str, Any]:
    """Mappings are merged field by field; lists and single values replace."""
    merged = dict(base)
    for name, value in over.items():
        known = merged.get(name)
        if isinstance(known, dict) and isinstance(value, dict):
            merged[name] = _laid_over(cast("dict[str, Any]", known), cast("dict[str, Any]", value))
        else:
            merged[name] = value
    return merged


def _differences(path: str, default: dict[str, Any], actual: dict[str, Any]) -> Iterator[Difference]:
    for name, value in actual.items():
        place = f"{path}.{name}" if path else name
        known: object = default[name]
        if isinstance(value, dict):
            yield from _differences(place, cast("dict[str, Any]", known), cast("dict[str, Any]", value))
        elif value != known:
            yield Difference(field=place, default=_words(known), value=_words(value))


def _words(value: object) -> str:
    if isinstance(value, list):
        return ", ".join(str(item) for item in cast("list[object]", value)) or "none"
    return "none" if value is None else str(value)
