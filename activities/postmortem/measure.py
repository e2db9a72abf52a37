"""A number of a postmortem: where it was measured, or why nobody measured it."""

from datetime import datetime, timedelta
from typing import Self

from pydantic import model_validator

from domain.model import Model


class Measure(Model):
    """One fact with its source. `number` is in `unit`; both are None for what is no number.

    `value` None: not measured, and then `source` says why.
    """

    name: str
    value: str | None
    source: str
    number: float | None = None
    unit: str | None = None

    @model_validator(mode="after")
    def _has_a_source(self) -> Self:
        if not self.source.strip():
            raise ValueError(
                f"source: {self.name!r} has none; every number says where it is from, or why there is none"
            )
        return self

    @property
    def shown(self) -> str:
        """The value, or in words that there is none."""
        return self.value if self.value is not None else f"not measured: {self.source}"


def not_measured(name: str, why: str) -> Measure:
    """A fact that people ask for and nobody can give."""
    return Measure(name=name, value=None, source=why)


def lasted(name: str, start: datetime | None, end: datetime | None, source: str, without: str) -> Measure:
    """The time from `start` to `end`; `without` is said where one of them is missing."""
    if start is None or end is None:
        return not_measured(name, without)
    seconds = max(0.0, (end - start).total_seconds())
    return Measure(name=name, value=words(timedelta(seconds=seconds)), number=seconds, unit="s", source=source)


def counted(name: str, count: int, source: str) -> Measure:
    return Measure(name=name, value=str(count), number=count, source=source)


def words(duration: timedelta) -> str:
    """A duration as people say it: 42 s, 4 min 31 s, 2 h 5 min, 3 d 4 h."""
    seconds = round(duration.total_seconds())
    if seconds < 60:  # noqa: PLR2004 - a minute
        return f"{seconds} s"
    days, rest = divmod(seconds, 86_400)
    hours, rest = divmod(rest, 3_600)
    minutes, rest = divmod(rest, 60)
    parts = [(days, "d"), (hours, "h"), (minutes, "min"), (rest, "s")]
    first = next(place for place, (count, _) in enumerate(parts) if count)
    return " ".join(f"{count} {unit}" for count, unit in parts[first : first + 2] if count)


def at(moment: datetime) -> str:
    """A moment, with its zone."""
    return f"{moment:%Y-%m-%d %H:%M:%S} UTC"


def clause(text: str) -> str:
    """A sentence of somebody else, to stand within one of ours."""
    return " ".join(text.split()).rstrip(".")
