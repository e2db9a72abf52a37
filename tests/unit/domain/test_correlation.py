"""Which incident trouble belongs to: joined, merged with a neighbour, or new beside an old acquaintance."""

from dataclasses import dataclass, field
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.correlation import SAME_EPISODE, Link, OpenIncident, Previous, Relation, link_to, survivor
from domain.incident import Outcome
from domain.levels import Severity
from domain.services import Service
from tests.fakes import FakeIncidents
from tests.unit.domain.examples import NOW, minutes, rows, shop

WITHIN = minutes(5)
SECOND = timedelta(seconds=1)


def _open(key: str, *services: str, opened: float = 0, onset: float = 0) -> OpenIncident:
    return OpenIncident(
        incident=f"INC-{key}", key=key, services=services or (key,), onset=NOW + minutes(onset),
        opened_at=NOW + minutes(opened),
    )  # fmt: skip


@dataclass(frozen=True)
class Case:
    name: str
    me: OpenIncident
    others: tuple[OpenIncident, ...]
    found: str | None


CASES = (
    Case("with nobody around it stands for itself", _open("orders"), (), None),
    Case("a service that ours calls is a neighbour", _open("orders"), (_open("inventory"),), "inventory"),
    Case("a service that calls ours is a neighbour", _open("inventory"), (_open("orders"),), "orders"),
    Case("two calls away is no neighbour", _open("gateway"), (_open("inventory"),), None),
    Case("two that a hub calls are no neighbours", _open("orders"), (_open("payments"),), None),
    Case("a hub in trouble alone joins what it calls", _open("gateway"), (_open("orders"),), "orders"),
    Case("a hub in trouble alone takes in what it calls", _open("orders"), (_open("gateway"),), "gateway"),
    Case(
        "a hub with one neighbour in trouble draws no other in",
        _open("payments"),
        (_open("gateway", "gateway", "orders"),),
        None,
    ),
    Case(
        "a hub with one neighbour in trouble is not drawn in by another",
        _open("gateway", "gateway", "orders"),
        (_open("payments"),),
        None,
    ),
    Case(
        "an incident of a hub still takes in the neighbours of its other services",
        _open("inventory"),
        (_open("gateway", "gateway", "orders"),),
        "gateway",
    ),
    Case("two incidents of the same service belong together", _open("a", "orders"), (_open("b", "orders"),), "b"),
    Case("an unknown service has no neighbours", _open("legacy"), (_open("orders"),), None),
    Case(
        "the oldest wins",
        _open("orders", opened=3),
        (_open("gateway", opened=2), _open("inventory", opened=1)),
        "inventory",
    ),
    Case("of two equally old the key decides", _open("orders"), (_open("inventory"), _open("gateway")), "gateway"),
    Case("one that opened 5 minutes ago is in time", _open("orders", opened=5), (_open("inventory"),), "inventory"),
    Case("one that opened longer ago is not", _open("orders", opened=5.1), (_open("inventory"),), None),
    Case("one that opened much later is not", _open("orders"), (_open("inventory", opened=5.1),), None),
    Case("one that began 5 minutes before is close", _open("orders", onset=5), (_open("inventory"),), "inventory"),
    Case("one that began 5 minutes after is close", _open("orders"), (_open("inventory", onset=5),), "inventory"),
    Case("one that began longer before is not", _open("orders", onset=5.1), (_open("inventory"),), None),
    Case("one that began longer after is not", _open("orders"), (_open("inventory", onset=5.1),), None),
    Case(
        "an older stranger hides no neighbour",
        _open("orders", opened=2),
        (_open("payments"), _open("inventory", opened=1)),
        "inventory",
    ),
)


@pytest.mark.parametrize("case", rows(CASES))
def test_survivor(case: Case) -> None:
    found = survivor(case.me, case.others, shop(), WITHIN)
    assert (found.key if found else None) == case.found


@given(st.permutations([_open("orders", opened=0), _open("inventory", opened=0.1)]))
def test_of_two_that_ask_about_each_other_exactly_one_survives(asking: list[OpenIncident]) -> None:
    """They ask one after the other, so the first finds nobody that stands."""
    store = FakeIncidents()
    answers = {me.key: store.settle(me, shop(), WITHIN) for me in asking}
    assert [key for key, found in answers.items() if found is None] == [asking[0].key]


CHAIN = shop(*(Service(name=f"s{n}", depends_on=(f"s{n + 1}",)) for n in range(6)), Service(name="s6"))


@given(
    st.permutations([_open(f"s{n}", opened=n / 10) for n in range(7)]),
)
def test_whatever_the_order_of_asking_nobody_is_merged_into_one_that_is_merged(asking: list[OpenIncident]) -> None:
    store = FakeIncidents()
    answers = {me.key: store.settle(me, CHAIN, WITHIN) for me in asking}
    standing = {key for key, found in answers.items() if found is None}
    assert standing
    assert {found.key for found in answers.values() if found is not None} <= standing


def _previous(outcome: Outcome, *, seen: float = 5, closed: float = 5, rank: Severity = Severity.MEDIUM) -> Previous:
    """An incident that was last seen and closed so many minutes ago."""
    merged = outcome is Outcome.MERGED
    return Previous(
        incident="INC-OLD", outcome=outcome, last_seen=NOW - minutes(seen), closed_at=NOW - minutes(closed),
        severity_rank=rank.rank, merged_into="INC-SURVIVOR" if merged else None,
        merged_key="incident-survivor" if merged else None,
    )  # fmt: skip


NEW, RECURRENCE, CONTINUATION = Relation.NEW, Relation.RECURRENCE, Relation.CONTINUATION
JOINS, SUPPRESSED = Relation.JOINS, Relation.SUPPRESSED


@dataclass(frozen=True)
class After:
    name: str
    previous: Previous | None
    relation: Relation
    linked: str | None = None
    severity: Severity = field(default=Severity.MEDIUM)


AFTER = (
    After("the first of its key is new", None, NEW),
    After("after a fix by the machine it is a recurrence", _previous(Outcome.AUTO_RESOLVED), RECURRENCE, "INC-OLD"),
    After("after a recovery by itself it is a recurrence", _previous(Outcome.SELF_RESOLVED), RECURRENCE, "INC-OLD"),
    After("after a fix by people it goes on", _previous(Outcome.RESOLVED_BY_HUMAN), CONTINUATION, "INC-OLD"),
    After("after nobody fixed it, it goes on", _previous(Outcome.UNRESOLVED), CONTINUATION, "INC-OLD"),
    After("after a merge it belongs to the survivor", _previous(Outcome.MERGED), JOINS, "INC-SURVIVOR"),
    After("15 minutes after the last sighting it still is", _previous(Outcome.AUTO_RESOLVED, seen=15), RECURRENCE,
          "INC-OLD"),
    After("later than that it is new", _previous(Outcome.AUTO_RESOLVED, seen=15.1), NEW),
    After("later than that a merge is forgotten too", _previous(Outcome.MERGED, seen=15.1), NEW),
    After("what a person marked a false positive opens nothing", _previous(Outcome.FALSE_POSITIVE), SUPPRESSED,
          "INC-OLD"),
    After("the mark counts, not the last sighting before it", _previous(Outcome.FALSE_POSITIVE, seen=40), SUPPRESSED,
          "INC-OLD"),
    After("15 minutes after the mark it still holds", _previous(Outcome.FALSE_POSITIVE, closed=15), SUPPRESSED,
          "INC-OLD"),
    After("the mark is never renewed by sightings", _previous(Outcome.FALSE_POSITIVE, closed=15.1, seen=1), NEW),
    After("what is worse than the mark opens", _previous(Outcome.FALSE_POSITIVE), NEW, "INC-OLD", Severity.HIGH),
    After("what is less than the mark opens nothing", _previous(Outcome.FALSE_POSITIVE), SUPPRESSED, "INC-OLD",
          Severity.LOW),
)  # fmt: skip


@pytest.mark.parametrize("case", rows(AFTER))
def test_link_to(case: After) -> None:
    link = link_to(case.previous, NOW, case.severity.rank)
    assert (link.relation, link.previous) == (case.relation, case.linked)


def test_after_a_merge_the_survivors_workflow_is_named() -> None:
    assert link_to(_previous(Outcome.MERGED), NOW, 0).key == "incident-survivor"


def test_a_suppressed_one_hands_on_the_mark_that_suppressed_it() -> None:
    marked = _previous(Outcome.FALSE_POSITIVE)
    assert link_to(marked, NOW, 0).mark == marked


@given(st.lists(st.integers(1, 300), min_size=1, max_size=30))
def test_a_mark_ends_after_15_minutes_however_often_the_alert_comes(pauses: list[int]) -> None:
    """Each suppressed run is the previous one of the next; all of them look at the one mark."""
    marked = _previous(Outcome.FALSE_POSITIVE, closed=0)
    before, now = marked, NOW
    for pause in pauses:
        now += pause * SECOND
        link: Link = link_to(before, now, 0)
        assert (link.relation is SUPPRESSED) == (now - marked.closed_at <= SAME_EPISODE)
        before = link.mark or before
