"""What detection keeps, and where its anomalies go."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from domain.anomaly import Anomaly
from domain.detection import SeriesRow
from domain.forecast import Forecast, Trouble
from domain.forest import Forest
from domain.shards import Shard
from domain.thresholds import ThresholdWord


class SeriesStore(Protocol):
    """What detection knows of each series that it watches, over restarts and between workers."""

    def services(self) -> Collection[str]:
        """The services of which series are kept."""
        ...

    def marks(self, services: Collection[str]) -> Mapping[str, datetime]:
        """For each series of these that is kept: up to when it was judged, as far as that was written down."""
        ...

    def load(self, keys: Sequence[str]) -> Sequence[SeriesRow]:
        """The series of these keys that are kept."""
        ...

    def listed(self) -> Sequence[SeriesRow]:
        """All series without what is known of them (`detector` is empty), by service and expression."""
        ...

    def save(self, rows: Sequence[SeriesRow]) -> None:
        """Keep these; an older state never replaces a newer one."""
        ...

    def forget(self, before: datetime) -> None:
        """Drop the series whose last sample is older."""
        ...


@dataclass(frozen=True)
class Claim:
    """A shard that is one worker's in one cycle.

    `memory`: that by which it is looked at, one of those that were offered or else the new one. `held`: which of those
    that were offered still are that of some shard; the others are of the past. `before`: when it was claimed the last
    time; None: never.
    """

    shard: Shard
    cycle: str
    memory: str
    held: frozenset[str]
    before: datetime | None = None


class ShardStore(Protocol):
    """Who looks at which shard: agreed on anew in each cycle by those who take part in it, so that nobody has to know
    who is there.
    """

    def claim(self, cycle: str, of: int, memories: Collection[str], new: str, now: datetime) -> Claim | None:
        """A shard that nobody has claimed in this cycle: one that was never claimed, or three minutes before another of
        these, else one that was last looked at by one of `memories`, and of several the one that was left alone for
        longest; None: all are claimed. The first claim of another `of` ends all older ones.
        """
        ...

    def count(self, claim: Claim, silent: int, watched: int) -> tuple[int, int]:
        """Say how many services of a shard are silent, of how many; and hear how many of all shards are, as far as each
        has said. Raises Unavailable where the shard was claimed by another cycle meanwhile.
        """
        ...


class ForecastStore(Protocol):
    """What was forecast of each series: written by training, read by every cycle of detection."""

    def trained(self, services: Collection[str]) -> Mapping[str, datetime]:
        """For each series of these services that has a forecast: when it was trained."""
        ...

    def load(self, keys: Sequence[str]) -> Sequence[Forecast]:
        """The forecasts of these keys that are kept."""
        ...

    def heads(self) -> Sequence[Forecast]:
        """All of them without their tables (`band` is empty), by service and expression."""
        ...

    def save(self, forecast: Forecast) -> None:
        """Keep this one; an older one never replaces a newer one."""
        ...

    def forget(self, before: datetime) -> None:
        """Drop those that were trained, or tried, before and not since."""
        ...

    def troubles(self, since: datetime) -> Sequence[Trouble]:
        """When services were in trouble, by the incidents that were open after `since`."""
        ...


class ForestStore(Protocol):
    """The rows from which the forest of each service is grown: written by training, read by investigations."""

    def load(self, service: str) -> Forest | None:
        """What is kept for this service; None: it was never trained."""
        ...

    def save(self, forest: Forest) -> None:
        """Keep this one; an older one never replaces a newer one."""
        ...


class AnomalyIntake(Protocol):
    """Where anomalies become incidents."""

    async def accept(self, anomalies: Sequence[Anomaly]) -> tuple[str, ...]:
        """The keys of the incidents that know them now. Saying the same again is harmless. Raises Unavailable."""
        ...


class ThresholdStore(Protocol):
    """What people's words did to thresholds of our detection: a history, to which is only added."""

    def add(self, words: Sequence[ThresholdWord]) -> None:
        """All or none. The same word again (series, incident, kind, time) adds nothing."""
        ...

    def words(self) -> Sequence[ThresholdWord]:
        """All of them, by time."""
        ...
