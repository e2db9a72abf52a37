"""Findings from requests: which service does something else than usual when it is visited, and where time was added."""

from collections import Counter
from collections.abc import Iterable, Sequence

from analysis.redaction import name
from analysis.redaction import template as masked
from analysis.times import Slower, Stretch, slower
from analysis.traces import Trace
from analysis.visits import Difference, Slice, differences
from analysis.wording import causes_of, failing_call
from domain.finding import Category, Finding, Source, Window

_LEAST_BITS = 0.5
_MOST_OF_EACH = 4
_OWN_TIME = {Category.UNKNOWN: 0.5, Category.CPU_SATURATION: 0.55}
_BETWEEN = {Category.UNKNOWN: 0.5, Category.NETWORK: 0.6}
_ELSE = {Category.UNKNOWN: 0.6}


def findings(present: Sequence[Slice], calm: Sequence[Slice], window: Window) -> list[Finding]:
    """What differs and what takes longer, most telling first."""
    if not present or not calm:
        return []
    now, before = _traces(present), _traces(calm)
    told = [
        *(_of_difference(d, window) for d in differences(present, calm)),
        *(_of_time(s, window) for s in slower(now, before)),
    ]
    telling = sorted((f for f in told if f.strength >= _LEAST_BITS), key=lambda f: (-f.strength, f.title))
    return _few_of_each(telling)


def _few_of_each(ranked: Iterable[Finding]) -> list[Finding]:
    """The first few of every service and source: more of the same tells nothing more."""
    times: Counter[tuple[str | None, Source]] = Counter()
    kept: list[Finding] = []
    for one in ranked:
        times[one.service, one.source] += 1
        if times[one.service, one.source] <= _MOST_OF_EACH:
            kept.append(one)
    return kept


def _traces(slices: Iterable[Slice]) -> list[Trace]:
    return [trace for one in slices for trace in one.traces]


def _of_difference(d: Difference, window: Window) -> Finding:
    service, what = name(d.place.service), masked(d.event.what)
    words = {"line": f"writes {what!r}", "step": f"does {what}", "call": f"calls {name(d.event.what)}"}[d.event.sort]
    causes = causes_of(d.event.what) if d.event.sort == "line" and d.p1 > d.p0 else {}
    return Finding(
        # Lines and steps of the same visits: one source, since what hides one of them hides both.
        source=Source.TRACES, kind="other_behaviour", service=d.place.service,
        title=f"{service}, {masked(d.place.operation)}: {words} in {d.p1:.0%} of its requests (usually {d.p0:.0%})",
        strength=d.strength, value=d.p1, baseline=d.p0, unit="share",
        categories={**causes, Category.UNKNOWN: max(_ELSE[Category.UNKNOWN], causes.get(Category.UNKNOWN, 0.0))},
        facts={"operation": masked(d.place.operation), "sort": d.event.sort, "first": round(d.first, 3)},
        window=window,
    )  # fmt: skip


def _of_time(s: Slower, window: Window) -> Finding:
    other = name(s.stretch.what if s.service == s.stretch.service else s.stretch.service)
    gap = s.stretch.where == "gap"
    what = f"between it and {other}" if gap else f"{masked(s.stretch.what)}: own time"
    return Finding(
        source=Source.TRACES, kind="slow_edge" if gap else "slow_operation", service=s.service,
        title=f"{name(s.service)}, {what} {_ms(s.now_s)} (usually {_ms(s.before_s)}), {s.share:.0%} of all time added",
        strength=s.strength, value=s.now_s, baseline=s.before_s, unit="s",
        categories=_categories(s.stretch),
        facts={"operation": masked(s.stretch.what), "share": round(s.share, 3)}, window=window,
    )  # fmt: skip


def _categories(stretch: Stretch) -> dict[Category, float]:
    if stretch.where == "gap":
        return dict(_BETWEEN)
    return failing_call() if stretch.kind == "client" else dict(_OWN_TIME)


def _ms(seconds: float) -> str:
    return f"{seconds:.3g} s" if seconds >= 1 else f"{seconds * 1000:.3g} ms"
