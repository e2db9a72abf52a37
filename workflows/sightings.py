"""The anomalies of an incident: the most telling are kept whole, the rest of a storm is counted."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass, field
from datetime import datetime

from domain.anomaly import Anomaly, latest
from domain.severity import NO_LABEL, level_of
from domain.timeline import Kind
from workflows.crowd import MOST_COUNTED, Crowd
from workflows.journal import Journal

MOST_SERIES = 500
"""So many are kept whole, the most severe that fire first; the rest is counted (workflows.crowd)."""
SLACK = 100
"""So many more before they are counted: sorting them costs too much for each."""
# So many have rows of their own in the timeline, the first ones; of the rest a row says how many.
_NAMED = 30


@dataclass
class Unnamed:
    """How often a series without rows of its own fired, or resolved, since the row before this one."""

    row: int = 0
    fired: int = 0
    resolved: int = 0

    @property
    def words(self) -> str:
        told = ((self.fired, "series fired"), (self.resolved, "resolved"))
        return ", ".join(f"{number:,} more {what}" for number, what in told if number)


@dataclass(kw_only=True)
class Sightings(Journal):
    """What was seen of the trouble, in whatever order it came."""

    known: dict[str, Anomaly] = field(default_factory=dict[str, Anomaly])
    crowd: Crowd = field(default_factory=Crowd)
    uncounted: bool = False
    """Were there more than are counted? Then the number of alerts is a lower bound."""
    named: list[str] = field(default_factory=list[str])
    """The series that have rows of their own in the timeline."""
    unnamed: Unnamed = field(default_factory=Unnamed)
    first: Anomaly | None = None
    sightings: int = 0
    last_seen: datetime | None = None
    news: bool = False
    """Fires something of which the machine has not thought yet?"""

    def _see(self, seen: Anomaly, at: datetime, rest: list[Anomaly]) -> bool:
        """False: old news, which neither changes anything nor renews the last sighting. What has no row of its own in
        the timeline is added to the `rest`.
        """
        known = self.known.get(seen.series)
        kept = latest(known, seen)
        self.sightings += 1
        self.changed(at)
        if kept is known or (known is None and self.crowd.is_stale(seen)):
            return False
        if seen.firing:
            self.last_seen = at
        self.known[seen.series] = kept
        began, fired = (kept.starts_at <= known.starts_at, known.firing) if known else self.crowd.leaves(seen)
        if not began:
            self.news = self.news or kept.firing
        if began and (kept.firing or not fired):
            return True
        if self._is_named(seen):
            said = f"resolved on {seen.service}" if began else f"{kept.status} on {seen.service}: {seen.title}"
            self.note(at, Kind.ALERT, seen.source, f"{seen.name} {said}")
        else:
            rest.append(kept)
        return True

    def _maybe_first(self, telling: Iterable[Anomaly]) -> Iterable[Anomaly]:
        """The first one and what was told now; all, when the first has begun anew."""
        before = self.first
        now = before and self.known.get(before.series, before)
        if before is None or now is None or now.starts_at != before.starts_at:
            return self.known.values()
        return (now, *(self.known[seen.series] for seen in telling))

    def _is_named(self, seen: Anomaly) -> bool:
        """Has it rows of its own? The first series have."""
        if seen.series not in self.named and len(self.named) < _NAMED:
            self.named.append(seen.series)
        return seen.series in self.named

    def _count(self, rest: list[Anomaly], at: datetime) -> None:
        """One row says how many there were since the row before it."""
        if self.unnamed.row != self.rows:
            self.note(at, Kind.ALERT, rest[-1].source, "")
            self.unnamed = Unnamed(row=self.rows)
        fired = sum(seen.firing for seen in rest)
        self.unnamed.fired += fired
        self.unnamed.resolved += len(rest) - fired
        said = f"and {self.unnamed.words}; the last: {rest[-1].name} on {rest[-1].service}"
        self.timeline[-1] = self.timeline[-1].model_copy(update={"at": at, "text": said})

    def _count_the_least(self, at: datetime) -> None:
        """Keep those that say most: of what fires the most severe, of these the first."""
        ranked = sorted(self.known.values(), key=lambda a: (not a.firing, -_level(a), a.starts_at, a.series))
        for least in ranked[MOST_SERIES:]:
            counted = self.crowd.joins(self.known.pop(least.series))
            if not counted and not self.uncounted:
                self.uncounted = True
                said = f"there are more alerts than the {MOST_COUNTED:,} that are counted"
                self.note(at, Kind.NOTE, "nightshift", said)

    def forgets(self, series: Collection[str]) -> None:
        """They are known no more."""
        self.known = {name: known for name, known in self.known.items() if name not in series}
        self.named = [name for name in self.named if name not in series]
        if self.first is not None and self.first.series in series:
            self.first = min(self.known.values(), key=lambda a: (a.starts_at, a.series), default=None)

    @property
    def alerts(self) -> int:
        """How many series there are, kept or counted."""
        return len(self.known) + len(self.crowd)

    @property
    def firing(self) -> tuple[Anomaly, ...]:
        return tuple(a for a in self.known.values() if a.firing)

    @property
    def all_resolved(self) -> bool:
        return bool(self.known) and not self.crowd.firing and not any(a.firing for a in self.known.values())

    @property
    def anomalies(self) -> tuple[Anomaly, ...]:
        """First seen first; firing before resolved."""
        return tuple(sorted(self.known.values(), key=lambda a: (not a.firing, a.starts_at, a.series)))


def _level(anomaly: Anomaly) -> int:
    return max(level_of(anomaly), anomaly.severity_label or NO_LABEL, key=lambda level: level.rank).rank
