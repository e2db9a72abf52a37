"""The projection of incidents: the real store and its stand-in keep the same contract."""

from concurrent.futures import ThreadPoolExecutor

import pytest

from domain.advice.advice import Advised
from domain.anomaly import AlertStatus
from domain.approval import Request
from domain.correlation import OpenIncident
from domain.escalation import Clock
from domain.gate import Circumstances, GateVerdict, Ruling
from domain.incident import Attempt, Outcome, State
from domain.levels import Risk, Severity
from domain.plan import Action
from domain.policy import Policy
from domain.services import Expression, Service, ServiceMap
from domain.view import IncidentView
from integrations.ports import IncidentStore
from integrations.store.guard import PostgresGuard
from integrations.store.incidents import PostgresIncidents
from integrations.store.pool import Pool
from tests import page_views
from tests.advice import an_advice
from tests.fakes import FakeIncidents
from tests.incidents import NOON, a_plan, a_view, an_anomaly, minutes

GRAPH = ServiceMap(
    services=(
        Service(name="gateway", depends_on=("orders", "search"), hub=True),
        Service(name="orders", depends_on=("ledger",)),
        Service(name="search"),
        Service(name="ledger", depends_on=("vault",)),
        Service(name="vault"),
    ),
    expressions=(Expression(name="errors", kind="errors", query="up", unit="ratio", floor=0.005),),
)


@pytest.fixture(params=["postgres", "fake"])
def incidents(request: pytest.FixtureRequest) -> IncidentStore:
    if request.param == "fake":
        return FakeIncidents()
    pool: Pool = request.getfixturevalue("store_pool")
    return PostgresIncidents(pool)


def _open(number: int, service: str, opened: float = 0) -> OpenIncident:
    at = NOON + minutes(opened)
    return OpenIncident(
        incident=f"INC-20260131-00000{number}",
        key=f"incident-{service}",
        services=(service,),
        onset=at,
        opened_at=at,
    )


def test_what_was_saved_reads_back_whole(incidents: IncidentStore) -> None:
    attempt = Attempt(
        number=1, plan=a_plan(), gate=GateVerdict(ruling=Ruling.RUN, clause="allowed", reason="within the limit")
    )
    view = a_view(attempts=(attempt,), failing_share=0.31)
    incidents.save(view)
    assert incidents.get(view.incident) == view


def test_the_newest_consultation_of_a_model_is_found_whether_an_opinion_came_of_it_or_not(
    incidents: IncidentStore,
) -> None:
    """One of before, one that was never asked, and one that an older build kept without its time are none."""
    never = page_views.diagnosed(NOON + minutes(9))
    for number, changes in enumerate((
        {"advice": an_advice(at=NOON)}, {"advice": an_advice(at=NOON + minutes(5), standing=None, said="no opinion")},
        {"advice": None}, {"advice": an_advice()},
    )):  # fmt: skip
        incidents.save(never.model_copy(update={"incident": f"INC-20260131-00000{number}", **changes}))
    found = incidents.advised(NOON - minutes(1))
    assert found == Advised(
        incident="INC-20260131-000001", at=NOON + minutes(5), answered=False, said="no opinion",
    )  # fmt: skip
    assert incidents.advised(NOON + minutes(5)) is None


def test_nobody_knows_an_incident_that_was_never_saved(incidents: IncidentStore) -> None:
    assert incidents.get("INC-20260131-ZZZZZZ") is None
    assert incidents.previous("incident-orders") is None


def test_an_older_view_never_replaces_a_newer_one(incidents: IncidentStore) -> None:
    newer, older = a_view(state=State.ACTING, updated_at=NOON + minutes(5)), a_view(updated_at=NOON + minutes(4))
    incidents.save(newer)
    incidents.save(older)
    assert incidents.get(newer.incident) == newer


def test_saving_twice_is_saving_once(incidents: IncidentStore) -> None:
    incidents.save(a_view())
    incidents.save(a_view())
    assert len(incidents.list()) == 1


def test_text_that_no_database_can_hold_is_shown_as_such(store_pool: Pool) -> None:
    hostile = an_anomaly(title="drop \x00 it", labels={"k\x00": "v\x00"})
    store = PostgresIncidents(store_pool)
    store.save(a_view(title="zero \x00 byte \ud800 here", anomalies=(hostile,)))
    read = store.get("INC-20260131-000001")
    assert read is not None
    assert read.title == "zero \N{REPLACEMENT CHARACTER} byte ? here"
    assert read.anomalies[0].title == "drop \N{REPLACEMENT CHARACTER} it"


def test_what_a_newer_build_added_to_an_incident_is_left_out(store_pool: Pool) -> None:
    """Its starter is not replaced yet, and still shows the list."""
    store = PostgresIncidents(store_pool)
    store.save(a_view())
    with store_pool.transaction() as connection:
        connection.execute("UPDATE nightshift.incidents SET view = view || '{\"newer\": 1}'")
    assert store.get(a_view().incident) == a_view()
    assert [view.incident for view in store.list()] == [a_view().incident]


def test_people_come_first_then_the_clock_then_severity_then_the_newest(incidents: IncidentStore) -> None:
    due = NOON + minutes(60)
    waiting = a_view(1, sla_due=due + minutes(900), waiting=_request())
    tight = a_view(2, sla_due=due, severity=Severity.LOW)
    loose = a_view(3, sla_due=due + minutes(5), severity=Severity.CRITICAL)
    high = a_view(4, sla_due=due + minutes(9), severity=Severity.HIGH)
    low_new = a_view(5, sla_due=due + minutes(9), severity=Severity.LOW, opened_at=NOON + minutes(2))
    low_old = a_view(6, sla_due=due + minutes(9), severity=Severity.LOW)
    watching = a_view(7, sla_due=NOON, state=State.WATCHING, clock=_stopped())
    closed_new, closed_old = _closed(8, closed=9, opened_at=NOON + minutes(1)), _closed(9, closed=10)
    expected = [waiting, tight, loose, high, low_new, low_old, watching, closed_new, closed_old]
    for view in reversed(expected):
        incidents.save(view)
    assert [v.incident for v in incidents.list()] == [v.incident for v in expected]


def _request() -> Request:
    return Request(
        digest="d", action=Action.KILL_CONNECTIONS, risk=Risk.HIGH, sentence="s", reason="r",
        asked_at=NOON, deadline=NOON + minutes(5),
        approvers=("mia",), claimed_identity_up_to=Risk.HIGH,
    )  # fmt: skip


def _stopped() -> Clock:
    return Clock(detected_at=NOON, severity=Severity.CRITICAL, stopped_at=NOON + minutes(3))


def _closed(number: int, closed: float, outcome: Outcome = Outcome.AUTO_RESOLVED, **changes: object) -> IncidentView:
    at = NOON + minutes(closed)
    return a_view(number, state=State.RESOLVED, outcome=outcome, closed_at=at, updated_at=at, **changes)


def test_a_list_can_be_limited_to_open_ones_to_states_and_to_a_number(incidents: IncidentStore) -> None:
    for view in (a_view(1), a_view(2, state=State.ACTING), _closed(3, closed=5)):
        incidents.save(view)
    assert len(incidents.list(open_only=True)) == 2
    assert [v.state for v in incidents.list(states=[State.ACTING, State.RESOLVED])] == [State.ACTING, State.RESOLVED]
    assert len(incidents.list(limit=1)) == 1


def test_the_previous_incident_is_the_last_closed_one_of_the_key(incidents: IncidentStore) -> None:
    over = AlertStatus.RESOLVED
    seen = (
        an_anomaly(seen_at=NOON + minutes(2), status=over),
        an_anomaly(fingerprint="f2", seen_at=NOON + minutes(7), status=over),
    )
    for view in (
        _closed(1, closed=5),
        _closed(2, closed=30, outcome=Outcome.UNRESOLVED, anomalies=seen, severity=Severity.HIGH),
        _closed(3, closed=99, key="incident-search"),
        a_view(4),
    ):
        incidents.save(view)
    found = incidents.previous("incident-orders")
    assert found is not None
    assert (found.incident, found.outcome, found.severity_rank) == ("INC-20260131-000002", Outcome.UNRESOLVED, 2)
    assert (found.last_seen, found.closed_at) == (NOON + minutes(7), NOON + minutes(30))


def test_the_first_stands_and_a_neighbour_soon_after_is_absorbed(incidents: IncidentStore) -> None:
    orders, ledger = _open(1, "orders"), _open(2, "ledger", opened=1)
    assert incidents.settle(orders, GRAPH, minutes(5)) is None
    assert incidents.settle(ledger, GRAPH, minutes(5)) == orders


def test_services_that_only_share_a_hub_stay_apart_and_so_do_distant_times(incidents: IncidentStore) -> None:
    assert incidents.settle(_open(1, "orders"), GRAPH, minutes(5)) is None
    assert incidents.settle(_open(2, "search", opened=1), GRAPH, minutes(5)) is None
    assert incidents.settle(_open(3, "ledger", opened=6), GRAPH, minutes(5)) is None


def test_asking_again_gives_the_same_answer(incidents: IncidentStore) -> None:
    orders, ledger = _open(1, "orders"), _open(2, "ledger", opened=1)
    for _ in range(2):
        assert incidents.settle(orders, GRAPH, minutes(5)) is None
    assert incidents.settle(ledger, GRAPH, minutes(5)) == orders
    incidents.save(_closed(1, closed=2, key=orders.key))
    assert incidents.settle(ledger, GRAPH, minutes(5)) == orders


def test_a_merged_incident_absorbs_nobody(incidents: IncidentStore) -> None:
    assert incidents.settle(_open(1, "orders"), GRAPH, minutes(5)) is None
    assert incidents.settle(_open(2, "gateway", opened=1), GRAPH, minutes(5)) is not None
    assert incidents.settle(_open(3, "search", opened=2), GRAPH, minutes(5)) is None


def test_a_closed_incident_absorbs_nobody(incidents: IncidentStore) -> None:
    orders = _open(1, "orders")
    incidents.settle(orders, GRAPH, minutes(5))
    incidents.save(_closed(1, closed=1, key=orders.key))
    assert incidents.settle(_open(2, "ledger", opened=2), GRAPH, minutes(5)) is None


def test_an_incident_covers_the_services_that_it_has_taken_over(incidents: IncidentStore) -> None:
    orders = _open(1, "orders")
    incidents.settle(orders, GRAPH, minutes(5))
    incidents.save(a_view(1, services=("orders", "ledger")))
    found = incidents.settle(_open(2, "vault", opened=1), GRAPH, minutes(5))
    assert found is not None
    assert found.incident == orders.incident


def test_what_a_person_split_off_is_merged_by_no_machine(incidents: IncidentStore) -> None:
    """Neither into the one that it left, which knows it by its projection, nor that one into it."""
    incidents.settle(_open(1, "orders"), GRAPH, minutes(5))
    incidents.save(a_view(1, services=("orders",), apart={"incident-ledger": "INC-20260131-000002"}))
    assert incidents.settle(_open(2, "ledger", opened=1), GRAPH, minutes(5)) is None
    split = _open(3, "gateway", opened=2).model_copy(update={"apart": ("incident-orders", "incident-ledger")})
    assert incidents.settle(split, GRAPH, minutes(5)) is None


def test_what_a_person_merges_counts_as_taken_over_at_once_and_stands_again_when_it_was_not(
    incidents: IncidentStore,
) -> None:
    """Of two that are merged into each other the second one hears no, before any projection shows the first."""
    orders, search = _open(1, "orders"), _open(2, "search", opened=1)
    for me, number in ((orders, 1), (search, 2)):
        incidents.settle(me, GRAPH, minutes(5))
        incidents.save(a_view(number, key=me.key, services=me.services))
    for _ in range(2):
        found = incidents.absorb(search, orders.incident)
        assert isinstance(found, OpenIncident)
        assert (found.incident, found.key) == (orders.incident, orders.key)
    assert incidents.absorb(orders, search.incident) == f"{search.incident} was merged into this one"
    assert incidents.settle(_open(3, "gateway", opened=2), GRAPH, minutes(5)) == orders
    incidents.stands(search)
    assert isinstance(incidents.absorb(orders, search.incident), OpenIncident)


def test_only_what_is_open_takes_over(incidents: IncidentStore) -> None:
    orders = _open(1, "orders")
    incidents.save(_closed(2, closed=1))
    assert "there is no incident" in str(incidents.absorb(orders, "INC-20260131-000009"))
    assert "is over" in str(incidents.absorb(orders, "INC-20260131-000002"))


def test_of_two_that_ask_at_once_one_survives(store_pool: Pool) -> None:
    """Ten times over, because a race that is lost once in a while is still a race."""
    store = PostgresIncidents(store_pool)
    for round_number in range(10):
        pair = [_open(n, name, opened=60 * round_number) for n, name in ((1, "orders"), (2, "ledger"))]
        renamed = [one.model_copy(update={"incident": f"{one.incident}-{round_number}"}) for one in pair]
        with ThreadPoolExecutor(2) as threads:
            asked = [threads.submit(store.settle, me, GRAPH, minutes(5)) for me in renamed]
            answers = [answer.result(timeout=30) for answer in asked]
        assert sum(answer is None for answer in answers) == 1


def test_what_was_tried_on_a_target_is_found_newest_first(store_pool: Pool) -> None:
    """Of all incidents that reserved it; another action or target is another thing."""
    incidents, guard = PostgresIncidents(store_pool), PostgresGuard(store_pool)
    ran = GateVerdict(ruling=Ruling.RUN, clause="allowed", reason="fine")
    policy = Policy(max_risk_level=Risk.LOW, allow=("database/orders", "database/ledger"))
    for number, target in enumerate(["database/orders", "database/ledger", "database/orders"], start=1):
        plan = a_plan(f"INC-20260131-00000{number}", target=target)
        now = NOON + minutes(number)
        verdict = guard.reserve(plan, policy, Circumstances(confidence=0.99, now=now))
        assert verdict.ruling is Ruling.RUN, verdict
        guard.release(plan.incident, 1, "done", now)
        incidents.save(a_view(number, opened_at=now, attempts=(Attempt(number=1, plan=plan, gate=ran),)))
    found = incidents.attempts(Action.KILL_CONNECTIONS, "database/orders", 50)
    assert [a.plan.incident for a in found] == ["INC-20260131-000003", "INC-20260131-000001"]
    assert incidents.attempts(Action.KILL_CONNECTIONS, "database/orders", 1) == found[:1]
    assert incidents.attempts(Action.RESTART_SERVICE, "database/orders", 50) == []


def test_changes_are_seen_without_reading_the_incidents(incidents: IncidentStore) -> None:
    before = incidents.fingerprint()
    incidents.save(a_view(1))
    added = incidents.fingerprint()
    later = a_view(1, updated_at=a_view(1).updated_at + minutes(1))
    incidents.save(later)
    assert len({before, added, incidents.fingerprint()}) == 3
    assert incidents.stamps(["INC-20260131-000001", "INC-20260131-000009"]) == {later.incident: later.updated_at}


def test_an_open_incident_is_found_by_its_thread(incidents: IncidentStore) -> None:
    incidents.save(a_view(1, roots={"slack": "C1:1.5"}))
    incidents.save(a_view(2, roots={"slack": "C1:2.5"}, state=State.RESOLVED, outcome=Outcome.SELF_RESOLVED))
    found = incidents.in_thread("slack", "C1:1.5")
    assert found is not None
    assert found.incident == "INC-20260131-000001"
    assert incidents.in_thread("slack", "C1:2.5") is None, "what is closed takes no notes"
    assert incidents.in_thread("email", "C1:1.5") is None
