"""Which anomaly ends in which incident: the rules of grouping, played through for any order and timing of arrival.

A small model of the workflow's grouping (workflows/grouping.py) on the real rules: an incident gathers, then asks; it
stands for itself, or gives all that it has to the one that absorbs it, where its service's later alerts go too.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.correlation import OpenIncident, survivor
from domain.policy import Policy
from domain.regrouping import parting
from domain.services import Service, ServiceMap
from tests.incidents import an_anomaly
from tests.unit.domain.examples import NOW, shop

GATHER, WITHIN = timedelta(seconds=Policy().gather_s), timedelta(seconds=Policy().merge_within_s)
NAMES = tuple(f"s{number}" for number in range(6))
Arrival = tuple[float, str, int]
"""Seconds after the first, the service, and which of its alerts."""


@dataclass
class Town:
    """Open incidents by the key of their first service."""

    graph: ServiceMap
    open: dict[str, OpenIncident] = field(default_factory=dict[str, OpenIncident])
    standing: dict[str, OpenIncident] = field(default_factory=dict[str, OpenIncident])
    merged: dict[str, str] = field(default_factory=dict[str, str])
    held: dict[str, list[tuple[str, int]]] = field(default_factory=dict[str, list[tuple[str, int]]])

    def lives_through(self, arrivals: Sequence[Arrival]) -> None:
        for seconds, service, number in sorted(arrivals):
            now = NOW + timedelta(seconds=seconds)
            self.asks_until(now)
            key = self.in_charge(service)
            if key not in self.open:
                self.open[key] = OpenIncident(
                    incident=f"INC-{key}", key=key, services=(service,), onset=now, opened_at=now
                )
            self.held.setdefault(key, []).append((service, number))
        self.asks_until(None)

    def in_charge(self, key: str) -> str:
        while key in self.merged:
            key = self.merged[key]
        return key

    def asks_until(self, now: datetime | None) -> None:
        """Whoever has gathered asks, one after the other: the first to open is the first to ask."""
        waiting = [o for key, o in self.open.items() if key not in self.standing and key not in self.merged]
        for me in sorted(waiting, key=lambda o: (o.opened_at, o.key)):
            if now is None or me.opened_at + GATHER <= now:
                self.asks(me)

    def asks(self, me: OpenIncident) -> None:
        found = survivor(me, tuple(self.standing.values()), self.graph, WITHIN)
        if found is None:
            self.standing[me.key] = me
            return
        self.merged[me.key] = found.key
        self.held[found.key] += self.held.pop(me.key)
        services = tuple(dict.fromkeys((*found.services, *me.services)))
        self.standing[found.key] = found.model_copy(update={"services": services})

    @property
    def partition(self) -> frozenset[frozenset[tuple[str, int]]]:
        return frozenset(frozenset(group) for group in self.held.values())


def _graph(calls: Mapping[str, Sequence[str]]) -> ServiceMap:
    return shop(*(Service(name=name, depends_on=tuple(calls.get(name, ()))) for name in NAMES))


def _lived(graph: ServiceMap, arrivals: Sequence[Arrival]) -> Town:
    town = Town(graph)
    town.lives_through(arrivals)
    return town


any_graph = st.dictionaries(
    st.sampled_from(NAMES), st.lists(st.sampled_from(NAMES), max_size=3, unique=True), max_size=6
).map(lambda calls: _graph({name: [c for c in called if c != name] for name, called in calls.items()}))
alerts = st.lists(st.tuples(st.sampled_from(NAMES), st.integers(0, 4)), min_size=1, max_size=14, unique=True)
within_the_gathering = st.floats(0, GATHER.total_seconds(), exclude_max=True)


@given(any_graph, alerts, st.data())
def test_none_is_lost_and_none_is_handled_twice_however_far_apart_they_come(
    graph: ServiceMap, alerts: list[tuple[str, int]], data: st.DataObject
) -> None:
    times = data.draw(st.lists(st.floats(0, 900), min_size=len(alerts), max_size=len(alerts)))
    town = _lived(graph, [(at, *alert) for at, alert in zip(times, alerts, strict=True)])
    handled = [one for group in town.held.values() for one in group]
    assert sorted(handled) == sorted(alerts)
    of = {one: key for key, group in town.held.items() for one in group}
    assert all(of[one] == of[other] for one in alerts for other in alerts if one[0] == other[0]), "a service is one"


@given(st.data(), alerts)
def test_where_all_that_touches_is_neighbours_the_partition_is_the_same_in_any_order(
    data: st.DataObject, alerts: list[tuple[str, int]]
) -> None:
    """Services in groups whose members all call each other or are called: each group in trouble is one incident."""
    group_of = {name: data.draw(st.integers(0, 2)) for name in NAMES}
    calls = {a: [b for b in NAMES if a < b and group_of[a] == group_of[b]] for a in NAMES}
    expected = frozenset(
        frozenset(one for one in alerts if group_of[one[0]] == group) for group in {group_of[s] for s, _ in alerts}
    )
    for _ in range(2):
        times = data.draw(st.lists(within_the_gathering, min_size=len(alerts), max_size=len(alerts)))
        assert _lived(_graph(calls), [(t, *a) for t, a in zip(times, alerts, strict=True)]).partition == expected


@given(any_graph, alerts, st.data())
def test_what_is_one_incident_is_connected_by_calls_in_any_order(
    graph: ServiceMap, alerts: list[tuple[str, int]], data: st.DataObject
) -> None:
    """Whatever else the order decides, it never puts together what does not touch."""
    times = data.draw(st.lists(within_the_gathering, min_size=len(alerts), max_size=len(alerts)))
    for group in _lived(graph, [(t, *a) for t, a in zip(times, alerts, strict=True)]).partition:
        services = {service for service, _ in group}
        reached, left = set[str](), {min(services)}
        while left:
            reached |= left
            left = {n for name in left for n in graph.neighbours(name) if n in services} - reached
        assert reached == services


CHAIN = _graph({"s0": ["s1"], "s1": ["s2"]})


@pytest.mark.parametrize(("order", "incidents"), [
    (("s0", "s1", "s2"), 1), (("s1", "s0", "s2"), 1), (("s2", "s1", "s0"), 1), (("s1", "s2", "s0"), 1),
    (("s0", "s2", "s1"), 2), (("s2", "s0", "s1"), 2),
])  # fmt: skip
def test_the_limit_is_a_service_between_two_that_opens_last(order: tuple[str, ...], incidents: int) -> None:
    """Both ends stand for themselves by then, and may be at work: it joins the older one, and a person may merge."""
    assert len(_lived(CHAIN, [(float(at), name, 0) for at, name in enumerate(order)]).partition) == incidents


@given(alerts, st.sampled_from(NAMES), st.sets(st.sampled_from(NAMES)))
def test_a_split_takes_whole_services_and_leaves_its_own(
    alerts: list[tuple[str, int]], own: str, leaving: set[str]
) -> None:
    """What leaves and what stays is all that there was, and none of it is in both."""
    known = [an_anomaly(service=service, fingerprint=f"{service}-{number}") for service, number in alerts]
    there = {service for service, _ in alerts}
    found = parting(known, f"incident-{own}", sorted(leaving))
    if isinstance(found, str):
        assert own in leaving or not leaving <= there or leaving >= there
        return
    gone = {a.series for a in known if a.service in found}
    stays = {a.series for a in known if a.service not in found}
    assert set(found) == leaving
    assert gone | stays == {a.series for a in known}
    assert stays
