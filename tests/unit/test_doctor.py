"""The doctor asks everything at once, and blames nothing that it has not seen."""

import asyncio
import threading

import pytest
from structlog.testing import capture_logs

from config.settings import Settings
from domain.levels import Risk
from domain.people import People, Person
from domain.policy import Policy
from domain.services import ServiceMap
from integrations.ports import Unavailable
from starter.doctor import policy
from starter.doctor.check import Check, Look, Row, Status, blocking, run_all, waiting
from starter.serve import _say_what_a_claim_decides  # pyright: ignore[reportPrivateUsage] - what it says at its start

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


@pytest.mark.parametrize(
    ("people", "limit", "status", "said"),
    [
        (True, Risk.HIGH, Status.WARN, "people can prove who they are, and yet a claimed name decides on everything"),
        (True, Risk.MEDIUM, Status.OK, "claimed_identity_up_to is MEDIUM"),
        (False, Risk.HIGH, Status.OK, "claimed_identity_up_to is HIGH; nobody can log in"),
    ],
)
def test_claims_that_decide_on_everything_are_warned_of_where_people_can_log_in(
    people: bool, limit: Risk, status: Status, said: str
) -> None:
    named = {"NIGHTSHIFT_PEOPLE": "people.yaml"} if people else {}
    checks = policy.checks(
        Settings.model_validate(named), Policy(claimed_identity_up_to=limit), ServiceMap(expressions=())
    )
    (row,) = _run(next(check for check in checks if check.name == "claims"))
    assert row.status is status
    assert row.said.startswith(said)
    assert bool(row.cost) is bool(row.remedy) is (status is Status.WARN)


@pytest.mark.parametrize(("limit", "warned"), [(Risk.HIGH, 1), (Risk.MEDIUM, 0)])
def test_the_starter_says_so_too_at_its_start(limit: Risk, warned: int) -> None:
    people = People(people=(Person(name="ana"),))
    with capture_logs() as logs:
        _say_what_a_claim_decides(people, Policy(claimed_identity_up_to=limit))
        _say_what_a_claim_decides(People(), Policy())
    assert ["claimed_identity_up_to" in line["event"] for line in logs] == [True] * warned
