"""An alert of another system, translated: the one shape in which trouble enters Nightshift."""

from datetime import datetime
from enum import StrEnum
from typing import Annotated

from pydantic import AfterValidator, AwareDatetime, Field

from domain.levels import Severity
from domain.model import Model


class AlertStatus(StrEnum):
    FIRING = "firing"
    RESOLVED = "resolved"


def _within_reason(at: datetime) -> datetime:
    """Times at the edge of the calendar cannot be reckoned with: a window before year 1 is an error in a workflow."""
    if not _FIRST_YEAR <= at.year <= _LAST_YEAR:
        raise ValueError(f"{at.isoformat()!r} is not between the years {_FIRST_YEAR} and {_LAST_YEAR}")
    return at


_FIRST_YEAR, _LAST_YEAR = 1970, 9000
Moment = Annotated[AwareDatetime, AfterValidator(_within_reason)]


class Anomaly(Model):
    """One series outside of its expectation, as its source described it.

    Two sightings with the same `source` and `fingerprint` are the same series. `starts_at` is the source's onset,
    `seen_at` the moment we accepted it. `actual` and `expected` are in `unit`; they are None when the source gave no
    number, and so is `sigma`: an alert without numbers has no invented deviation.
    """

    source: str = Field(max_length=300)
    fingerprint: str = Field(max_length=300)
    name: str = Field(max_length=300)
    service: str = Field(max_length=300)
    status: AlertStatus = AlertStatus.FIRING
    title: str = Field(max_length=2_000)
    starts_at: Moment
    seen_at: Moment
    ends_at: Moment | None = None
    severity_label: Severity | None = Field(default=None, description="what the sender's label says")
    labels: dict[str, str] = Field(default={}, max_length=64)
    actual: float | None = None
    expected: float | None = None
    sigma: float | None = None
    unit: str = Field(default="", max_length=300)
    expression: str | None = Field(
        default=None, max_length=10_000, description="the rule or query behind it, if the source names it"
    )
    link: str | None = Field(default=None, max_length=10_000)
    runbook: str | None = Field(default=None, max_length=10_000)

    @property
    def series(self) -> str:
        """Identity of the series across sightings."""
        return f"{self.source}:{self.fingerprint}"

    @property
    def firing(self) -> bool:
        return self.status is AlertStatus.FIRING


def latest(known: Anomaly | None, seen: Anomaly) -> Anomaly:
    """The newer of two sightings of one series, whatever the order in which they arrived.

    An episode is (series, starts_at). Within one episode *resolved* is final: a *firing* that arrives late is stale.
    A later `starts_at` is a new episode and wins; an earlier one is an old message and loses. Of two that say the
    same the later seen wins; the very same again is nothing new, so `known` stays.
    """
    if known is None:
        return seen
    place, newer = _place(known), _place(seen)
    # Without their content, two sightings of one instant would be kept by their order of arrival.
    wins = newer > place if newer != place else seen.model_dump_json() > known.model_dump_json()
    return seen if wins else known


def _place(sighting: Anomaly) -> tuple[datetime, bool, datetime]:
    return (sighting.starts_at, not sighting.firing, sighting.seen_at)
