"""The doctor asks everything at once, and blames nothing that it has not seen."""

import asyncio
import threading

from integrations.ports import Unavailable
from starter.doctor.check import Check, Look, Row, Status, blocking, run_all, waiting

MANY = 40
"""More than asyncio's default pool has threads on any machine (32)."""


def _check(look: Look) -> Check:
    return Check("group", "name", "a question", "a cost", "a remedy for its cause", look)


def _run(*checks: Check) -> tuple[Row, ...]:
    return tuple(asyncio.run(run_all(checks)))


def test_no_check_waits_for_the_thread_of_another() -> None:
    """Every look ends only when all have begun, which a pool that is too small never sees."""
    together = threading.Barrier(MANY)

    def look() -> str:
        together.wait(10)
        return "answers"

    assert {row.status for row in _run(*[_check(blocking(look))] * MANY)} == {Status.OK}


def test_a_question_without_an_answer_gets_a_remedy_that_assumes_no_cause() -> None:
    released = threading.Event()

    async def silent() -> str:
        await asyncio.sleep(60)
        return "too late"

    async def ask() -> tuple[Row, ...]:
        rows = await run_all([_check(blocking(lambda: str(released.wait(60)), 0.05)), _check(waiting(silent, 0.05))])
        released.set()
        return tuple(rows)

    for row in asyncio.run(ask()):
        assert (row.status, row.said) == (Status.FAIL, "no answer within 0.05 s")
        assert row.remedy == "look whether it is up and reachable; the machine may be busy"


def test_a_cause_that_was_seen_gets_its_own_remedy() -> None:
    def look() -> str:
        raise Unavailable("connection refused")

    (row,) = _run(_check(blocking(look)))
    assert (row.status, row.said, row.remedy) == (Status.FAIL, "connection refused", "a remedy for its cause")
