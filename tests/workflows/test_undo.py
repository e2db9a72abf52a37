"""A release was taken back and nothing got better: it is rolled forward, on a word of its own, or people get the steps.

The real workflow, gate and catalogue; the cluster is a stand-in.
"""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from temporalio import activity
from temporalio.exceptions import ApplicationError

from domain.escalation import Reason
from domain.finding import Category, Finding, Source
from domain.incident import Executed, Outcome, State
from domain.levels import Severity
from domain.plan import Action, Plan
from domain.question import Question
from domain.services import Deployment, Service, ServiceMap
from integrations.ports import Intent, Remediator
from tests.workflows.asking import asked, decision
from tests.workflows.conftest import NightOf
from tests.workflows.night import Night, view
from tests.workflows.world import POLICY, SERVICES, Handle, World, with_row

TARGET = "deployment/shop/orders"
STEPS = "kubectl --namespace shop rollout undo deployment/orders --to-revision=8"


class FakeRollouts:
    """A deployment that can be put back and forth. `fails` makes execute raise; `stuck`: the rollout does not end."""

    def __init__(self, action: Action, world: "Released") -> None:
        self.action = action
        self.world = world
        self.fails: ApplicationError | None = None
        self.stuck = False

    def precheck(self, plan: Plan) -> str | None:
        return None

    def intend(self, plan: Plan) -> Intent:
        return Intent(digest=plan.digest, items=(f"revision {plan.parameters['revision']}",), before={})

    def execute(self, plan: Plan, intent: Intent) -> Executed:
        if self.fails is not None:
            raise self.fails
        self.world.done.append((plan.action, plan.parameters["revision"]))
        self.world.acted()
        now = datetime.now(UTC)
        return Executed(
            started_at=now, ended_at=now, affected=3, before={}, complete=not self.stuck,
            after={"revision": 9, "template_hash": "hash7"}, detail=f"{plan.action} done",
        )  # fmt: skip


class Released(World):
    """Revision 8 came two minutes before the trouble; `cures` says what taking it back shows."""

    def __post_init__(self) -> None:
        super().__post_init__()
        self.category = Category.BAD_DEPLOYMENT
        self.policy = POLICY.model_copy(update={"allow": ("deployment/shop/*",)})
        self.done: list[tuple[Action, Any]] = []
        self.back = FakeRollouts(Action.ROLLBACK_DEPLOYMENT, self)
        self.forward = FakeRollouts(Action.ROLL_FORWARD, self)

    @property
    def services(self) -> ServiceMap:
        orders = Service(name="orders", deployment=Deployment(namespace="shop", name="orders"))
        return SERVICES.model_copy(update={"services": (orders,)})

    @property
    def remediators(self) -> Sequence[Remediator]:
        return (self.back, self.forward)

    def _look(self, name: str, source: Source) -> Any:
        scripted = super()._look(name, source)

        @activity.defn(name=name)
        async def look(question: Question) -> tuple[Finding, ...]:
            found: tuple[Finding, ...] = await scripted(question)
            return tuple(_release(f, question) for f in found) if source is Source.CHANGES else found

        return look


def _release(finding: Finding, question: Question) -> Finding:
    return finding.model_copy(update={"kind": "rollout", "service": "orders", "facts": {
        "target": TARGET, "uid": "u1", "revision": 8, "template_hash": "hash8", "to_revision": 7, "revisions": "7",
        "fingerprint": "print8", "releases": "7:print7",
        "at": question.onset.isoformat(), "before_onset_s": 120.0, "runs_now": True, "returned": False,
    }})  # fmt: skip


async def _not_better(night: Night) -> Handle:
    """The rollback was approved, was done, and did not help: the roll forward waits for a decision."""
    handle = await night.open()
    first = await asked(night, handle)
    assert first.action is Action.ROLLBACK_DEPLOYMENT
    await handle.signal("approve", decision(first))
    await night.until(handle, lambda v: v.waiting is not None and v.waiting.digest != first.digest, "another question")
    return handle


@pytest.fixture
def world() -> Released:
    return Released(cures=(0.4,))


async def test_what_did_not_help_is_taken_back_on_a_word_of_its_own(night_of: NightOf, world: Released) -> None:
    async with night_of(world) as night:
        handle = await _not_better(night)
        request = await asked(night, handle)
        assert (request.action, request.risk.value) == (Action.ROLL_FORWARD, "HIGH")
        assert world.done == [(Action.ROLLBACK_DEPLOYMENT, 7)]
        await handle.signal("approve", decision(request, who="mia"))
        seen = await night.until(
            handle, lambda v: v.attempts[0].undo is not None and v.attempts[0].undo.executed is not None, "the undo"
        )
        rows = night.world.audit.rows(seen.incident)
    assert world.done == [(Action.ROLLBACK_DEPLOYMENT, 7), (Action.ROLL_FORWARD, 8)]
    assert seen.attempts[0].undo is not None
    assert "mia" in str(seen.attempts[0].undo.approved_by)
    assert "undoing" in [entry.text for entry in seen.timeline]
    assert [r.action for r in rows if "ROLL" in r.action] == ["ROLLBACK_DEPLOYMENT", "ROLL_FORWARD"]
    assert Reason.UNDO_FAILED not in [r.reason for r in seen.clock.raised]


async def test_an_undo_that_a_person_approved_and_that_cured_it_is_that_persons(night_of: NightOf) -> None:
    """The rollback made nothing better; rolled forward again it is well."""
    world = Released(cures=(0.4, 0.0))
    world.policy = with_row(world.policy, Severity.HIGH, attempts=1)
    async with night_of(world) as night:
        handle = await _not_better(night)
        await handle.signal("approve", decision(await asked(night, handle), who="mia"))
        summary = await night.end(handle)
        seen = await view(handle)
    assert world.done == [(Action.ROLLBACK_DEPLOYMENT, 7), (Action.ROLL_FORWARD, 8)]
    assert summary.outcome == Outcome.RESOLVED_BY_HUMAN
    assert [a.held for a in seen.attempts] == [None]


async def test_what_helped_is_not_taken_back(night_of: NightOf) -> None:
    world = Released(cures=(0.0,))
    async with night_of(world) as night:
        handle = await night.open()
        await handle.signal("approve", decision(await asked(night, handle)))
        await night.end(handle)
        seen = await view(handle)
    assert seen.attempts[0].undo is None
    assert world.done == [(Action.ROLLBACK_DEPLOYMENT, 7)]


async def test_who_says_no_to_the_undo_has_decided_that_it_stays(night_of: NightOf, world: Released) -> None:
    async with night_of(world) as night:
        handle = await _not_better(night)
        await handle.signal("reject", decision(await asked(night, handle), comment="it stays"))
        seen = await night.until(handle, lambda v: v.state is State.WAITING_FOR_PEOPLE, "waiting for people")
    assert world.done == [(Action.ROLLBACK_DEPLOYMENT, 7)]
    assert seen.attempts[0].undo is not None
    assert "rejected it: it stays" in seen.attempts[0].undo.words
    assert Reason.UNDO_FAILED not in [r.reason for r in seen.clock.raised]


@pytest.mark.parametrize("how", ["it raises", "it gets stuck", "automation is paused"])
async def test_an_undo_that_fails_calls_people_at_once_with_the_steps(
    night_of: NightOf, world: Released, how: str
) -> None:
    async with night_of(world) as night:
        handle = await _not_better(night)
        if how == "it raises":
            world.forward.fails = ApplicationError("the quota is full", type="Rejected", non_retryable=True)
        elif how == "it gets stuck":
            world.forward.stuck = True
        else:
            world.guard.pause("mia", "a move", None, datetime(2000, 1, 1, tzinfo=UTC))
        await handle.signal("approve", decision(await asked(night, handle)))
        seen = await night.until(
            handle, lambda v: any(Reason.UNDO_FAILED in t.reasons for t in v.clock.told), "people who are called"
        )
    (raised,) = [r for r in seen.clock.raised if r.reason is Reason.UNDO_FAILED]
    assert STEPS in raised.detail
    told = next(t for t in seen.clock.told if Reason.UNDO_FAILED in t.reasons)
    assert told.awaits
    assert any(STEPS in message.text for channel in world.channels for message in channel.sent.values())


async def test_an_undo_that_nobody_decides_on_in_time_calls_people_with_the_steps(
    night_of: NightOf, world: Released
) -> None:
    """The target has passed when it is asked: it waits two minutes all the same."""
    world.policy = with_row(world.policy, Severity.HIGH, mttr_target_min=1)
    async with night_of(world) as night:
        handle = await _not_better(night)
        request = await asked(night, handle)
        seen = await night.until(
            handle, lambda v: Reason.UNDO_FAILED in [r.reason for r in v.clock.raised], "the steps", step_s=15
        )
    assert request.asked_at > seen.sla_due
    assert request.deadline - request.asked_at == timedelta(minutes=2)
    assert STEPS in next(r.detail for r in seen.clock.raised if r.reason is Reason.UNDO_FAILED)
    assert world.done == [(Action.ROLLBACK_DEPLOYMENT, 7)]


async def test_who_took_over_is_given_the_steps(night_of: NightOf, world: Released) -> None:
    """Hands off stops the undo too."""
    async with night_of(world) as night:
        world.hold_at("sample")
        handle = await night.open()
        world.let_go()
        await handle.signal("approve", decision(await asked(night, handle)))
        await night.until(handle, lambda v: v.state is State.VERIFYING, "verifying")
        await handle.signal("take", {"who": "mia"})
        seen = await night.until(
            handle, lambda v: Reason.UNDO_FAILED in [r.reason for r in v.clock.raised], "the steps", step_s=15
        )
    assert world.done == [(Action.ROLLBACK_DEPLOYMENT, 7)]
    assert STEPS in next(r.detail for r in seen.clock.raised if r.reason is Reason.UNDO_FAILED)
