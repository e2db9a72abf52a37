"""What is held back while something mutes it: kept, looked at again, and opened where it still fires then. Pure."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from enum import StrEnum

from pydantic import AwareDatetime

from domain.anomaly import Anomaly
from domain.levels import Severity
from domain.maintenance import LONGEST, Declared, Kind, Muting
from domain.model import Model
from domain.severity import level_of

KEPT_FOR = 2 * LONGEST
"""The record of what was muted. People are shown the windows that ended within a month (`nightshift maintenance list`),
and these may have lasted for another.
"""
_UNJUDGED_AFTER, _UNJUDGED_SHOWN = timedelta(minutes=10), timedelta(days=1)
LOOK_AGAIN: Mapping[Kind, timedelta] = {Kind.MAINTENANCE: timedelta(minutes=5), Kind.SILENCE: timedelta(minutes=1)}
"""So often what is held is judged again before the end that it knows of: nobody tells us when a silence is expired, and
whoever ended a window may not have got through to what it holds.
"""


class Held(Model):
    """An alert or anomaly that fires and is muted, by what, and since when."""

    anomaly: Anomaly
    by: Muting
    since: AwareDatetime


class Became(StrEnum):
    """What has become of it. OPENED: it fired on when nothing muted it any more, and went to its incident.
    MUTED_ON: something else mutes it now, under which it is recorded.
    """

    HELD = "held"
    RESOLVED = "resolved"
    OPENED = "opened"
    MUTED_ON = "muted on"


class MutedRow(Model):
    """The record of one episode of one series that was muted by one window or silence. `at`: when it changed last."""

    window: str
    kind: Kind
    key: str
    series: str
    starts_at: AwareDatetime
    service: str
    name: str
    title: str
    severity: Severity
    reason: str
    until: AwareDatetime
    since: AwareDatetime
    became: Became
    at: AwareDatetime

    def unjudged(self, now: datetime) -> bool:
        """Should it have been judged, and was not? Then its workflow was terminated in Temporal, or stands still."""
        return self.became is Became.HELD and self.until + _UNJUDGED_AFTER <= now


class Tally(Model):
    """Of one window or silence: how many alerts it holds, and how many it has muted in all."""

    held: int = 0
    in_all: int = 0


class Quiet(Model):
    """Something that mutes now, for a banner: a window in force, or a silence that holds something. Or what of it was
    not judged at its end: then `said` names the workflow that should have.
    """

    window: str
    said: str
    until: AwareDatetime
    held: int
    last: str = ""


def row_of(held: Held, key: str, became: Became, at: datetime) -> MutedRow:
    """The record of what is held under `key`, or of what has become of it."""
    anomaly = held.anomaly
    return MutedRow(
        window=held.by.window, kind=held.by.kind, key=key, series=anomaly.series, starts_at=anomaly.starts_at,
        service=anomaly.service, name=anomaly.name, title=anomaly.title[:300], severity=level_of(anomaly),
        reason=held.by.reason, until=held.by.until, since=held.since, became=became, at=at,
    )  # fmt: skip


def judged_again_at(held: Iterable[Held], looked_at: datetime) -> datetime:
    """When the first of them has to be judged again, at the end of what mutes it at the latest."""
    return min(min(one.by.until, looked_at + LOOK_AGAIN[one.by.kind]) for one in held)


def still_muted(
    held: Sequence[Held], mutings: Mapping[str, Muting], at: datetime, unasked: Collection[Kind]
) -> tuple[Held, ...]:
    """Of what is held, what stays so; `mutings`: the verdicts at `at`, by series; `unasked`: who could not be asked.

    What these promised counts until its end and no longer: that nobody answers is no reason to open, and what has ended
    is none to be silent. What others promised is over where they do not say it again.
    """
    found: list[Held] = []
    for one in held:
        by = mutings.get(one.anomaly.series)
        if by is None and one.by.kind in unasked and at < one.by.until:
            by = one.by
        if by is not None:
            found.append(one.model_copy(update={"by": by}))
    return tuple(found)


def quiet(
    windows: Iterable[Declared], tallies: Mapping[str, Tally], rows: Sequence[MutedRow], now: datetime
) -> tuple[Quiet, ...]:
    """What mutes at `now`. `rows`: one of each window in force, and of whatever else holds something."""
    newest = {row.window: row for row in rows}
    found = [
        Quiet(
            window=one.window.id, until=one.window.ends, held=tallies.get(one.window.id, Tally()).held,
            said=f"{one.window.scope}, says {one.window.who}: {one.window.why}", last=_last(newest.get(one.window.id)),
        )
        for one in windows
        if one.window.holds(now)
    ]  # fmt: skip
    for row in newest.values():
        # Where the record is late, or was lost with its workflow, nothing else would end it.
        if row.kind is Kind.SILENCE and row.became is Became.HELD and row.until > now:
            held = tallies.get(row.window, Tally()).held
            found.append(Quiet(window=row.window, until=row.until, held=held, said=row.reason, last=_last(row)))
    return tuple(found)


def unjudged(tallies: Mapping[str, Tally], rows: Sequence[MutedRow], now: datetime) -> tuple[Quiet, ...]:
    """What is still recorded as held though its end is over, for a day; `rows` as above."""
    return tuple(
        Quiet(
            window=row.window, until=row.until, held=tallies.get(row.window, Tally()).held, said=row.key,
            last=_last(row),
        )
        for row in rows
        if row.unjudged(now) and now < row.until + _UNJUDGED_SHOWN
    )  # fmt: skip


def _last(row: MutedRow | None) -> str:
    return "" if row is None else f"{row.name} of {row.service} since {row.since:%H:%M:%S} UTC"
