"""How late timers were, beyond the time in which nobody could have been on time. Pure."""

import math
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta

from evals.chaos.evidence import Down, Incident
from evals.chaos.script import Victim

NEEDED = frozenset({Victim.SERVER, Victim.WORKER})
"""A timer needs the server to fire and a worker to act on it; the starter has no part in it."""


def away(downs: Iterable[Down], since: datetime, until: datetime) -> timedelta:
    """How long within the stretch a process that timers need was away; two at once count once."""
    total, reached = timedelta(0), since
    for down in sorted((d for d in downs if d.victim in NEEDED), key=lambda d: d.since):
        begin, end = max(down.since, reached), min(down.until, until)
        if end > begin:
            total += end - begin
            reached = end
    return total


def lateness(incidents: Iterable[Incident], downs: Sequence[Down]) -> list[float]:
    """Seconds from when each timer was due until a worker had dealt with it, less the time away; sorted."""
    found = (
        (timer.acted_at - timer.due_at - away(downs, timer.due_at, timer.acted_at)).total_seconds()
        for incident in incidents
        for timer in incident.timers
        if timer.acted_at is not None
    )
    return sorted(max(0.0, late) for late in found)


def percentile(ordered: Sequence[float], share: float) -> float:
    """The nearest rank of sorted numbers: the least that `share` of them do not exceed; 0 of none."""
    return ordered[max(0, math.ceil(share * len(ordered)) - 1)] if ordered else 0.0


def out_of_order(incident: Incident, tie_s: float = 1.0) -> list[str]:
    """Timers that fired before one that was due more than `tie_s` seconds earlier and was pending all the while."""
    fired = sorted((t for t in incident.timers if t.order is not None), key=lambda t: t.order or 0)
    tie = timedelta(seconds=tie_s)
    return [
        f"{later.name!r} fired before {earlier.name!r}, which was due earlier"
        for position, later in enumerate(fired)
        for earlier in fired[position + 1 :]
        if earlier.due_at + tie < later.due_at
    ]
