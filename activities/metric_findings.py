"""Findings from metrics: what moved in the harmful direction, since when, and what did not move."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from activities import windows
from activities.metric_queries import Asked
from analysis.bits import ABSENT_BITS
from analysis.curves import curve
from analysis.metric_evidence import Told, finding, told
from analysis.redaction import name as clean
from analysis.series import lead_s, onset
from analysis.shifts import Measured, shift_of
from domain.finding import Category, Finding, Presence, Source, missing
from domain.quantity import quantity
from domain.question import Question
from domain.services import Expression
from integrations.ports import MetricSource, Series

_LEAST_CALM_POINTS = 10
_RESOURCES = frozenset({"memory", "cpu", "disk", "connections"})
_LAST_POINTS = 3
# Less than this says nothing that a person should read.
_LEAST_BITS = 0.5
_VANISHED_AFTER_S = 60.0
_VANISHED_BITS = 2.0


@dataclass(frozen=True)
class _Read:
    """One series of one expression, cut into calm and present; `points` is the whole series."""

    asked: Asked
    measured: Measured
    points: Mapping[float, float]


@dataclass(frozen=True)
class _Moved:
    """A series with its finding."""

    finding: Finding
    points: Mapping[float, float]


def findings_of(answers: Sequence[Asked], metrics: MetricSource, question: Question) -> list[Finding]:
    """What moved, what vanished, which services are calm, and what could not be read."""
    moved = [*_shifted(answers, metrics, question), *_gone(answers, metrics, question)]
    return [*_with_leads(moved, question), *_calm(answers, moved, question), *_unread(answers, question)]


def _shifted(answers: Sequence[Asked], metrics: MetricSource, question: Question) -> list[_Moved]:
    """For each expression of each service the series that moved furthest, if any did."""
    read = {(r.measured.service, r.measured.name): r for a in answers if (r := _furthest(a, question)) is not None}
    said = told([r.measured for r in read.values()], question.graph)
    by_place = {(t.shift.measured.service, t.shift.measured.name): t for t in said}
    return [
        _Moved(_finding(r, by_place[place], metrics, question), r.points)
        for place, r in read.items()
        if by_place[place].shift.strength >= _LEAST_BITS
    ]


def _furthest(one: Asked, question: Question) -> _Read | None:
    read = [r for series in one.series if (r := _read(one, series, question)) is not None]
    return max(read, key=lambda r: shift_of(r.measured, {}).strength, default=None)


def _read(one: Asked, series: Series, question: Question) -> _Read | None:
    points, expression = dict(series.points), one.expression
    calm, now = _cut(points, question)
    if not now and expression.kind in _RESOURCES:
        now = _last_seen(points, question)
    measure = _measure(calm, expression)
    if not now or not measure:
        return None
    measured = Measured(
        one.service, expression.name, expression.kind, expression.harmful, expression.floor, measure, now,
        limit=expression.limit,
    )  # fmt: skip
    return _Read(one, measured, points)


def _cut(points: Mapping[float, float], question: Question) -> tuple[list[float], list[float]]:
    """The calm before, and the present."""
    calm_until = windows.calm_end(question).timestamp()
    trouble = windows.present(question).start.timestamp()
    return [v for at, v in points.items() if at < calm_until], [v for at, v in points.items() if at >= trouble]


def _last_seen(points: Mapping[float, float], question: Question) -> list[float]:
    """What a resource last was before its service fell silent, shortly before the onset: a process whose memory is
    full cannot say so any more.
    """
    calm_until = windows.calm_end(question).timestamp()
    return [points[at] for at in sorted(points) if at >= calm_until][-_LAST_POINTS:]


def _measure(calm: Sequence[float], expression: Expression) -> Sequence[float]:
    """The calm before; without enough of it the bound from which people call it broken, if there is one."""
    if len(calm) >= _LEAST_CALM_POINTS:
        return calm
    return [expression.bound] if expression.bound is not None else []


def _finding(read: _Read, said: Told, metrics: MetricSource, question: Question) -> Finding:
    expression, window, shift = read.asked.expression, windows.metrics(question), said.shift
    times, values = list(read.points), list(read.points.values())
    start = onset(values, shift.base, shift.value)
    began = datetime.fromtimestamp(times[start], UTC) if start is not None else None
    since = f", since {began:%H:%M:%S} UTC" if began is not None else ""
    title = (
        f"{clean(read.asked.service)}: {expression.name} {quantity(shift.value, expression.unit)} "
        f"(usually {quantity(shift.base.middle, expression.unit)}){since}"
    )
    return finding(said, window, bound=expression.bound).model_copy(
        update={
            "title": title, "unit": expression.unit, "onset": began,
            "query": read.asked.query, "link": metrics.link(read.asked.query, window),
            "curve": curve(read.points, window, shift.base.middle, expression.bound),
        }
    )  # fmt: skip


def _gone(answers: Sequence[Asked], metrics: MetricSource, question: Question) -> list[_Moved]:
    """Series that were there before and ended, where no other series of the expression goes on."""
    found: list[_Moved] = []
    for one in answers:
        ended = [dict(s.points) for s in one.series if not _cut(dict(s.points), question)[1]]
        if len(ended) < len(one.series):
            continue
        told_of = [_Moved(f, p) for p in ended if (f := _vanished(one, p, metrics, question)) is not None]
        found += told_of[:1]
    return found


def _vanished(one: Asked, points: Mapping[float, float], metrics: MetricSource, question: Question) -> Finding | None:
    """A series that was there before and ended: no zero, but it tells."""
    window, (calm, _) = windows.metrics(question), _cut(points, question)
    if len(calm) < _LEAST_CALM_POINTS or windows.seconds(windows.present(question)) < _VANISHED_AFTER_S:
        return None
    last = datetime.fromtimestamp(max(points), UTC)
    return Finding(
        source=Source.METRICS, kind="series_vanished", service=one.service,
        title=f"{clean(one.service)}: {one.expression.name} has no values since {last:%H:%M:%S} UTC",
        strength=_VANISHED_BITS, onset=last, categories={Category.UNKNOWN: 0.3},
        facts={"expression": one.expression.name, "metric": one.expression.kind},
        window=window, query=one.query, link=metrics.link(one.query, window), curve=curve(points, window),
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
    calm, now = _cut(dict(series.points), question)
    return bool(now) and bool(_measure(calm, one.expression))


def _unread(answers: Sequence[Asked], question: Question) -> list[Finding]:
    """What was not answered, and services without a single series that could be judged or had moved."""
    window = windows.metrics(question)
    unanswered = [
        missing(Source.METRICS, f"{clean(a.service)}: {a.expression.name} {a.unanswered}", window, a.query)
        for a in answers
        if a.unanswered is not None
    ]
    silent = [s for s in question.services if not any(a.series or a.unanswered for a in answers if a.service == s)]
    return unanswered + [
        missing(Source.METRICS, f"no series of {clean(service)} in {windows.clock(window)}", window)
        for service in silent
    ]
