"""Each fault breaks the real shop, says the truth about itself, and ends when its sessions are ended from outside."""

import time
from collections.abc import Callable, Iterator

import psycopg
import pytest

from rig.faults.connection_pool import ConnectionPoolFault
from rig.faults.fault import Fault
from rig.faults.held_lock import HeldLockFault
from rig.faults.registry import FAULTS
from rig.shop.load import Load
from rig.shop.shop import Shop

PATIENCE_SECONDS = 20.0


def wait_until(what: str, holds: Callable[[], bool]) -> None:
    """Wait for something that becomes true in the running system."""
    give_up = time.monotonic() + PATIENCE_SECONDS
    while not holds():
        assert time.monotonic() < give_up, f"{what}: not within {PATIENCE_SECONDS:.0f} s"
        time.sleep(0.2)


def after(load: Load, seconds: float) -> float:
    """The error rate of the next `seconds`."""
    time.sleep(seconds)
    return load.error_rate(seconds)


def as_remedy(shop: Shop) -> psycopg.Connection:
    return psycopg.connect(shop.database.remedy.get_secret_value(), autocommit=True)


def terminate(shop: Shop, application: str) -> int:
    """End all sessions of an application as the remedy role; returns how many."""
    with as_remedy(shop) as connection:
        row = connection.execute(
            "SELECT count(*) FILTER (WHERE pg_terminate_backend(pid)) FROM pg_stat_activity "
            "WHERE datname = 'orders' AND application_name = %s",
            (application,),
        ).fetchone()
    assert row is not None
    return int(row[0])


APPLICATIONS = {ConnectionPoolFault.scenario: "nightly-report", HeldLockFault.scenario: "schema-migration"}


@pytest.fixture(params=sorted(FAULTS))
def fault(request: pytest.FixtureRequest, shop: Shop, load: Load) -> Iterator[Fault]:
    """Each fault in turn, not yet started, on a shop that was just seen to be well."""
    time.sleep(1.0)
    assert load.error_rate(1.0) == 0.0
    one = FAULTS[request.param](shop.database)
    yield one
    one.stop()


def test_more_than_a_quarter_of_requests_fail_until_the_sessions_are_ended(
    shop: Shop, load: Load, fault: Fault
) -> None:
    before = time.time()
    fault.start()
    wait_until("over 25 % of requests fail", lambda: load.error_rate(4.0) > 0.25)
    first = load.first_failure_after(before)
    assert first is not None
    assert first >= before

    ended = terminate(shop, APPLICATIONS[fault.scenario])

    wait_until("no request fails", lambda: load.error_rate(2.0) == 0.0)
    report = fault.report()
    assert (report.held, report.opened, len(report.ended)) == (0, ended, ended)
    assert {session.sqlstate for session in report.ended} == {"57P01"}


def test_stopping_a_fault_gives_the_shop_back(load: Load, fault: Fault) -> None:
    fault.start()
    wait_until("requests fail", lambda: load.error_rate(3.0) > 0.1)
    fault.stop()
    wait_until("no request fails", lambda: load.error_rate(2.0) == 0.0)
    assert fault.report().held == 0
    assert fault.report().ended == ()  # nobody else ended them


def test_the_leaky_job_takes_every_slot_and_does_not_come_back(shop: Shop, load: Load) -> None:
    fault = ConnectionPoolFault(shop.database)
    fault.start()
    try:
        assert fault.report().held == shop.database.connection_limit
        with pytest.raises(psycopg.OperationalError, match="too many connections for database"):
            psycopg.connect(shop.database.app.get_secret_value())
        assert terminate(shop, "nightly-report") == shop.database.connection_limit
        wait_until("those that were told to end have ended", lambda: terminate(shop, "nightly-report") == 0)
        wait_until("no request fails", lambda: load.error_rate(2.0) == 0.0)
        assert terminate(shop, "nightly-report") == 0
        assert fault.report().opened == shop.database.connection_limit
    finally:
        fault.stop()


def test_sessions_that_are_left_alone_stay_idle_and_grow_old(shop: Shop) -> None:
    fault = ConnectionPoolFault(shop.database)
    fault.start()
    try:
        time.sleep(2.0)
        with as_remedy(shop) as connection:
            rows = connection.execute(
                "SELECT state, now() - state_change > interval '1.5 s' FROM pg_stat_activity "
                "WHERE datname = 'orders' AND application_name = 'nightly-report'"
            ).fetchall()
        assert rows == [("idle", True)] * shop.database.connection_limit
    finally:
        fault.stop()


def test_a_held_lock_leaves_no_old_idle_session_to_blame(shop: Shop, load: Load) -> None:
    fault = HeldLockFault(shop.database)
    fault.start()
    try:
        assert after(load, 6.0) > 0.25
        with as_remedy(shop) as connection:
            rows = connection.execute(
                "SELECT application_name, state, now() - state_change > interval '5 s' FROM pg_stat_activity "
                "WHERE datname = 'orders' AND backend_type = 'client backend'"
            ).fetchall()
        assert ("schema-migration", "idle in transaction", True) in rows
        assert not [row for row in rows if row[1] == "idle" and row[2]]
    finally:
        fault.stop()


def test_the_reading_role_sees_sessions_but_cannot_end_them(shop: Shop) -> None:
    fault = HeldLockFault(shop.database)
    fault.start()
    try:
        with psycopg.connect(shop.database.read.get_secret_value(), autocommit=True) as connection:
            row = connection.execute(
                "SELECT pid, query FROM pg_stat_activity WHERE application_name = 'schema-migration'"
            ).fetchone()
            assert row is not None
            assert "ALTER TABLE" in row[1]
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                connection.execute("SELECT pg_terminate_backend(%s)", (row[0],))
        assert fault.report().held == 1
    finally:
        fault.stop()
