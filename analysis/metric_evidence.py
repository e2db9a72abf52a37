"""Findings from measured quantities: how far each left its calm, and how much of that its callees explain.

Strength in bits = b(z; 5) u i w: z shrunk where few requests were measured, u the share that no callee explains, i the
share of the alerted symptom that it can have caused, w one for the measure that was alerted and 0.3 for others of its
sort. Where nobody knows who calls whom, u = i = w = 1. More load at a service that others call says nothing: they send
it. Callees of which the measure cannot be seen are told beside it (unseen.py).
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from analysis.bits import bits
from analysis.callees import Explained, Traffic, explained, shrunk
from analysis.explaining import IMPACT, SURE, UNEXPLAINED
from analysis.redaction import name
from analysis.series import Direction, Trend, summarise
from analysis.shifts import Measured, Shift, shift_of, typical_levels
from analysis.starving import FULL
from analysis.unseen import UNSEEN, doubts, unseen
from domain.finding import Category, Finding, Source, Window
from domain.services import MetricKind, ServiceMap

_SPEAKS_FOR: Mapping[MetricKind, dict[Category, float]] = {
    "errors": {Category.UNKNOWN: 0.6},
    "latency": {Category.UNKNOWN: 0.4},
    "load": {Category.LOAD_SPIKE: 0.7},
    "memory": {Category.MEMORY_LEAK: 0.6},
    "cpu": {Category.CPU_SATURATION: 0.6},
    "connections": {Category.CONNECTION_POOL: 0.6},
    "disk": {Category.DISK: 0.6},
    # A replica that falls behind waits for what its source writes.
    "replication": {Category.DEPENDENCY: 0.6},
    # Nothing that it calls takes a service down: full weight, so that it is never moved to a callee.
    "up": {Category.UNKNOWN: 1.0},
}
# Beyond the bound of its expression (CPU 90 %, memory 85 %) a resource is not only higher, it is at its end.
_AT_ITS_END: Mapping[MetricKind, dict[Category, float]] = {
    "memory": {Category.MEMORY_LEAK: 0.8},
    "cpu": {Category.CPU_SATURATION: 0.8},
    "connections": {Category.CONNECTION_POOL: 0.8},
    "disk": {Category.DISK: 0.8},
}
_SYMPTOMS: tuple[MetricKind, ...] = ("errors", "latency")
_OTHER_MEASURE = 0.3


@dataclass(frozen=True)
class Alerted:
    """The symptom that was reported: the service, and which of its measures where that is known."""

    service: str
    kind: MetricKind | None = None


@dataclass(frozen=True)
class Told:
    """A shift with what it says, in bits; `explained` where callees could be asked, `doubts` of those that could not be
    seen.
    """

    shift: Shift
    strength: float
    explained: Explained | None = None
    alerted: bool = False
    doubts: Mapping[str, float] = field(default_factory=dict[str, float])

    @property
    def facts(self) -> dict[str, str | int | float | bool]:
        """What a person needs to follow the strength."""
        if self.explained is None:
            return {}
        taken = {f"taken_by:{callee}": round(share, 3) for callee, share in sorted(self.explained.by.items())}
        seen = {IMPACT: round(self.explained.impact, 3), SURE: round(self.explained.sure, 3)}
        impact = seen if self.alerted else {}
        dark = {f"{UNSEEN}{callee}": round(weight, 3) for callee, weight in sorted(self.doubts.items())}
        return {UNEXPLAINED: round(self.explained.unexplained, 3), **impact, **taken, **dark}


def told(measured: Sequence[Measured], graph: ServiceMap, alerted: Alerted | None = None) -> list[Told]:
    """What every quantity says, strongest first. Those without a calm or a present are left out."""
    ready = [m for m in measured if len(m.calm) and len(m.now)]
    typical = typical_levels(ready)
    shifts = [shift_of(m, typical) for m in ready]
    calls = {s.name: s.depends_on for s in graph.services}
    if not any(calls.values()):
        plain = [Told(s, s.strength) for s in shifts]
    else:
        plain = [
            t
            for group in _by_quantity(shifts).values()
            for t in _told(group, shifts, calls, unseen(group[0].measured.kind, measured, calls), alerted)
        ]
    return sorted(plain, key=lambda t: (-t.strength, t.shift.measured.service, t.shift.measured.name))


def _by_quantity(shifts: Iterable[Shift]) -> dict[str, list[Shift]]:
    groups: dict[str, list[Shift]] = {}
    for shift in shifts:
        groups.setdefault(shift.measured.name, []).append(shift)
    return groups


def _told(
    group: Sequence[Shift], all_of_them: Iterable[Shift], calls: Mapping[str, Sequence[str]], dark: frozenset[str],
    alerted: Alerted | None,
) -> list[Told]:  # fmt: skip
    kind = group[0].measured.kind
    if kind == "load":
        return _sent_by_callers(group, calls)
    if kind not in _SYMPTOMS:
        return [Told(s, s.strength) for s in group]
    traffic = _traffic(all_of_them)
    weight = _OTHER_MEASURE if alerted is not None and alerted.kind not in (None, kind) else 1.0
    start = alerted.service if alerted is not None and alerted.kind in (None, kind) else None
    return [
        Told(
            e.shift,
            bits(shrunk(e.shift, traffic)) * e.share * weight,
            e,
            start is not None,
            doubts(e.shift.measured.service, calls, dark, traffic),
        )
        for e in explained(group, calls, traffic, start, dark)
    ]


def _sent_by_callers(group: Sequence[Shift], calls: Mapping[str, Sequence[str]]) -> list[Told]:
    """More requests at a service are what its callers send, counted there or not, and no cause of its own."""
    callees = {callee for below in calls.values() for callee in below}
    return [Told(s, 0.0 if s.direction == "up" and s.measured.service in callees else s.strength) for s in group]


def _traffic(shifts: Iterable[Shift]) -> dict[str, Traffic]:
    return {s.measured.service: Traffic(s.base.middle, s.value) for s in shifts if s.measured.kind == "load"}


def speaks_for(kind: MetricKind, direction: Direction, trend: Trend, *, beyond: bool) -> dict[Category, float]:
    """Kinds of cause that a shift speaks for. `beyond`: past the bound from which people call it broken."""
    if kind == "load" and direction == "down":
        # Requests that stay away are a symptom, here or further up; nobody is overloaded by them.
        return {Category.UNKNOWN: 0.3}
    weights = _AT_ITS_END.get(kind) if beyond else None
    if weights is None and kind == "memory" and trend is Trend.INCREASING:
        weights = {Category.MEMORY_LEAK: 0.7}
    return dict(weights or _SPEAKS_FOR[kind])


def finding(one: Told, window: Window, *, bound: float | None = None) -> Finding:
    """What a shift says, as evidence; unit, query, link and onset are for those who know where it was read."""
    measured, value = one.shift.measured, one.shift.value
    summary = summarise(measured.now)
    beyond = bound is not None and (value < bound if measured.harmful == "down" else value > bound)
    return Finding(
        source=Source.METRICS, kind="metric_shift", service=measured.service,
        title=f"{name(measured.service)}: {measured.name} {value:.3g} (usually {one.shift.base.middle:.3g})",
        strength=one.strength, value=value, baseline=one.shift.base.middle,
        categories=speaks_for(measured.kind, one.shift.direction, summary.trend, beyond=beyond),
        facts={
            "expression": measured.name, "metric": measured.kind, "trend": summary.trend.value,
            "least": summary.least, "greatest": summary.greatest, "mean": summary.mean, "beyond_bound": beyond,
            **({FULL: round(value / measured.limit, 3)} if measured.limit else {}), **one.facts,
        },
        window=window,
    )  # fmt: skip
