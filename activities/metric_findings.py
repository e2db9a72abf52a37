"""Findings from metrics: what moved in the harmful direction, since when, and what did not move."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from activities import windows
from activities.metric_queries import Asked
from analysis.bits import ABSENT_BITS, bits
from analysis.redaction import name as clean
from analysis.series import Baseline, Direction, Trend, baseline, lead_s, onset, robust_z, summarise
from domain.finding import Category, Finding, Presence, Source, missing
from domain.question import Question
from domain.services import Expression, MetricKind
from integrations.ports import MetricSource, Series

_LEAST_CALM_POINTS = 10
# Less than this says nothing that a person should read.
_LEAST_BITS = 0.5
_VANISHED_AFTER_S = 60.0
_SHARES = frozenset({"ratio", "share"})
_VANISHED_BITS = 2.0
# A direction that no expression calls harmful still tells something: half.
_EVIDENCE_ONLY = 0.5

_SPEAKS_FOR: Mapping[MetricKind, dict[Category, float]] = {
    "errors": {Category.UNKNOWN: 0.6},
    "latency": {Category.UNKNOWN: 0.4},
    "load": {Category.LOAD_SPIKE: 0.7},
    "memory": {Category.MEMORY_LEAK: 0.4},
    "cpu": {Category.CPU_SATURATION: 0.4},
    # Nothing that it calls takes a service down: full weight, so that it is never moved to a callee.
    "up": {Category.UNKNOWN: 1.0},
}
# Beyond the bound of its expression (CPU 90 %, memory 85 %) a resource is not only higher, it is at its end.
_AT_ITS_END: Mapping[MetricKind, dict[Category, float]] = {
    "memory": {Category.MEMORY_LEAK: 0.8},
    "cpu": {Category.CPU_SATURATION: 0.8},
}


@dataclass(frozen=True)
class _Moved:
    """A series with its finding; `points` is the whole series."""

    finding: Finding
    points: Mapping[float, float]


def findings_of(answers: Sequence[Asked], metrics: MetricSource, question: Question) -> list[Finding]:
    """What moved, what vanished, which services are calm, and what could not be read."""
    moved = [m for one in answers for m in _moved(one, metrics, question)]
    return [*_with_leads(moved, question), *_calm(answers, moved, question), *_unread(answers, question)]


def _moved(one: Asked, metrics: MetricSource, question: Question) -> list[_Moved]:
    """The series of one expression that moved furthest, if any did."""
    judged = [m for series in one.series if (m := _judge(one, series, metrics, question)) is not None]
    return sorted(judged, key=lambda m: -m.finding.strength)[:1]


def _judge(one: Asked, series: Series, metrics: MetricSource, question: Question) -> _Moved | None:
    points = dict(series.points)
    calm_until = windows.calm_end(question).timestamp()
    trouble = windows.present(question).start.timestamp()
    calm = [v for at, v in points.items() if at < calm_until]
    now = [v for at, v in points.items() if at >= trouble]
    if not now:
        gone = _vanished(one, points, calm, metrics, question)
        return _Moved(gone, points) if gone is not None else None
    base = _measure(calm, one.expression)
    if base is None:
        return None
    strength, direction = _strength(now, base, one.expression)
    if strength < _LEAST_BITS:
        return None
    return _Moved(_shift(one, points, now, base, strength, direction, metrics, question), points)


def _strength(now: Sequence[float], base: Baseline, expression: Expression) -> tuple[float, Direction]:
    """Bits in the harmful direction. More load harms only where its expression says so, else it is half a hint."""
    harmful = expression.harmful or "up"
    strength = bits(robust_z(now, base, harmful)) * (1.0 if expression.harmful else _EVIDENCE_ONLY)
    if expression.kind != "load" or harmful == "up":
        return strength, harmful
    more = bits(robust_z(now, base, "up")) * _EVIDENCE_ONLY
    return (more, "up") if more > strength else (strength, harmful)


def _measure(calm: Sequence[float], expression: Expression) -> Baseline | None:
    """The calm before; without enough of it the bound from which people call it broken, if there is one."""
    if len(calm) >= _LEAST_CALM_POINTS:
        return baseline(calm, expression.floor)
    return baseline([expression.bound], expression.floor) if expression.bound is not None else None


def _shift(
    one: Asked, points: Mapping[float, float], now: Sequence[float], base: Baseline, strength: float,
    direction: Direction, metrics: MetricSource, question: Question,
) -> Finding:  # fmt: skip
    expression, window = one.expression, windows.metrics(question)
    summary = summarise(now)
    value = sorted(now)[len(now) // 2]
    beyond = _beyond(value, expression)
    times, values = list(points), list(points.values())
    start = onset(values, base, value)
    began = datetime.fromtimestamp(times[start], UTC) if start is not None else None
    since = f", since {began:%H:%M:%S} UTC" if began is not None else ""
    return Finding(
        source=Source.METRICS, kind="metric_shift", service=one.service,
        title=f"{clean(one.service)}: {expression.name} {_shown(value, expression)} "
        f"(usually {_shown(base.middle, expression)}){since}",
        strength=strength, value=value, baseline=base.middle, unit=expression.unit, onset=began,
        categories=_speaks_for(expression, summary.trend, direction, beyond=beyond),
        facts={
            "expression": expression.name, "metric": expression.kind, "trend": summary.trend.value,
            "least": summary.least, "greatest": summary.greatest, "mean": summary.mean, "beyond_bound": beyond,
        },
        window=window, query=one.query, link=metrics.link(one.query, window),
    )  # fmt: skip


def _speaks_for(expression: Expression, trend: Trend, direction: Direction, *, beyond: bool) -> dict[Category, float]:
    if expression.kind == "load" and direction == "down":
        # Requests that stay away are a symptom, here or further up; nobody is overloaded by them.
        return {Category.UNKNOWN: 0.3}
    weights = _AT_ITS_END.get(expression.kind) if beyond else None
    if weights is None and expression.kind == "memory" and trend is Trend.INCREASING:
        weights = {Category.MEMORY_LEAK: 0.6}
    return dict(weights or _SPEAKS_FOR[expression.kind])


def _beyond(value: float, expression: Expression) -> bool:
    if expression.bound is None:
        return False
    return value < expression.bound if expression.harmful == "down" else value > expression.bound


def _vanished(
    one: Asked, points: Mapping[float, float], calm: Sequence[float], metrics: MetricSource, question: Question
) -> Finding | None:
    """A series that was there before and ended: no zero, but it tells."""
    window = windows.metrics(question)
    if len(calm) < _LEAST_CALM_POINTS or windows.seconds(windows.present(question)) < _VANISHED_AFTER_S:
        return None
    last = datetime.fromtimestamp(max(points), UTC)
    return Finding(
        source=Source.METRICS, kind="series_vanished", service=one.service,
        title=f"{clean(one.service)}: {one.expression.name} has no values since {last:%H:%M:%S} UTC",
        strength=_VANISHED_BITS, onset=last, categories={Category.UNKNOWN: 0.3},
        facts={"expression": one.expression.name, "metric": one.expression.kind},
        window=window, query=one.query, link=metrics.link(one.query, window),
    )  # fmt: skip


def _with_leads(moved: Sequence[_Moved], question: Question) -> list[Finding]:
    """Each shift with how far it runs ahead of the primary service's strongest one."""
    main = max(
        (m for m in moved if m.finding.service == question.primary), key=lambda m: m.finding.strength, default=None
    )
    return [m.finding if main is None or m is main else _with_lead(m, main) for m in moved]


def _with_lead(one: _Moved, main: _Moved) -> Finding:
    shared = sorted(one.points.keys() & main.points.keys())
    step_s = shared[1] - shared[0] if len(shared) > 1 else 0.0
    lead = lead_s([one.points[at] for at in shared], [main.points[at] for at in shared], step_s)
    if lead is None:
        return one.finding
    facts = {**one.finding.facts, "lead_s": lead, "ahead_of": main.finding.title.split(" (", 1)[0]}
    return one.finding.model_copy(update={"facts": facts})


def _calm(answers: Sequence[Asked], moved: Iterable[_Moved], question: Question) -> list[Finding]:
    """One finding for each service whose expressions answered and did not move."""
    restless = {m.finding.service for m in moved}
    window = windows.present(question)
    found: list[Finding] = []
    for service in question.services:
        judged = [a for a in answers if a.service == service and any(_readable(s, a, question) for s in a.series)]
        if not judged or service in restless:
            continue
        names = ", ".join(a.expression.name for a in judged)
        found.append(
            Finding(
                source=Source.METRICS,
                presence=Presence.ABSENT,
                kind="no_shift",
                service=service,
                title=f"{clean(service)}: nothing unusual in {names} in {windows.clock(window)}",
                strength=ABSENT_BITS,
                against={Category.UNKNOWN: 1.0},
                window=window,
                query=judged[0].query,
            )
        )
    return found


def _readable(series: Series, one: Asked, question: Question) -> bool:
    trouble = windows.present(question).start.timestamp()
    calm_until = windows.calm_end(question).timestamp()
    calm = [v for at, v in series.points if at < calm_until]
    return any(at >= trouble for at, _ in series.points) and _measure(calm, one.expression) is not None


def _unread(answers: Sequence[Asked], question: Question) -> list[Finding]:
    """What was refused, and services without a single series that could be judged or had moved."""
    window = windows.metrics(question)
    refused = [
        missing(Source.METRICS, f"{clean(a.service)}: {a.expression.name} was refused: {a.refused}", window, a.query)
        for a in answers
        if a.refused is not None
    ]
    silent = [s for s in question.services if not any(a.series or a.refused for a in answers if a.service == s)]
    return refused + [
        missing(Source.METRICS, f"no series of {clean(service)} in {windows.clock(window)}", window)
        for service in silent
    ]


def _shown(value: float, expression: Expression) -> str:
    if expression.unit in _SHARES:
        return f"{value:.1%}"
    if expression.unit == "bytes":
        return f"{value / 1e6:.0f} MB"
    return f"{value:.3g} {expression.unit}".strip()
