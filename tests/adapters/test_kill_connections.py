"""KILL_CONNECTIONS on a real PostgreSQL ends what was intended and is still idle, and nothing else, ever."""

import os
import signal
import threading
from datetime import timedelta

import psycopg
import pytest

from integrations.postgres.kill_target import Session
from integrations.postgres.standing import PostgresTargets
from tests.adapters.under_care import (
    APP,
    LIMIT,
    REPORT,
    REPORTING,
    SERVICE,
    UnderCare,
    alive,
    intended_pids,
    intent_of,
    pids,
    plan_for,
    wait_until,
)  # fmt: skip


def test_idle_sessions_of_a_full_database_are_ended_and_counted(care: UnderCare) -> None:
    """The database takes no connection, yet it is freed; what was ended is read back from the server."""
    held = care.sessions(LIMIT)
    plan = plan_for(care)
    intent = intent_of(care, plan, LIMIT)
    executed = care.remediator.execute(plan, intent)
    assert [alive(session) for session in held] == [False] * LIMIT
    assert executed.affected == LIMIT
    assert executed.detail == f"Ended {LIMIT} of {LIMIT} intended sessions."
    assert executed.before == {
        "limit": LIMIT, "used": LIMIT, "sessions_of_application": LIMIT, "idle_of_application": LIMIT,
    }  # fmt: skip
    assert executed.after == {"limit": LIMIT, "used": 0, "sessions_of_application": 0, "idle_of_application": 0}
    assert alive(care.session(SERVICE, APP))


def test_precheck_and_intend_change_nothing(care: UnderCare) -> None:
    held = care.sessions(2)
    plan = plan_for(care)
    intent_of(care, plan, 2)
    assert care.remediator.precheck(plan) is None
    assert [alive(session) for session in held] == [True, True]


def test_only_idle_sessions_of_that_application_role_and_database_are_intended(care: UnderCare) -> None:
    elsewhere = psycopg.connect(care.server.url("postgres", REPORTING), application_name=REPORT, autocommit=True)
    care.stack.callback(elsewhere.close)
    busy = [care.session(), care.session(), care.session(REPORT, APP), care.session("other-report")]
    busy[0].execute("BEGIN")
    sleeper = threading.Thread(target=_sleep_until_cancelled, args=(busy[1],))
    sleeper.start()
    care.stack.callback(sleeper.join)
    (idle,) = care.sessions(1)
    intent = intent_of(care, plan_for(care), 1)
    young = care.session()
    assert intended_pids(intent) == [idle.info.backend_pid]
    executed = care.remediator.execute(plan_for(care), intent)
    assert executed.affected == 1
    assert not alive(idle)
    busy[1].cancel_safe()
    sleeper.join()
    assert [alive(session) for session in (elsewhere, *busy, young)] == [True] * 6


def _sleep_until_cancelled(session: psycopg.Connection) -> None:
    with pytest.raises(psycopg.errors.QueryCanceled):
        session.execute("SELECT pg_sleep(60)")


def test_the_longest_idle_go_first_and_never_more_than_the_cap(care: UnderCare) -> None:
    held = care.sessions(4)
    plan = plan_for(care, cap=2)
    intent = intent_of(care, plan, 2)
    wait_until(lambda: len(care.remediator.intend(plan_for(care)).items) == 4, "all four are idle for long enough")
    intent = care.remediator.intend(plan)
    assert intended_pids(intent) == pids(held[:2])
    assert care.remediator.execute(plan, intent).affected == 2
    assert [alive(session) for session in held] == [False, False, True, True]


def test_a_session_that_begins_to_work_after_the_intent_is_spared(care: UnderCare) -> None:
    """One runs a statement, one has begun a transaction, one has worked and is idle again: none of them is ended."""
    held = care.sessions(5)
    plan = plan_for(care, idle_age_s=3)
    intent = intent_of(care, plan, 5)
    results: list[object] = []

    def work() -> None:
        results.append(held[0].execute("SELECT pg_sleep(3)").fetchone())

    working = threading.Thread(target=work)
    working.start()
    held[1].execute("BEGIN")
    held[2].execute("SELECT 1")
    wait_until(lambda: care.state_of(held[0]) == "active", "the first session is at work")
    executed = care.remediator.execute(plan, intent)
    working.join()
    assert results == [("",)]
    assert [alive(session) for session in held] == [True, True, True, False, False]
    assert executed.affected == 2
    assert executed.detail == "Ended 2 of 5 intended sessions. 3 spared: no longer idle for long enough."


def test_doing_it_twice_ends_nothing_more(care: UnderCare) -> None:
    """After a crash the same intent is executed again: sessions that came since then are none of its business."""
    care.sessions(3)
    plan = plan_for(care)
    intent = intent_of(care, plan, 3)
    first = care.remediator.execute(plan, intent)
    later = care.sessions(2)
    intent_of(care, plan, 2)
    second = care.remediator.execute(plan, intent)
    assert (first.affected, second.affected) == (3, 3)
    assert second.detail == "Ended 0 of 3 intended sessions. 3 had already gone."
    assert [alive(session) for session in later] == [True, True]


def test_a_retry_after_half_of_the_work_ends_the_other_half(care: UnderCare) -> None:
    held = care.sessions(4)
    plan = plan_for(care)
    intent = intent_of(care, plan, 4)
    care.remediator.execute(plan, intent.model_copy(update={"items": intent.items[:1]}))
    executed = care.remediator.execute(plan, intent)
    assert executed.affected == 4
    assert executed.detail == "Ended 3 of 4 intended sessions. 1 had already gone."
    assert not any(alive(session) for session in held)


def test_a_process_id_that_came_again_is_not_the_intended_session(care: UnderCare) -> None:
    """A session with the same pid and another start, by a microsecond, lives on."""
    (held,) = care.sessions(1)
    plan = plan_for(care)
    intent = intent_of(care, plan, 1)
    session = Session.of(intent.items[0])
    before = session.model_copy(update={"backend_start": session.backend_start - timedelta(microseconds=1)})
    executed = care.remediator.execute(plan, intent.model_copy(update={"items": (before.item,)}))
    assert alive(held)
    assert executed.detail == "Ended 0 of 1 intended sessions. 1 had already gone."


def test_the_intent_names_sessions_to_the_microsecond_in_utc(care: UnderCare) -> None:
    care.admin().execute("ALTER ROLE care_remedy SET timezone = 'Asia/Kolkata'")
    (held,) = care.sessions(1)
    intent = intent_of(care, plan_for(care), 1)
    care.admin().execute("ALTER ROLE care_remedy RESET timezone")
    query = (
        "SELECT pid || '@' || to_char(backend_start AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS.US') || '+00:00'"
        " FROM pg_stat_activity WHERE pid = %s"
    )
    assert care.admin().execute(query, [held.info.backend_pid]).fetchone() == intent.items


def test_a_session_that_cannot_end_is_not_counted_as_gone(care: UnderCare) -> None:
    """Its process is stopped: it was told, and it is still there; what did not happen is not reported."""
    (held,) = care.sessions(1)
    plan = plan_for(care)
    intent = intent_of(care, plan, 1)
    pid = held.info.backend_pid
    os.kill(pid, signal.SIGSTOP)
    try:
        executed = care.remediator.execute(plan, intent)
    finally:
        os.kill(pid, signal.SIGCONT)
    assert executed.affected == 0
    assert executed.detail == "Ended 0 of 1 intended sessions. 1 told to end but still there."
    assert not alive(held)


def test_a_replication_session_is_spared_even_after_its_role_lost_that_right(care: UnderCare) -> None:
    """It looks idle, and a replica or a consumer of changes hangs on it."""
    admin = care.admin()
    admin.execute(f"ALTER ROLE {REPORTING} REPLICATION".encode())
    url = care.server.url(care.name, REPORTING)
    try:
        sender = psycopg.connect(url, application_name=REPORT, autocommit=True, replication="database")
    finally:
        admin.execute(f"ALTER ROLE {REPORTING} NOREPLICATION".encode())
    care.stack.callback(sender.close)
    (held,) = care.sessions(1)
    plan = plan_for(care)
    assert intended_pids(intent_of(care, plan, 1)) == [held.info.backend_pid]
    state = "SELECT backend_type, state FROM pg_stat_activity WHERE pid = %s"
    assert admin.execute(state, [sender.info.backend_pid]).fetchone() == ("walsender", "idle")


def test_an_empty_intent_does_nothing(care: UnderCare) -> None:
    plan = plan_for(care)
    executed = care.remediator.execute(plan, care.remediator.intend(plan))
    assert (executed.affected, executed.detail) == (0, "Ended 0 of 0 intended sessions.")


def test_who_decides_sees_the_sessions_as_they_are_now(care: UnderCare) -> None:
    """Of the plan's role and application only, through the role that may only look."""
    held = care.sessions(3)
    care.session(SERVICE, APP)
    looking = PostgresTargets({"watch": care.connections["watch"]}, care.services)
    first = looking.look(plan_for(care, cap=50))
    for session in held:
        session.close()
    wait_until(lambda: "no idle session" in looking.look(plan_for(care)).before[0], "the sessions are gone")
    assert first.before[0].startswith(f"3 idle sessions of {REPORT} (role {REPORTING}), the longest for ")
    assert first.after == ("at most 50 of them are ended, idle for 1 s or longer; the application may connect again",)
    assert first.about == f"4 of {LIMIT} connections are taken"
