"""One request as a waterfall: the spans that tell, each below the one that called it."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from statistics import median

from analysis.redaction import name
from analysis.redaction import template as masked
from analysis.traces import Span, Trace, failure
from domain.exhibits import MOST_BARS, Bar, Waterfall

Usual = Mapping[tuple[str, str], float]
"""Seconds that an operation of a service takes, by both their names."""


def usual_durations(calm: Iterable[Trace]) -> Usual:
    """The median over all spans of a quiet time, in seconds."""
    seen: dict[tuple[str, str], list[float]] = {}
    for span in (span for trace in calm for span in trace.spans):
        seen.setdefault((span.service, span.operation), []).append(span.duration_s)
    return {place: median(durations) for place, durations in seen.items()}


def waterfall(trace: Trace, usual: Usual, place: tuple[str, str] | None = None) -> Waterfall:
    """The request. It went wrong where it failed deepest; where nothing failed, at the slowest span of `place`, a
    service and its operation.

    Of a long request the way to that span is kept, then what failed, then what took longest. Text of spans is masked.
    """
    spans = {span.span_id: span for span in trace.spans}
    above = _above(spans)
    origin = _origin(trace, spans, place)
    kept = _kept(spans, above, origin)
    start = min(span.start for span in trace.spans)
    end = max((span.start - start).total_seconds() + span.duration_s for span in trace.spans)

    def bar(span: Span, depth: int) -> Bar:
        return Bar(
            service=name(span.service), operation=masked(span.operation), depth=depth,
            start_s=round(max(0.0, (span.start - start).total_seconds()), 6),
            duration_s=round(max(0.0, span.duration_s), 6), error=span.error,
            usual_s=usual.get((span.service, span.operation)), origin=span.span_id == origin,
        )  # fmt: skip

    bars = tuple(bar(spans[one], depth) for one, depth in _in_order(kept, spans, above))
    return Waterfall(
        trace_id=name(trace.trace_id), duration_s=round(max(0.0, end), 6), bars=bars, left_out=len(spans) - len(bars)
    )


def _above(spans: Mapping[str, Span]) -> Mapping[str, Sequence[str]]:
    """For each span those above it, nearest first. A parent that was not sampled ends the line, and so does a loop."""
    found: dict[str, list[str]] = {}
    for one, span in spans.items():
        line: list[str] = []
        parent = span.parent_id or ""
        while parent in spans and parent not in line and parent != one:
            line.append(parent)
            parent = spans[parent].parent_id or ""
        found[one] = line
    return found


def _origin(trace: Trace, spans: Mapping[str, Span], place: tuple[str, str] | None) -> str | None:
    failed = failure(trace)
    if failed is not None:
        return failed.span_id
    slow = [one for one, span in spans.items() if (span.service, span.operation) == place]
    return max(slow, key=lambda one: (spans[one].duration_s, one), default=None)


def _kept(spans: Mapping[str, Span], above: Mapping[str, Sequence[str]], origin: str | None) -> set[str]:
    """Spans with all that lies above them, the most telling first, as far as there is room. Of a way to the origin that
    has none its end is kept.
    """
    kept = {*[origin, *above[origin]][:MOST_BARS]} if origin is not None else set[str]()
    for one in sorted(spans, key=lambda one: (not spans[one].error, -spans[one].duration_s, one)):
        more = {one, *above[one]} - kept
        if len(kept) + len(more) <= MOST_BARS:
            kept |= more
    return kept


def _in_order(
    kept: set[str], spans: Mapping[str, Span], above: Mapping[str, Sequence[str]]
) -> Iterator[tuple[str, int]]:
    """Each span right below the one that called it, those of one caller by time, with how many lie above it."""

    def place(one: str) -> list[tuple[float, str]]:
        line = [*reversed([a for a in above[one] if a in kept]), one]
        return [(spans[each].start.timestamp(), each) for each in line]

    for one in sorted(kept, key=place):
        yield one, sum(a in kept for a in above[one])
