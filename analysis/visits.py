"""What happens when a service is visited: which lines it writes, which steps it takes, whom it calls. Compared with
what usually happens there, given the visit: traffic that moves elsewhere is no difference.

A visit is a span that another service (or nobody) called, with everything inside of its service below it. For an event
e of an operation o, p = P(e | o visited); several visits in one trace share one vote. The usual p0 is the one nearest
to the present among the middle half of the calm's slices, so that what varies by itself tells nothing, the present p1
the median over its slices, so that a blip does not decide. z = signed root of G for p1 against p0 (two binomials). An
event tells

    b(|z|; 2) |p1 - p0| / max(p0, p1) f     bits,

f the share of the visits that show the difference in which no other service had differed earlier in that trace: what a
caller does after a bad reply is a consequence. An event that is missing is dated to the end of its visit, since only
then it is plain that it will not come.
"""

import math
import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Literal, Protocol

import numpy as np

from analysis.bits import Z0_COUNT, bits
from analysis.traces import Span, Trace

# Visits of an operation in a slice before its share counts.
_LEAST_VISITS = 3
_LEAST_Z = 3.0
# Requests in a slice that is cut out of more.
_LEAST_TRACES = 10
# Between these percentiles of its slices lies what is usual.
_MIDDLE = (25, 75)
# What a line begins with tells which one it is; what follows are its arguments.
_PREFIX = 64
_ARGUMENT = re.compile(r"[\w.-]*\d[\w.-]*")

Sort = Literal["line", "step", "call"]


class TracedLine(Protocol):
    """A log line that knows its trace; `message` is untrusted."""

    @property
    def at(self) -> datetime: ...
    @property
    def service(self) -> str: ...
    @property
    def level(self) -> str: ...
    @property
    def logger(self) -> str: ...
    @property
    def message(self) -> str: ...
    @property
    def trace_id(self) -> str | None: ...
    @property
    def span_id(self) -> str | None: ...


@dataclass(frozen=True, order=True)
class Place:
    """An operation of a service."""

    service: str
    operation: str


@dataclass(frozen=True, order=True)
class Event:
    """A line (level, logger and how it begins), a step inside of the service, or a call to another one."""

    sort: Sort
    what: str


@dataclass
class Visit:
    """One call of an operation: when it was over, and when each of its events came first. Unix seconds."""

    place: Place
    end: float
    events: dict[Event, float] = field(default_factory=dict[Event, float])


Visits = Sequence[Visit]


@dataclass(frozen=True)
class Slice:
    """The requests of a stretch of time."""

    traces: Sequence[Trace]
    visits: Sequence[Visits]

    def __post_init__(self) -> None:
        if len(self.traces) != len(self.visits):
            raise ValueError(f"visits: {len(self.visits)} of {len(self.traces)} traces")


@dataclass(frozen=True)
class Difference:
    """An event that comes more or less often than it usually does, given the visit. `p0`, `p1`, `first`: 0 to 1."""

    place: Place
    event: Event
    p0: float
    p1: float
    z: float
    first: float

    @property
    def strength(self) -> float:
        """Bits."""
        return bits(abs(self.z), Z0_COUNT) * abs(self.p1 - self.p0) / max(self.p0, self.p1) * self.first


def slice_of(traces: Sequence[Trace], lines: Iterable[TracedLine] = ()) -> Slice:
    """The requests with what they wrote. Lines without a trace, or of another stretch, are left out."""
    written: dict[str, list[TracedLine]] = defaultdict(list)
    for line in lines:
        if line.trace_id:
            written[line.trace_id].append(line)
    return Slice(traces, [_visits(trace, written.get(trace.trace_id, [])) for trace in traces])


def slices(traces: Sequence[Trace], most: int = 3) -> list[Slice]:
    """The requests in up to `most` slices of equal size by time, fewer where there would be too little in each."""
    ordered = sorted((t for t in traces if t.spans), key=lambda t: min(s.start for s in t.spans))
    size = max(_LEAST_TRACES, -(-len(ordered) // most))
    return [slice_of(ordered[n : n + size]) for n in range(0, len(ordered), size)]


def differences(present: Sequence[Slice], calm: Sequence[Slice]) -> list[Difference]:
    """Events that differ, strongest first; what does not reach three scales is left out."""
    now, usual = [_Counts(s) for s in present], [_Counts(s) for s in calm]
    found = {key: d for key in _events(now, usual) if (d := _difference(key, now, usual)) is not None}
    shares = _first_shares(found, [v for s in present for v in s.visits])
    dated = [Difference(d.place, d.event, d.p0, d.p1, d.z, shares.get(key, 0.0)) for key, d in found.items()]
    return sorted(dated, key=lambda d: (-d.strength, d.place, d.event))


Key = tuple[Place, Event]


class _Counts:
    """In how many traces of a slice each operation was visited, and in how many of them each event came."""

    def __init__(self, one: Slice) -> None:
        self.visits: Counter[Place] = Counter()
        self.events: dict[Key, float] = defaultdict(float)
        for trace in one.visits:
            times = Counter(visit.place for visit in trace)
            self.visits.update(times.keys())
            for visit in trace:
                for event in visit.events:
                    self.events[visit.place, event] += 1 / times[visit.place]

    def share(self, key: Key) -> float | None:
        seen = self.visits[key[0]]
        return min(1.0, self.events.get(key, 0.0) / seen) if seen >= _LEAST_VISITS else None


def _events(now: Sequence[_Counts], usual: Sequence[_Counts]) -> set[Key]:
    return {key for counts in (*now, *usual) for key in counts.events}


def _difference(key: Key, now: Sequence[_Counts], usual: Sequence[_Counts]) -> Difference | None:
    present, calm = (_shares(key, counts) for counts in (now, usual))
    if not present or not calm:
        return None
    p1 = float(np.median(present))
    low, high = (float(q) for q in np.percentile(calm, _MIDDLE))
    p0 = min(max(p1, low), high)
    z = two_shares_z(p1, sum(c.visits[key[0]] for c in now), p0, sum(c.visits[key[0]] for c in usual))
    return Difference(*key, p0, p1, z, 0.0) if abs(z) >= _LEAST_Z else None


def _shares(key: Key, counts: Iterable[_Counts]) -> list[float]:
    return [share for c in counts if (share := c.share(key)) is not None]


def two_shares_z(p1: float, n1: int, p0: float, n0: int) -> float:
    """The signed root of G = 2 sum k ln(k / expected) for two binomial shares; positive where p1 is larger.

    Exactly 0 for equal shares: their mean is rounded, and the root of what that leaves is 1e-7 and more.
    """
    if p1 == p0:
        return 0.0
    both = (p1 * n1 + p0 * n0) / (n1 + n0)
    g = sum(_term(p, both, n) + _term(1 - p, 1 - both, n) for p, n in ((p1, n1), (p0, n0)))
    return math.copysign(math.sqrt(max(0.0, 2 * g)), p1 - p0)


def _term(share: float, expected: float, n: int) -> float:
    return n * share * math.log(share / expected) if share > 0 and expected > 0 else 0.0


def _first_shares(found: Mapping[Key, Difference], traces: Iterable[Visits]) -> dict[Key, float]:
    """For each difference the share of the traces that show it in which no other service had differed earlier."""
    by_place: dict[Place, list[Difference]] = defaultdict(list)
    for difference in found.values():
        by_place[difference.place].append(difference)
    shown: Counter[Key] = Counter()
    first: Counter[Key] = Counter()
    for visits in traces:
        dated = list(_dated(visits, by_place))
        for key, at in dated:
            shown[key] += 1
            first[key] += not any(when < at for (place, _), when in dated if place.service != key[0].service)
    return {key: first[key] / shown[key] for key in shown}


def _dated(visits: Visits, by_place: Mapping[Place, Sequence[Difference]]) -> Iterator[tuple[Key, float]]:
    """The differences that one trace shows, each with its time."""
    for visit in visits:
        for difference in by_place.get(visit.place, ()):
            at = visit.events.get(difference.event)
            if difference.p1 > difference.p0 and at is not None:
                yield (visit.place, difference.event), at
            elif difference.p1 < difference.p0 and at is None:
                yield (visit.place, difference.event), visit.end


def _visits(trace: Trace, lines: Sequence[TracedLine]) -> Visits:
    by_id = {span.span_id: span for span in trace.spans}
    doors = {span.span_id: _door(span, by_id) for span in trace.spans}
    visits = {door.span_id: _visit(door) for door in doors.values()}
    for span in trace.spans:
        parent = by_id.get(span.parent_id or "")
        if parent is None:
            continue
        event = Event("step", span.operation) if parent.service == span.service else Event("call", span.service)
        visits[doors[parent.span_id].span_id].events.setdefault(event, span.start.timestamp())
    _add_lines(list(visits.values()), {span: visits[door.span_id] for span, door in doors.items()}, lines)
    return list(visits.values())


def _door(span: Span, by_id: Mapping[str, Span]) -> Span:
    """The span by which its service was entered."""
    seen = {span.span_id}
    while (above := by_id.get(span.parent_id or "")) is not None and above.service == span.service:
        if above.span_id in seen:
            break
        seen.add(above.span_id)
        span = above
    return span


def _visit(door: Span) -> Visit:
    end = (door.start + timedelta(seconds=door.duration_s)).timestamp()
    return Visit(Place(door.service, door.operation), end)


def _add_lines(visits: Sequence[Visit], by_span: Mapping[str, Visit], lines: Sequence[TracedLine]) -> None:
    """Each line at the visit whose span wrote it, else at the service's first one in this trace."""
    first: dict[str, Visit] = {}
    for visit in sorted(visits, key=lambda v: v.end):
        first.setdefault(visit.place.service, visit)
    for line in lines:
        visit = by_span.get(line.span_id or "") or first.get(line.service)
        if visit is not None:
            event, at = Event("line", line_template(line.level, line.logger, line.message)), line.at.timestamp()
            visit.events[event] = min(at, visit.events.get(event, math.inf))


def line_template(level: str, logger: str, message: str) -> str:
    """How a line is known again: its level, where it was written, and how it begins without ids and numbers.

    For comparing only: what people see of it is masked where it is shown.
    """
    return f"{level} {logger} {_ARGUMENT.sub('#', message[: 2 * _PREFIX])[:_PREFIX]}"
