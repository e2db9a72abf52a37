"""What happens when an operation is visited: which lines it writes, which operations and services it calls. Compared
with what usually happens there, given the visit: traffic that moves elsewhere is no difference.

For an event e of an operation o, p = P(e | o visited), counted once per trace. The usual p0 is the median over slices
of the calm, the present p1 the median over slices of the present, so that neither a slice that is not as calm as it
was thought to be nor a blip decides. z = signed root of G for p1 against p0 (two binomials). An event tells

    b(|z|; 2) |p1 - p0| / max(p0, p1) f     bits,

f the share of the traces that show the difference in which no other service had differed earlier: what a caller does
after a bad reply is a consequence. An event that is missing is dated to the end of its operation, since only then it
is plain that it will not come.
"""

import math
import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Literal, Protocol

import numpy as np

from analysis.bits import Z0_COUNT, bits
from analysis.traces import Span, Trace

# Visits of an operation in a slice before its share counts.
_LEAST_VISITS = 3
_LEAST_Z = 3.0
# What a line begins with tells which one it is; what follows are its arguments.
_PREFIX = 64
_ARGUMENT = re.compile(r"[\w.-]*\d[\w.-]*")

Sort = Literal["line", "step", "call"]


class TracedLine(Protocol):
    """A log line that knows its trace; `message` is untrusted."""

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
    """One operation in one trace: when it was over, and when each of its events came first. Unix seconds."""

    end: float = -math.inf
    events: dict[Event, float] = field(default_factory=dict[Event, float])


Visits = Mapping[Place, Visit]


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


def differences(present: Sequence[Slice], calm: Sequence[Slice]) -> list[Difference]:
    """Events that differ, strongest first; what does not reach three scales is left out."""
    now, usual = [_Counts(s) for s in present], [_Counts(s) for s in calm]
    found = {key: d for key in _events(now, usual) if (d := _difference(key, now, usual)) is not None}
    shares = _first_shares(found, [v for s in present for v in s.visits])
    dated = [Difference(d.place, d.event, d.p0, d.p1, d.z, shares.get(key, 0.0)) for key, d in found.items()]
    return sorted(dated, key=lambda d: (-d.strength, d.place, d.event))


Key = tuple[Place, Event]


class _Counts:
    """Visits of a slice, and in how many of them each event came."""

    def __init__(self, one: Slice) -> None:
        self.visits: Counter[Place] = Counter()
        self.events: Counter[Key] = Counter()
        for trace in one.visits:
            for place, visit in trace.items():
                self.visits[place] += 1
                for event in visit.events:
                    self.events[place, event] += 1

    def share(self, key: Key) -> float | None:
        seen = self.visits[key[0]]
        return self.events[key] / seen if seen >= _LEAST_VISITS else None


def _events(now: Sequence[_Counts], usual: Sequence[_Counts]) -> set[Key]:
    return {key for counts in (*now, *usual) for key in counts.events}


def _difference(key: Key, now: Sequence[_Counts], usual: Sequence[_Counts]) -> Difference | None:
    p1, p0 = _median(c.share(key) for c in now), _median(c.share(key) for c in usual)
    if p1 is None or p0 is None:
        return None
    z = two_shares_z(p1, sum(c.visits[key[0]] for c in now), p0, sum(c.visits[key[0]] for c in usual))
    return Difference(*key, p0, p1, z, 0.0) if abs(z) >= _LEAST_Z else None


def _median(shares: Iterable[float | None]) -> float | None:
    known = [share for share in shares if share is not None]
    return float(np.median(known)) if known else None


def two_shares_z(p1: float, n1: int, p0: float, n0: int) -> float:
    """The signed root of G = 2 sum k ln(k / expected) for two binomial shares; positive where p1 is larger."""
    both = (p1 * n1 + p0 * n0) / (n1 + n0)
    g = sum(_term(p, both, n) + _term(1 - p, 1 - both, n) for p, n in ((p1, n1), (p0, n0)))
    return math.copysign(math.sqrt(max(0.0, 2 * g)), p1 - p0)


def _term(share: float, expected: float, n: int) -> float:
    return n * share * math.log(share / expected) if share > 0 else 0.0


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
    for place, visit in visits.items():
        for difference in by_place.get(place, ()):
            at = visit.events.get(difference.event)
            if difference.p1 > difference.p0 and at is not None:
                yield (place, difference.event), at
            elif difference.p1 < difference.p0 and at is None:
                yield (place, difference.event), visit.end


def _visits(trace: Trace, lines: Sequence[TracedLine]) -> Visits:
    by_id = {span.span_id: span for span in trace.spans}
    visits: dict[Place, Visit] = {}
    for span in trace.spans:
        end = (span.start + timedelta(seconds=span.duration_s)).timestamp()
        visit = visits.setdefault(Place(span.service, span.operation), Visit())
        visit.end = max(visit.end, end)
        parent = by_id.get(span.parent_id or "")
        if parent is None:
            continue
        event = Event("step", span.operation) if parent.service == span.service else Event("call", span.service)
        above = visits.setdefault(Place(parent.service, parent.operation), Visit())
        above.events.setdefault(event, span.start.timestamp())
    _add_lines(visits, trace.spans, lines)
    return visits


def _add_lines(visits: dict[Place, Visit], spans: Sequence[Span], lines: Sequence[TracedLine]) -> None:
    """Each line at the span that wrote it, else at the service's first operation in this trace."""
    by_id = {span.span_id: span for span in spans}
    doors: dict[str, Span] = {}
    for span in sorted(spans, key=lambda s: s.start):
        doors.setdefault(span.service, span)
    for line in lines:
        span = by_id.get(getattr(line, "span_id", None) or "") or doors.get(line.service)
        if span is None:
            continue
        event = Event("line", line_template(line.level, line.logger, line.message))
        visit = visits[Place(span.service, span.operation)]
        at = getattr(line, "at", span.start).timestamp()
        visit.events[event] = min(at, visit.events.get(event, math.inf))


def line_template(level: str, logger: str, message: str) -> str:
    """How a line is known again: its level, where it was written, and how it begins without ids and numbers.

    For comparing only: what people see of it is masked where it is shown.
    """
    return f"{level} {logger} {_ARGUMENT.sub('#', message[:_PREFIX])}"
