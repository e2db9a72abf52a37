"""A person's word, another incident or a stricter policy stops an action for as long as nobody has begun it."""

import asyncio
from datetime import UTC, datetime, timedelta

import pytest

from domain.gate import Ruling
from domain.incident import Outcome
from domain.levels import Risk, Severity
from domain.policy import Floors, Limits, Policy
from domain.timeline import Kind
from tests.workflows.asking import asked, decide, decision, frozen
from tests.workflows.conftest import NightOf
from tests.workflows.night import Night, texts
from tests.workflows.world import POLICY, World, with_row

WORDS = [
    pytest.param("take", id="somebody takes over"),
    pytest.param("resolve", id="somebody says that it is fixed"),
    pytest.param("false_positive", id="somebody says that nothing was wrong"),
]


@pytest.mark.parametrize("word", WORDS)
async def test_what_was_begun_is_finished_and_recorded(night: Night, word: str) -> None:
    remediator = night.world.remediator
    remediator.free.clear()
    handle = await night.open()
    await night.until(handle, lambda _: remediator.reached.is_set(), "acting", step_s=1)
    await handle.signal(word, {"who": "mia"})
    await asyncio.sleep(2.5)  # as long as a heartbeat that says it takes, and one more
    remediator.free.set()
    seen = await night.until(handle, lambda v: v.attempts[0].executed is not None, "the result", step_s=1)
    assert seen.attempts[0].executed is not None
    assert seen.attempts[0].executed.affected == 3
    assert sorted(remediator.ended) == ["11@a", "12@b", "13@c"]
    assert [r.affected for r in night.world.audit.rows(seen.incident) if r.action == "KILL_CONNECTIONS"] == [3]


async def test_an_attempt_whose_reservation_is_lost_touches_nothing(night: Night) -> None:
    """It lapsed while the action waited, as after a long outage: another incident may hold the target now."""
    world, remediator = night.world, night.world.remediator
    world.policy = with_row(POLICY, Severity.HIGH, attempts=1)
    remediator.may_name.clear()
    handle = await night.open()
    await night.until(handle, lambda _: remediator.naming.is_set(), "about to act", step_s=1)
    world.guard.reservations = [
        r.model_copy(update={"expires_at": datetime.now(UTC) - timedelta(seconds=1)}) for r in world.guard.reservations
    ]
    remediator.may_name.set()
    seen = await night.until(handle, lambda v: bool(v.attempts and v.attempts[0].error), "refused", step_s=1)
    assert remediator.executions == 0
    assert seen.attempts[0].error == "called off: reservation lost: database/orders is not held any more"
    rows = [r for r in world.audit.rows(seen.incident) if r.action == "KILL_CONNECTIONS"]
    assert [(r.result, r.affected) for r in rows[:1]] == [(seen.attempts[0].error, None)]


STRICTER = [
    pytest.param(
        {"max_risk_level": Risk.OBSERVE}, "observe", "this installation only observes: the plan is a dry run",
        id="it only observes",
    ),
    pytest.param({"allow": ()}, "allow_list", "database/orders is not on the allow-list", id="it allows no target"),
    pytest.param(
        {"limits": Limits(per_hour=0)}, "hour_limit", "0 automatic actions within the hour, the limit is 0",
        id="it allows no action by itself",
    ),
]  # fmt: skip


@pytest.mark.parametrize(("changes", "clause", "said"), STRICTER)
async def test_a_worker_that_was_started_with_a_stricter_policy_overrules_open_incidents(
    night_of: NightOf, changes: dict[str, object], clause: str, said: str
) -> None:
    async with night_of(World(workers_policy=POLICY.model_copy(update=changes))) as night:
        handle = await night.open()
        seen = await night.until(handle, lambda v: v.attempts != (), "an attempt", step_s=1)
        await handle.signal("resolve", {"who": "mia"})
        await night.end(handle)
    gate = seen.attempts[0].gate
    assert (gate.ruling, gate.clause) == (Ruling.REFUSE, clause)
    assert gate.reason == f"by the policy that the worker has now: {said}"
    assert night.world.remediator.executions == 0


async def test_where_the_workers_policy_wants_a_person_one_is_asked(night_of: NightOf) -> None:
    """Its floor of confidence is higher than the incident's own; a person's yes satisfies both."""
    careful = POLICY.model_copy(update={"floors": Floors(LOW=0.99)})
    async with night_of(World(workers_policy=careful)) as night:
        handle = await night.open()
        request = await asked(night, handle)
        await decide(handle, decision(request))
        summary = await night.end(handle)
    assert "by the policy that the worker has now: confidence" in request.reason
    assert summary.outcome == Outcome.RESOLVED_BY_HUMAN


async def test_a_worker_with_a_laxer_policy_allows_nothing_more(night_of: NightOf) -> None:
    """The incident began under a policy that only observes, and ends by it."""
    observing = Policy(calendar=POLICY.calendar, allow=POLICY.allow)
    async with night_of(World(policy=observing, workers_policy=POLICY)) as night:
        handle = await night.open()
        seen = await night.until(handle, lambda v: v.attempts != (), "an attempt", step_s=1)
    assert seen.attempts[0].gate.reason == "this installation only observes: the plan is a dry run"
    assert "by the policy" not in str(texts(seen, Kind.GATE))
    assert night.world.remediator.executions == 0


async def test_an_approval_that_is_enough_for_the_incident_alone_lets_nothing_run(night_of: NightOf) -> None:
    """Its copy of the policy believes a claim, the worker's own does not. Who starts an incident writes it."""
    proven = POLICY.model_copy(update={"claimed_identity_up_to": Risk.OBSERVE})
    async with night_of(frozen(World(workers_policy=proven))) as night:
        handle = await night.open()
        await decide(handle, decision(await asked(night, handle)))
        seen = await night.until(handle, lambda v: v.attempts != (), "an attempt", step_s=1)
    assert (seen.attempts[0].gate.ruling, seen.attempts[0].gate.clause) == (Ruling.REFUSE, "approval")
    assert seen.attempts[0].gate.reason == (
        "by the policy that the worker has now: risk LOW needs a proven approval, and ana's came without a proof"
    )
    assert night.world.remediator.executions == 0
