"""The guard lets one act at a time: the real one and its stand-in keep the same contract."""

from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from threading import Barrier

import psycopg
import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.gate import Circumstances, GateVerdict, Ruling
from domain.levels import Risk
from domain.policy import Limits, Policy
from domain.reservation import LEFT_BEHIND_AFTER
from integrations.ports import Guard
from integrations.store.guard import LOCK, PostgresGuard
from integrations.store.pool import Pool
from tests.fakes import FakeGuard
from tests.incidents import NOON, a_plan, minutes

POLICY = Policy(max_risk_level=Risk.LOW, allow=("database/orders", "database/ledger"))
ONE, TWO = "INC-20260131-000001", "INC-20260131-000002"


@pytest.fixture(params=["postgres", "fake"])
def guard(request: pytest.FixtureRequest) -> Guard:
    if request.param == "fake":
        return FakeGuard()
    pool: Pool = request.getfixturevalue("store_pool")
    return PostgresGuard(pool)


def _ask(
    guard: Guard, incident: str = ONE, at: datetime = NOON, *, approved: bool = False, **plan: object
) -> GateVerdict:
    circumstances = Circumstances(confidence=0.9, approved=approved, now=at)
    return guard.reserve(a_plan(incident, **plan), POLICY, circumstances)


def test_a_free_target_is_taken_and_shown_as_busy(guard: Guard) -> None:
    assert _ask(guard).ruling is Ruling.RUN
    assert guard.controls("database/orders", NOON).busy == ONE
    assert guard.controls("database/ledger", NOON).busy is None


def test_a_taken_target_is_refused_to_another_incident_until_it_is_released(guard: Guard) -> None:
    _ask(guard)
    refused = _ask(guard, TWO)
    assert (refused.ruling, refused.clause) == (Ruling.REFUSE, "busy")
    guard.release(ONE, 1, "recovered", NOON + minutes(1))
    assert _ask(guard, TWO, NOON + minutes(1)).ruling is Ruling.RUN


def test_another_target_is_free_meanwhile(guard: Guard) -> None:
    _ask(guard)
    assert _ask(guard, TWO, target="database/ledger").ruling is Ruling.RUN


def test_asking_again_gives_the_same_answer_and_counts_once(guard: Guard) -> None:
    assert _ask(guard) == _ask(guard)
    controls = guard.controls("database/orders", NOON)
    assert (controls.actions_on_target, controls.actions_in_all) == (1, 1)


def test_what_came_later_does_not_question_an_attempt_that_has_begun(guard: Guard) -> None:
    """A worker that crashed right after it reserved gets its answer again, not another one."""
    begun = _ask(guard)
    guard.pause("mia", "too late for this one", None, NOON + minutes(0.5))
    assert _ask(guard, at=NOON + minutes(1)) == begun
    assert guard.controls("database/orders", NOON + minutes(1)).actions_on_target == 1


def test_a_refusal_reserves_nothing(guard: Guard) -> None:
    assert _ask(guard, target="database/unknown").ruling is Ruling.REFUSE
    assert guard.controls("database/unknown", NOON).busy is None


def test_a_reservation_that_a_crash_left_behind_ends_by_itself(guard: Guard) -> None:
    _ask(guard)
    lapsed = NOON + minutes(1) + LEFT_BEHIND_AFTER
    assert _ask(guard, TWO, lapsed - minutes(0.01)).clause == "busy"
    assert _ask(guard, TWO, lapsed).ruling is Ruling.RUN


def test_whoever_comes_back_after_that_has_to_ask_the_gate_again(guard: Guard) -> None:
    _ask(guard)
    late = NOON + minutes(1) + LEFT_BEHIND_AFTER
    _ask(guard, TWO, late)
    assert _ask(guard, at=late).clause == "busy"


def test_automatic_actions_count_for_an_hour_and_approved_ones_do_not(guard: Guard) -> None:
    for number in (1, 2):
        _ask(guard, attempt=number)
        guard.release(ONE, number, "not better", NOON)
    assert _ask(guard, attempt=3).clause == "target_limit"
    assert _ask(guard, attempt=3, approved=True).ruling is Ruling.RUN
    guard.release(ONE, 3, "not better", NOON)
    assert guard.controls("database/orders", NOON).actions_on_target == 2
    assert guard.controls("database/orders", NOON + minutes(60)).actions_on_target == 0


def test_the_limit_over_all_targets_holds_too(guard: Guard) -> None:
    policy = POLICY.model_copy(update={"limits": Limits(per_hour=1)})
    _ask(guard)
    verdict = guard.reserve(a_plan(TWO, target="database/ledger"), policy, Circumstances(confidence=0.9, now=NOON))
    assert verdict.clause == "hour_limit"


def test_a_pause_stops_everything_until_it_is_resumed(guard: Guard) -> None:
    guard.pause("mia", "looking at it", None, NOON)
    assert guard.controls("database/orders", NOON + minutes(999)).pause_reason == "looking at it (mia)"
    assert _ask(guard, approved=True).clause == "paused"
    guard.resume("mia", NOON + minutes(1))
    assert _ask(guard, at=NOON + minutes(1)).ruling is Ruling.RUN


def test_a_pause_with_an_end_ends(guard: Guard) -> None:
    guard.pause("mia", "looking at it", NOON + minutes(60), NOON)
    assert guard.controls("database/orders", NOON + minutes(59)).paused
    assert not guard.controls("database/orders", NOON + minutes(60)).paused


def test_a_freeze_asks_people_and_ends(guard: Guard) -> None:
    guard.freeze("mia", "release day", NOON + minutes(60), NOON)
    assert _ask(guard).clause == "frozen"
    assert _ask(guard, approved=True).ruling is Ruling.RUN
    assert guard.controls("database/orders", NOON + minutes(60)).frozen_until is None


def test_resuming_does_not_lift_a_freeze(guard: Guard) -> None:
    guard.freeze("mia", "release day", NOON + minutes(60), NOON)
    guard.resume("mia", NOON)
    assert guard.controls("database/orders", NOON).frozen_until == NOON + minutes(60)


def test_a_shorter_pause_does_not_end_a_longer_one_of_somebody_else(guard: Guard) -> None:
    guard.pause("mia", "database move", NOON + minutes(120), NOON)
    guard.pause("ana", "a quick look", NOON + minutes(5), NOON + minutes(1))
    assert guard.controls("database/orders", NOON + minutes(2)).pause_reason == "database move (mia)"
    assert guard.controls("database/orders", NOON + minutes(10)).paused
    guard.pause("mia", "it went well", NOON + minutes(20), NOON + minutes(10))
    assert guard.controls("database/orders", NOON + minutes(11)).pause_reason == "it went well (mia)"
    assert not guard.controls("database/orders", NOON + minutes(20)).paused


def test_resuming_lifts_all_pauses_and_what_comes_after_holds(guard: Guard) -> None:
    guard.pause("mia", "database move", None, NOON)
    guard.pause("ana", "a quick look", NOON + minutes(5), NOON)
    guard.resume("eve", NOON + minutes(1))
    assert not guard.controls("database/orders", NOON + minutes(2)).paused
    guard.pause("ana", "again", NOON + minutes(5), NOON + minutes(3))
    assert guard.controls("database/orders", NOON + minutes(4)).pause_reason == "again (ana)"


def test_the_longest_freeze_holds_and_unfreezing_lifts_all_but_no_pause(guard: Guard) -> None:
    guard.freeze("mia", "release day", NOON + minutes(60), NOON)
    guard.freeze("ana", "lunch", NOON + minutes(30), NOON)
    guard.pause("eve", "stop", None, NOON)
    assert guard.controls("database/orders", NOON).frozen_until == NOON + minutes(60)
    guard.unfreeze("ana", NOON + minutes(1))
    controls = guard.controls("database/orders", NOON + minutes(2))
    assert (controls.frozen_until, controls.paused) == (None, True)


def test_of_many_that_ask_at_once_exactly_one_runs(store_pool: Pool) -> None:
    """Ten times over: the first round only opens connections, and a race that is lost at times is still a race."""
    guard, start = PostgresGuard(store_pool), Barrier(6)

    def ask(number: int, at: datetime) -> Ruling:
        start.wait(timeout=10)
        return _ask(guard, f"INC-20260131-{at:%H%M%S}{number}", at).ruling

    with ThreadPoolExecutor(6) as threads:
        for round_number in range(10):
            at = NOON + minutes(61 * round_number)
            asked = [threads.submit(ask, number, at) for number in range(6)]
            rulings = sorted(answer.result(timeout=30) for answer in asked)
            assert rulings == [Ruling.REFUSE] * 5 + [Ruling.RUN]


# -- an attempt that acts holds its target ----------------------------------------------------------------------------


def test_an_attempt_that_acts_holds_its_target_from_then_on_as_long_anew(guard: Guard) -> None:
    """Each try counts: five tries of a long action last longer than one reservation."""
    _ask(guard)
    late = NOON + minutes(1) + LEFT_BEHIND_AFTER - minutes(0.01)
    assert guard.hold(a_plan(ONE), late)
    lapsed = late + minutes(1) + LEFT_BEHIND_AFTER
    assert _ask(guard, TWO, lapsed - minutes(0.01)).clause == "busy"
    assert _ask(guard, TWO, lapsed).ruling is Ruling.RUN


def test_a_clock_that_lags_behind_shortens_nothing(guard: Guard) -> None:
    _ask(guard)
    assert guard.hold(a_plan(ONE), NOON + minutes(5))
    assert guard.hold(a_plan(ONE), NOON - minutes(5))
    assert _ask(guard, TWO, NOON + minutes(5.9) + LEFT_BEHIND_AFTER).clause == "busy"


def test_who_lets_go_learns_whether_anybody_had_begun(guard: Guard) -> None:
    """Called off before the first try nothing was touched; later nobody can say so."""
    _ask(guard)
    assert not guard.release(ONE, 1, "called off", NOON)
    _ask(guard, TWO)
    guard.hold(a_plan(TWO), NOON)
    assert guard.release(TWO, 1, "called off", NOON)
    assert not guard.release(TWO, 1, "called off", NOON), "it had ended"
    _ask(guard, TWO)
    assert not guard.release(TWO, 1, "called off", NOON), "reserved anew, it has not begun anew"


@pytest.mark.parametrize("how", ["never reserved", "lapsed", "let go", "another plan", "another attempt", "taken over"])
def test_what_is_not_held_any_more_cannot_be_acted_on(guard: Guard, how: str) -> None:
    plan, at = a_plan(ONE), NOON
    if how != "never reserved":
        _ask(guard)
    match how:
        case "lapsed":
            at = NOON + minutes(1) + LEFT_BEHIND_AFTER
        case "let go":
            guard.release(ONE, 1, "executed", NOON)
        case "another plan":
            plan = a_plan(ONE, sentence="End at most 49.", parameters={"role": "reporter", "cap": 49})
        case "another attempt":
            plan = a_plan(ONE, attempt=2)
        case "taken over":
            at = NOON + minutes(1) + LEFT_BEHIND_AFTER
            _ask(guard, TWO, at)
        case _:
            pass
    assert not guard.hold(plan, at)


def test_the_stricter_of_two_policies_decides_and_says_so(guard: Guard) -> None:
    observing = POLICY.model_copy(update={"max_risk_level": Risk.OBSERVE})
    circumstances = Circumstances(confidence=0.9, now=NOON)
    verdict = guard.reserve(a_plan(ONE), POLICY, circumstances, observing)
    assert (verdict.clause, guard.controls("database/orders", NOON).busy) == ("observe", None)
    assert verdict.reason.startswith("by the policy that the worker has now: ")
    assert guard.reserve(a_plan(ONE), POLICY, circumstances, POLICY).ruling is Ruling.RUN


def test_whoever_dies_while_he_asks_leaves_no_lock_behind(store_pool: Pool, store_address: str) -> None:
    """The connection that holds the lock of all incidents is ended by the server, as by a crash."""
    guard = PostgresGuard(store_pool)
    with ThreadPoolExecutor(1) as threads, psycopg.connect(store_address) as dying:
        dying.execute("SELECT pg_advisory_xact_lock(%s)", [LOCK])
        asked = threads.submit(_ask, guard)
        with pytest.raises(TimeoutError):
            asked.result(timeout=0.5)
        with store_pool.transaction() as other:
            other.execute("SELECT pg_terminate_backend(%s)", [dying.info.backend_pid])
        assert asked.result(timeout=10).ruling is Ruling.RUN
        dying.close()


TARGETS = ("database/orders", "database/ledger")
MOVES = st.tuples(
    st.sampled_from(["reserve", "hold", "release", "nothing"]), st.sampled_from([ONE, TWO, "INC-20260131-000003"]),
    st.sampled_from(TARGETS), st.integers(1, 2), st.integers(0, 8),
)  # fmt: skip


@given(st.lists(MOVES, max_size=40))
def test_in_whatever_order_incidents_come_and_go_no_two_may_act_on_a_target(
    moves: list[tuple[str, str, str, int, int]],
) -> None:
    """Crashes are moves that nobody makes: no release comes. Whoever acts asks before each try whether he may."""
    guard, at = FakeGuard(), NOON
    policy = POLICY.model_copy(update={"limits": Limits(per_target_hour=999, per_hour=999)})
    for move, incident, target, attempt, pause in moves:
        at += minutes(pause)
        plan = a_plan(incident, target=target, attempt=attempt)
        match move:
            case "reserve":
                guard.reserve(plan, policy, Circumstances(confidence=0.9, now=at))
            case "release":
                guard.release(incident, attempt, "executed", at)
            case "hold":
                guard.hold(plan, at)
            case _:
                pass
        for one in TARGETS:
            assert len({r.incident for r in guard.reservations if r.target == one and r.live(at)}) <= 1
