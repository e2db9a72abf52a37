"""Traces: where a failure begins and how it reaches the front door."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol, TypeVar

from analysis.wording import Weights, causes_of, failing_call

# Attributes in which tracers put the words of an error (OpenTelemetry's and Jaeger's conventions), most telling first.
_ERROR_WORDS = ("otel.status_description", "exception.message", "error.message", "exception.type", "error.type")
_PEER = ("peer.service", "db.system.name", "db.system", "server.address")


class Span(Protocol):
    """One span; attributes are untrusted text."""

    @property
    def span_id(self) -> str: ...
    @property
    def parent_id(self) -> str | None: ...
    @property
    def service(self) -> str: ...
    @property
    def operation(self) -> str: ...
    @property
    def kind(self) -> str: ...
    @property
    def start(self) -> datetime: ...
    @property
    def duration_s(self) -> float: ...
    @property
    def error(self) -> bool: ...
    @property
    def attributes(self) -> Mapping[str, str]: ...


class Trace(Protocol):
    """All spans of one request."""

    @property
    def trace_id(self) -> str: ...
    @property
    def spans(self) -> Sequence[Span]: ...


SpanT = TypeVar("SpanT", bound=Span)


@dataclass(frozen=True)
class Failure:
    """One failing trace: where it began, the services from the front to there, and the words of the error."""

    trace_id: str
    span_id: str
    service: str
    operation: str
    kind: str
    peer: str
    words: str
    path: tuple[str, ...]
    at: datetime


@dataclass(frozen=True)
class Origin:
    """Failing traces that begin in one operation of one service.

    `explains`: for each service on the way, the share (0 to 1) of its failing traces that begin in `service`,
    whatever the operation.
    """

    service: str
    operation: str
    kind: str
    peer: str
    words: str
    causes: Weights
    traces: tuple[Failure, ...]
    share: float
    explains: Mapping[str, float]


@dataclass(frozen=True)
class Edge:
    """Calls from one service to another, and how many failed."""

    caller: str
    callee: str
    calls: int
    errors: int


def failure(trace: Trace) -> Failure | None:
    """Where this trace failed: its deepest erroring span, the earliest of equally deep ones. None: nothing failed."""
    by_id = {span.span_id: span for span in trace.spans}
    failing = [(_line(span, by_id), span) for span in trace.spans if span.error]
    if not failing:
        return None
    line, origin = min(failing, key=lambda f: (-len(f[0]), f[1].start, f[1].span_id))
    path = tuple(dict.fromkeys(span.service for span in line))
    return Failure(
        trace_id=trace.trace_id, span_id=origin.span_id, service=origin.service, operation=origin.operation,
        kind=origin.kind,
        peer=next((origin.attributes[key] for key in _PEER if key in origin.attributes), ""),
        words=next((origin.attributes[key] for key in _ERROR_WORDS if key in origin.attributes), ""),
        path=path, at=min(span.start for span in line),
    )  # fmt: skip


def origins(traces: Iterable[Trace]) -> list[Origin]:
    """Failing traces by the operation in which they begin, most first."""
    found_in = [failure(trace) for trace in traces]
    failures = sorted((f for f in found_in if f is not None), key=lambda f: (f.at, f.trace_id))
    groups: dict[tuple[str, str], list[Failure]] = {}
    for one in failures:
        groups.setdefault((one.service, one.operation), []).append(one)
    passing = Counter(service for one in failures for service in one.path)
    found = [_origin(group, failures, passing) for group in groups.values()]
    return sorted(found, key=lambda o: (-len(o.traces), o.service, o.operation))


def self_time_s(span: Span, children: Sequence[Span]) -> float:
    """Seconds that a span spends itself: its duration minus the union of its children's, cut to its own bounds."""
    covered, reached = 0.0, 0.0
    for child in sorted(children, key=lambda c: c.start):
        offset = (child.start - span.start).total_seconds()
        begin, end = max(reached, offset), min(span.duration_s, offset + child.duration_s)
        if end > begin:
            covered += end - begin
            reached = end
    return max(0.0, span.duration_s - covered)


def edges(traces: Iterable[Trace]) -> list[Edge]:
    """Who calls whom: spans whose parent belongs to another service."""
    calls: Counter[tuple[str, str]] = Counter()
    errors: Counter[tuple[str, str]] = Counter()
    for trace in traces:
        by_id = {span.span_id: span for span in trace.spans}
        for span in trace.spans:
            parent = by_id.get(span.parent_id or "")
            if parent is not None and parent.service != span.service:
                calls[parent.service, span.service] += 1
                errors[parent.service, span.service] += span.error
    return [Edge(a, b, n, errors[a, b]) for (a, b), n in sorted(calls.items(), key=lambda e: (-e[1], e[0]))]


def _line(span: SpanT, by_id: Mapping[str, SpanT]) -> list[SpanT]:
    """The spans from the root to this one. A parent that was not sampled ends the line, and so does a loop."""
    line, seen = [span], {span.span_id}
    while (parent := by_id.get(line[-1].parent_id or "")) is not None and parent.span_id not in seen:
        line.append(parent)
        seen.add(parent.span_id)
    return line[::-1]


def _origin(group: Sequence[Failure], failures: Sequence[Failure], passing: Mapping[str, int]) -> Origin:
    first = group[0]
    here = [f for f in failures if f.service == first.service]
    through = Counter(service for f in here for service in f.path if service != first.service)
    words = Counter(f.words for f in group).most_common(1)[0][0]
    return Origin(
        service=first.service, operation=first.operation, kind=first.kind, peer=first.peer, words=words,
        causes=_causes(words, first), traces=tuple(group), share=len(group) / len(failures),
        explains={service: n / passing[service] for service, n in sorted(through.items())},
    )  # fmt: skip


def _causes(words: str, first: Failure) -> Weights:
    """A call that fails without words says that what it calls may be at fault; any failure says where it began."""
    return failing_call() if not words and first.kind == "client" else causes_of(words)
