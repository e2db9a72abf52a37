"""Traces: where a failure begins and how it reaches the front door."""

from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Protocol, TypeVar

from analysis.wording import Weights, causes_of, failing_call, never_left
from domain.finding import Category

# Attributes in which tracers put the words of an error (OpenTelemetry's and Jaeger's conventions), most telling first.
_ERROR_WORDS = ("otel.status_description", "exception.message", "error.message", "exception.type", "error.type")
# A call that has one of these was answered, if not well.
_ANSWERED = ("http.response.status_code", "http.status_code", "rpc.grpc.status_code")
_NO_SUCCESS = 400
CALL = "client"
"""Kind of the span of whoever calls."""
_MOST_OF_THE_TIME = 0.5
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


class Fate(StrEnum):
    """What became of the call in which a failing trace begins. FAILED: where the error is. A call that ended without an
    answer is of whoever had the request by then. UNANSWERED: the callee, of which nothing is seen. UNFINISHED: the
    callee, which was at it for most of the time. BETWEEN: nobody, since the callee had done its part long before.
    """

    FAILED = "failed"
    UNANSWERED = "unanswered"
    UNFINISHED = "unfinished"
    BETWEEN = "between"


_OF_FATE: Mapping[Fate, Weights] = {
    Fate.UNANSWERED: {Category.UNKNOWN: 0.5, Category.DEPENDENCY: 0.7},
    Fate.UNFINISHED: {Category.UNKNOWN: 0.6},
    Fate.BETWEEN: {Category.UNKNOWN: 0.5, Category.NETWORK: 0.9},
}
# Who answered in good time is not what the caller waited for.
_DID_ITS_PART: Weights = {Category.DEPENDENCY: 0.5}


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
    fate: Fate = Fate.FAILED


@dataclass(frozen=True)
class Origin:
    """Failing traces that begin in one operation of one service, with the `fate` of the call.

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
    fate: Fate = Fate.FAILED
    against: Weights = field(default_factory=dict[Category, float])


@dataclass(frozen=True)
class Edge:
    """Calls from one service to another, and how many failed."""

    caller: str
    callee: str
    calls: int
    errors: int


def failure(trace: Trace, reporting: Collection[str] = ()) -> Failure | None:
    """Where this trace failed: its deepest erroring span, the earliest of equally deep ones. None: nothing failed.

    `reporting`: services that are known to make spans, so that none of theirs means that they did not come to it.
    """
    by_id = {span.span_id: span for span in trace.spans}
    failing = [(_line(span, by_id), span) for span in trace.spans if span.error]
    if not failing:
        return None
    line, origin = min(failing, key=lambda f: (-len(f[0]), f[1].start, f[1].span_id))
    fate, service, operation = _fate(origin, trace.spans, reporting)
    path = tuple(dict.fromkeys((*(span.service for span in line), service)))
    return Failure(
        trace_id=trace.trace_id, span_id=origin.span_id, service=service, operation=operation, fate=fate,
        kind=origin.kind,
        peer=next((origin.attributes[key] for key in _PEER if key in origin.attributes), ""),
        words=_words(origin),
        path=path, at=min(span.start for span in line),
    )  # fmt: skip


def _fate(origin: Span, spans: Iterable[Span], reporting: Collection[str]) -> tuple[Fate, str, str]:
    """What became of the call, and at which service and operation that is."""
    here = (Fate.FAILED, origin.service, origin.operation)
    if origin.kind != CALL or any(key in origin.attributes for key in _ANSWERED):
        return here
    taken = next((s for s in spans if s.parent_id == origin.span_id and s.service != origin.service), None)
    peer = origin.attributes.get(_PEER[0], "")
    if taken is None:
        lost = peer in reporting and peer != origin.service and not never_left(_words(origin))
        return (Fate.UNANSWERED, peer, origin.operation) if lost else here
    if _refused(taken):
        return here
    if taken.duration_s >= _MOST_OF_THE_TIME * origin.duration_s:
        return Fate.UNFINISHED, taken.service, taken.operation
    return Fate.BETWEEN, origin.service, origin.operation


def _words(span: Span) -> str:
    return next((span.attributes[key] for key in _ERROR_WORDS if key in span.attributes), "")


def _refused(taken: Span) -> bool:
    """Did it answer with a status of HTTP that is no success? Then the caller was answered, whatever its span says."""
    said = next((taken.attributes[key] for key in _ANSWERED[:2] if key in taken.attributes), "")
    return said.isdigit() and int(said) >= _NO_SUCCESS


def origins(traces: Iterable[Trace], reporting: Collection[str] = ()) -> list[Origin]:
    """Failing traces by the operation in which they begin, most first."""
    found_in = [failure(trace, reporting) for trace in traces]
    failures = sorted((f for f in found_in if f is not None), key=lambda f: (f.at, f.trace_id))
    groups: dict[tuple[str, str, Fate], list[Failure]] = {}
    for one in failures:
        groups.setdefault((one.service, one.operation, one.fate), []).append(one)
    passing = Counter(service for one in failures for service in one.path)
    found = [_origin(group, failures, passing) for group in groups.values()]
    return sorted(found, key=lambda o: (-len(o.traces), o.service, o.operation, o.fate))


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
        fate=first.fate, against=dict(_DID_ITS_PART) if first.fate is Fate.BETWEEN else {},
    )  # fmt: skip


def _causes(words: str, first: Failure) -> Weights:
    """A call that fails without words says that what it calls may be at fault; any failure says where it began."""
    if first.fate is not Fate.FAILED:
        return dict(_OF_FATE[first.fate])
    return failing_call() if not words and first.kind == "client" else causes_of(words)
