"""What must not matter much to a diagnosis, done to a case at random: a stand-in for data that nobody tuned on.

A part that is kept back shows once whether the rules generalise, and then it is known. These changes can be made as
often as one likes. None of them moves the fault: a service that a person would blame before is to blame afterwards,
unless the only series that showed it went away.
"""

import hashlib
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from random import Random
from typing import TypeVar

from analysis.shifts import Measured
from analysis.traces import Span
from analysis.visits import Event, Place, Slice, Visit
from domain.services import Service, ServiceMap
from evals.diagnosis.case import Case

Change = Callable[[Case, Random], Case]
T = TypeVar("T")

_DROPPED_SERIES = 0.2
_DROPPED_POINTS = 0.2
_MORE_SERVICES = 8
# Healthy services wobble by a tenth, and now and then a value is three times as high.
_WOBBLE, _SPIKES, _SPIKE = 0.1, 0.03, 3.0
_LARGEST_FACTOR = 1000.0


def fewer_series(case: Case, chance: Random) -> Case:
    """A fifth of all series is not there."""
    kept = [m for m in case.measured if chance.random() >= _DROPPED_SERIES]
    return replace(case, measured=kept)


def fewer_points(case: Case, chance: Random) -> Case:
    """A fifth of the points of every series is not there, one at least stays."""
    return replace(
        case,
        measured=[
            replace(m, calm=_some(m.calm, chance), now=_some(m.now, chance), before=_some(m.before, chance))
            for m in case.measured
        ],
    )


def short_calm(case: Case, chance: Random) -> Case:
    """Half of the calm: the later half of every series, half of the slices of traffic."""
    measured = [replace(m, calm=m.calm[len(m.calm) // 2 :]) for m in case.measured]
    half = sorted(chance.sample(range(len(case.calm)), -(-len(case.calm) // 2)))
    return replace(case, measured=measured, calm=[case.calm[n] for n in half])


def fewer_requests(case: Case, chance: Random) -> Case:
    """Half of the traces, as where a system samples them."""
    return replace(case, calm=_half(case.calm, chance), present=_half(case.present, chance))


def other_order(case: Case, chance: Random) -> Case:
    """Series, services, slices and findings in another order."""
    graph = case.question.graph.model_copy(update={"services": tuple(_mixed(case.question.graph.services, chance))})
    # The first service of a question is the one that was alerted: its place means something.
    first, *others = case.question.services
    services = (first, *_mixed(others, chance))
    return replace(
        case, measured=_mixed(case.measured, chance), calm=_mixed(case.calm, chance), told=_mixed(case.told, chance),
        question=case.question.model_copy(update={"graph": graph, "services": services}),
    )  # fmt: skip


def other_units(case: Case, chance: Random) -> Case:
    """Each quantity in another unit: its values, its floor and its limit times a factor up to a thousand."""
    names = sorted({m.name for m in case.measured})
    factors = {n: math.exp(chance.uniform(-1, 1) * math.log(_LARGEST_FACTOR)) for n in names}
    return replace(case, measured=[_times(m, factors[m.name]) for m in case.measured])


def healthy_neighbours(case: Case, chance: Random) -> Case:
    """Eight more services to which nothing happened: each takes calm and present alike from another one's calm."""
    donors = sorted({m.service for m in case.measured if len(m.calm) > 1})
    if not donors:
        return case
    more = {f"neighbour-{n}": chance.choice(donors) for n in range(_MORE_SERVICES)}
    added = [_healthy(m, name, chance) for name, donor in more.items() for m in case.measured if m.service == donor]
    known = case.question.graph.services
    graph = case.question.graph.model_copy(update={"services": (*known, *(Service(name=name) for name in more))})
    question = case.question.model_copy(update={"graph": graph, "services": (*case.question.services, *more)})
    return replace(case, measured=[*case.measured, *added], question=question)


def no_metrics(case: Case, _chance: Random) -> Case:
    """Requests and what other analyses said, but no series."""
    return replace(case, measured=())


def no_traffic(case: Case, _chance: Random) -> Case:
    """Series and what other analyses said, but no requests."""
    return replace(case, calm=(), present=())


class OtherNames:
    """Every service under another name, the same one in all cases of a run. Slices are shared by many cases, so what
    was renamed is kept.
    """

    def __init__(self) -> None:
        self._salt: str | None = None
        self._slices: dict[int, tuple[Slice, Slice]] = {}

    def __call__(self, case: Case, chance: Random) -> Case:
        if self._salt is None:
            self._salt = str(chance.random())
        alerted = case.alerted and replace(case.alerted, service=self._name(case.alerted.service))
        graph = self._graph(case.question.graph)
        services = tuple(self._name(s) for s in case.question.services)
        return replace(
            case, alerted=alerted, truth=frozenset(self._name(s) for s in case.truth),
            question=case.question.model_copy(update={"graph": graph, "services": services}),
            measured=[replace(m, service=self._name(m.service)) for m in case.measured],
            told=[f.model_copy(update={"service": f.service and self._name(f.service)}) for f in case.told],
            calm=[self._slice(s) for s in case.calm], present=[self._slice(s) for s in case.present],
        )  # fmt: skip

    def _name(self, service: str) -> str:
        return f"s-{hashlib.sha256(f'{self._salt} {service}'.encode()).hexdigest()[:12]}"

    def _graph(self, graph: ServiceMap) -> ServiceMap:
        renamed = [
            s.model_copy(update={"name": self._name(s.name), "depends_on": tuple(self._name(d) for d in s.depends_on)})
            for s in graph.services
        ]
        return graph.model_copy(update={"services": tuple(sorted(renamed, key=lambda s: s.name))})

    def _slice(self, one: Slice) -> Slice:
        """The key holds the slice too, so that its id stays its own."""
        known = self._slices.get(id(one))
        if known is None:
            traces = [_Trace(t.trace_id, tuple(self._span(s) for s in t.spans)) for t in one.traces]
            visits = [[self._visit(v) for v in of_one] for of_one in one.visits]
            known = self._slices[id(one)] = (one, Slice(traces, visits))
        return known[1]

    def _span(self, span: Span) -> "_Span":
        return _Span(
            span.span_id, span.parent_id, self._name(span.service), span.operation, span.kind, span.start,
            span.duration_s, span.error, span.attributes,
        )  # fmt: skip

    def _visit(self, visit: Visit) -> Visit:
        events = {
            Event(e.sort, self._name(e.what) if e.sort == "call" else e.what): at for e, at in visit.events.items()
        }
        return Visit(Place(self._name(visit.place.service), visit.place.operation), visit.end, events)


@dataclass(frozen=True)
class _Span:
    span_id: str
    parent_id: str | None
    service: str
    operation: str
    kind: str
    start: datetime
    duration_s: float
    error: bool
    attributes: Mapping[str, str]


@dataclass(frozen=True)
class _Trace:
    trace_id: str
    spans: tuple[_Span, ...]


CHANGES: Mapping[str, Callable[[], Change]] = {
    "fewer-series": lambda: fewer_series,
    "fewer-points": lambda: fewer_points,
    "short-calm": lambda: short_calm,
    "fewer-requests": lambda: fewer_requests,
    "other-order": lambda: other_order,
    "other-units": lambda: other_units,
    "other-names": OtherNames,
    "healthy-neighbours": lambda: healthy_neighbours,
    "no-metrics": lambda: no_metrics,
    "no-traffic": lambda: no_traffic,
}
"""What can be done to a case, by name; made anew for each run."""

STATED_LATE_S: Mapping[str, float] = {
    "stated-2-min-early": -120.0,
    "stated-1-min-early": -60.0,
    "stated-1-min-late": 60.0,
    "stated-2-min-late": 120.0,
}
"""When the fault is said to have begun, against when it did. Adapters cut the series, so they are told."""


def _some(values: Sequence[float], chance: Random) -> Sequence[float]:
    kept = [v for v in values if chance.random() >= _DROPPED_POINTS]
    return kept or values[:1]


def _half(slices: Sequence[Slice], chance: Random) -> list[Slice]:
    found: list[Slice] = []
    for one in slices:
        kept = sorted(chance.sample(range(len(one.traces)), -(-len(one.traces) // 2)))
        found.append(Slice([one.traces[n] for n in kept], [one.visits[n] for n in kept]))
    return found


def _mixed(values: Sequence[T], chance: Random) -> list[T]:
    return chance.sample(list(values), len(values))


def _times(one: Measured, factor: float) -> Measured:
    calm, now, before = ([v * factor for v in values] for values in (one.calm, one.now, one.before))
    limit = None if one.limit is None else one.limit * factor
    return replace(one, calm=calm, now=now, before=before, floor=one.floor * factor, limit=limit)


def _healthy(donor: Measured, name: str, chance: Random) -> Measured:
    calm, now, before = (_drawn(donor.calm, len(values), chance) for values in (donor.calm, donor.now, donor.before))
    return replace(donor, service=name, calm=calm, now=now, before=before)


def _drawn(values: Sequence[float], size: int, chance: Random) -> list[float]:
    return [
        chance.choice(values)
        * math.exp(chance.gauss(0, _WOBBLE))
        * (_SPIKE if chance.random() < _SPIKES else 1.0)
        for _ in range(size)
    ]  # fmt: skip
