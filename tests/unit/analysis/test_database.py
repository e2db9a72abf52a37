"""Sessions: who fills a database, and who blocks whom."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from analysis.database import blockers, holders, saturation_bits
from integrations.ports import BlockedSession, SessionGroup


def group(application: str, count: int, state: str = "idle") -> SessionGroup:
    return SessionGroup(role="somebody", application=application, state=state, count=count, oldest_s=40)


def waits(pid: int, blocker_pid: int, wait_s: float = 1.0) -> BlockedSession:
    return BlockedSession(
        pid=pid, application="orders", wait_s=wait_s, relation="orders", blocker_pid=blocker_pid,
        blocker_role="owner", blocker_application=f"app-{blocker_pid}", blocker_state="idle in transaction",
        blocker_age_s=40,
    )  # fmt: skip


def test_the_foreign_application_with_most_idle_sessions_is_named_first() -> None:
    found = holders([group("cron", 2), group("nightly-report", 9), group("orders", 1, "active")], "orders", 12, 12)
    assert [(h.application, h.idle) for h in found] == [("nightly-report", 9), ("cron", 2)]


@pytest.mark.parametrize("state", ["active", "idle in transaction", "idle in transaction (aborted)", "unknown"])
def test_only_idle_sessions_count_as_held(state: str) -> None:
    assert holders([group("nightly-report", 11, state)], "orders", 12, 12) == []


def test_the_services_own_idle_sessions_are_never_a_holder() -> None:
    assert holders([group("orders", 12)], "orders", 12, 12) == []


@pytest.mark.parametrize(
    ("idle", "used", "limit", "least", "most"),
    [
        (12, 12, 12, 5, 6),
        (11, 12, 12, 4, 5),
        (11, 11, 12, 4.5, 5.5),
        (3, 11, 12, 0, 0.5),
        (6, 6, 12, 0, 0.01),
        (40, 45, 100, 0, 0.01),
        (90, 100, 100, 8, 12),
    ],
)
def test_idle_sessions_say_as_much_as_they_matter(idle: int, used: int, limit: int, least: float, most: float) -> None:
    found = holders([group("nightly-report", idle)], "orders", used, limit)[0]
    assert least <= found.strength <= most


@given(st.integers(1, 500), st.data())
def test_a_fuller_database_never_says_less(limit: int, data: st.DataObject) -> None:
    used = data.draw(st.integers(0, limit))
    assert saturation_bits(used, limit) <= saturation_bits(min(used + 1, limit), limit)


def test_all_who_wait_behind_one_session_are_one_queue() -> None:
    found = blockers([waits(n, 7) for n in range(100, 108)], used=10)
    assert [(b.pid, b.waiting) for b in found] == [(7, 8)]
    assert found[0].share == pytest.approx(0.8)
    assert found[0].strength > 4


def test_a_chain_has_one_head() -> None:
    """100 waits for 101, 101 for 102, 102 for 7, which waits for nobody."""
    found = blockers([waits(100, 101), waits(101, 102), waits(102, 7)], used=5)
    assert [(b.pid, b.application, b.waiting) for b in found] == [(7, "app-7", 3)]


def test_of_several_blockers_the_one_that_does_not_wait_is_the_head() -> None:
    found = blockers([waits(100, 101), waits(100, 7), waits(101, 7)], used=5)
    assert [(b.pid, b.waiting) for b in found] == [(7, 2)]


def test_sessions_that_wait_for_each_other_do_not_hang() -> None:
    assert sum(b.waiting for b in blockers([waits(1, 2), waits(2, 1)], used=2)) == 2


def test_waits_that_last_no_time_say_nothing() -> None:
    assert blockers([waits(100, 7, wait_s=0.004)], used=9)[0].strength < 0.01


def test_one_session_that_waits_for_long_says_something() -> None:
    assert blockers([waits(100, 7, wait_s=30)], used=9)[0].strength > 4
