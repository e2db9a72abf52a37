"""An alert of another system, translated: the one shape in which trouble enters Nightshift."""

from datetime import datetime
from enum import StrEnum

from pydantic import AwareDatetime, Field

from domain.levels import Severity
from domain.model import Model


class AlertStatus(StrEnum):
    FIRING = "firing"
    RESOLVED = "resolved"


class Anomaly(Model):
    """One series outside of its expectation, as its source described it.

    Two sightings with the same `source` and `fingerprint` are the same series. `starts_at` is the source's onset,
    `seen_at` the moment we accepted it. `actual` and `expected` are in `unit`; they are None when the source gave no
    number, and so is `sigma`: an alert without numbers has no invented deviation.
    """

    source: str
    fingerprint: str
    name: str
    service: str
    status: AlertStatus = AlertStatus.FIRING
    title: str
    starts_at: AwareDatetime
    seen_at: AwareDatetime
    ends_at: AwareDatetime | None = None
    severity_label: Severity | None = Field(default=None, description="what the sender's label says")
    labels: dict[str, str] = {}
    actual: float | None = None
    expected: float | None = None
    sigma: float | None = None
    unit: str = ""
    expression: str | None = Field(default=None, description="the rule or query behind it, if the source names it")
    link: str | None = None
    runbook: str | None = None

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
    return seen if known is None or _place(seen) > _place(known) else known


def _place(sighting: Anomaly) -> tuple[datetime, bool, datetime, str]:
    """A total order: without the last part, two sightings of one instant would be kept by their order of arrival."""
    return (sighting.starts_at, not sighting.firing, sighting.seen_at, sighting.model_dump_json())
