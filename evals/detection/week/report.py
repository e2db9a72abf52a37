"""What the weeks have shown: faults found and how soon, what was told for nothing, and the incidents of both."""

import math
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import chain
from statistics import median
from typing import Any

from domain.anomaly import Anomaly
from domain.correlation import SAME_EPISODE
from domain.severity import assess
from evals.detection.week.history import KINDS, Fault

# What begins so long after a fault may still be of it.
_MARGIN_S = 600.0
Told = Sequence[tuple[float, Anomaly]]
"""Anomalies, firing or resolved, each with the unix time at which it was told."""


@dataclass(frozen=True)
class Incident:
    """What one incident of the service would hold: all that is told from its first anomaly to 15 minutes after the end
    of the last one. `at`: the unix time at which it opens.
    """

    at: float
    anomalies: Sequence[Anomaly]

    @property
    def severity(self) -> str:
        return assess(self.anomalies).severity.value


@dataclass(frozen=True)
class Week:
    """A week as it was made, so many days of it, and what was told."""

    faults: Sequence[Fault]
    days: int
    told: Told


def incidents(told: Told) -> list[Incident]:
    """Anomalies of one service, as they would be handled together."""
    found: list[tuple[float, list[Anomaly]]] = []
    open_series: set[str] = set()
    closes = -math.inf
    for at, anomaly in told:
        if anomaly.firing:
            if not open_series and at > closes:
                found.append((at, []))
            found[-1][1].append(anomaly)
            open_series.add(anomaly.series)
        else:
            open_series.discard(anomaly.series)
        closes = at + SAME_EPISODE.total_seconds()
    return [Incident(at, anomalies) for at, anomalies in found]


def delays(week: Week, kind: str | None = None) -> list[float | None]:
    """Of each fault (of one kind, or of all) the seconds until the first anomaly within it; None: there was none."""
    firing = [at for at, anomaly in week.told if anomaly.firing]
    return [
        next((at - fault.start for at in firing if fault.start <= at < fault.end), None)
        for fault in week.faults
        if kind in (None, fault.kind)
    ]


def false_at(week: Week, at: float) -> bool:
    """Is no fault the reason for what begins at this unix time?"""
    return not any(fault.start <= at < fault.end + _MARGIN_S for fault in week.faults)


def row(by: str, weeks: Sequence[Week]) -> dict[str, Any]:
    """All figures of one way to judge. Delays are in seconds; `false_incidents` began without a fault."""
    found = [incidents(week.told) for week in weeks]
    false = [one for week, opened in zip(weeks, found, strict=True) for one in opened if false_at(week, one.at)]
    opened, days = sum(map(len, found)), sum(week.days for week in weeks)
    firing = ((week, at) for week in weeks for at, anomaly in week.told if anomaly.firing)
    alone = sum(false_at(week, at) for week, at in firing)
    return {
        "by": by, "weeks": len(weeks), "days": days, **_found(chain.from_iterable(delays(week) for week in weeks)),
        "incidents": opened, "most_in_a_week": max(map(len, found), default=0),
        "false_incidents": len(false), "false_incidents_a_day": round(len(false) / days, 3),
        "false_share": round(len(false) / opened, 3) if opened else None, "false_anomalies": alone,
        "false_anomalies_a_day": round(alone / days, 3),
        "severities": dict(Counter(one.severity for one in chain.from_iterable(found))),
        "false_severities": dict(Counter(one.severity for one in false)),
        "kinds": {
            kind: of_it
            for kind in KINDS
            if (of_it := _found(chain.from_iterable(delays(week, kind) for week in weeks)))["faults"]
        },
    }  # fmt: skip


def _found(of: Iterable[float | None]) -> dict[str, Any]:
    every = list(of)
    seen = sorted(delay for delay in every if delay is not None)
    # The nearest rank: a delay that was measured, even of a few.
    p95 = round(seen[math.ceil(0.95 * len(seen)) - 1], 1) if seen else None
    return {"faults": len(every), "found": len(seen), "delay_s": round(median(seen), 1) if seen else None, "p95_s": p95}
