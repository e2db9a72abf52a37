"""Acting: name what will be touched, touch it, and let go of the target whatever happens."""

import asyncio
from dataclasses import dataclass

from temporalio import workflow
from temporalio.exceptions import ActivityError, is_cancelled_exception

with workflow.unsafe.imports_passed_through():
    from activities.remediation import Execute, Release, RemediationActivities
    from domain.approval import Decision
    from domain.gate import GateVerdict, Ruling
    from domain.incident import Executed, State
    from domain.plan import Plan
    from domain.timeline import Kind
    from domain.view import Next
    from workflows import options
    from workflows.calls import reason
    from workflows.record import Record
    from workflows.timers import happens


@dataclass(frozen=True)
class Acted:
    """What became of a plan that was allowed: done, or why it could not be done.

    `stood_down`: a person's word came after the gate's, and nothing was touched.
    """

    executed: Executed | None = None
    error: str | None = None
    stood_down: GateVerdict | None = None


WORTH_WAITING_S = 60.0
"""How long an incident waits for its target to be let go before it goes on meanwhile."""
REGROUPED = "regrouped"
_HANDS_OFF = GateVerdict(
    ruling=Ruling.REFUSE, clause="hands_off", reason="a person took over before anything was touched"
)
_REGROUPED = GateVerdict(
    ruling=Ruling.REFUSE, clause=REGROUPED,
    reason="people merged or split the incident before anything was touched, so it was planned for another trouble",
)  # fmt: skip


async def act(record: Record, plan: Plan, decision: Decision | None, state: State) -> Acted:
    """Carry the plan out. Its reservation is there already."""
    try:
        order = await _order(plan, decision)
        objection = _objection(record)
        if objection is not None:
            await _release(record, plan, objection.reason)
            return Acted(stood_down=objection)
        executed = await _execute(record, order, state)
    except ActivityError as error:
        if _was_called_off(record, error):
            return await _called_off(record, plan)
        record.note(workflow.now(), Kind.ACTION, "remediation", f"{plan.action} failed: {reason(error)}")
        await _release(record, plan, f"failed: {reason(error)}")
        return Acted(error=reason(error))
    record.note(workflow.now(), Kind.ACTION, "remediation", f"{plan.action} on {plan.target}: {executed.detail}")
    await _release(record, plan, "executed")
    return Acted(executed=executed)


def _objection(record: Record) -> GateVerdict | None:
    """What people said after the gate was asked. From here to the state that refuses to merge and split is no wait."""
    if record.hands_off_by is not None or record.over:
        return _HANDS_OFF
    return _REGROUPED if record.regrouped else None


async def _order(plan: Plan, decision: Decision | None) -> Execute:
    """What exactly will be touched, and on whose word. History keeps it, so that a retry touches nothing else."""
    intent = await workflow.execute_activity_method(
        RemediationActivities.intend, plan, summary="name what will be touched", **options.PREPARE
    )
    return Execute(
        plan=plan, intent=intent, actor=decision.actor if decision else "remediation",
        door=decision.door if decision else "automatic", approval=decision,
    )  # fmt: skip


async def _execute(record: Record, order: Execute, state: State) -> Executed:
    """A person who takes over, or ends the incident, calls off what no worker has begun; what was begun is finished."""
    plan = order.plan
    record.enter(state, workflow.now(), Next(text=plan.sentence))
    acting = workflow.start_activity_method(
        RemediationActivities.execute, order, summary=plan.sentence[:190], **options.act(plan)
    )
    heeding = asyncio.create_task(_heed_people(record, acting))
    try:
        return await acting
    finally:
        heeding.cancel()


async def _heed_people(record: Record, acting: "asyncio.Task[Executed]") -> None:
    await workflow.wait_condition(lambda: record.hands_off_by is not None or record.over)
    acting.cancel()


def _was_called_off(record: Record, error: ActivityError) -> bool:
    """By a person's word to the incident; one that somebody cancelled in Temporal is cancelled as a whole."""
    by_a_person = record.hands_off_by is not None or record.over
    return by_a_person and is_cancelled_exception(error) and workflow.cancellation_reason() is None


async def _called_off(record: Record, plan: Plan) -> Acted:
    """It was waiting for a worker: for the first time, or for a further one, and then it may have touched something."""
    if await _release(record, plan, "called off by a person") is False:
        return Acted(stood_down=_HANDS_OFF)
    said = "called off by a person before it was tried again; what the tries before did is in the audit log"
    record.note(workflow.now(), Kind.ACTION, "remediation", f"{plan.action} {said}")
    return Acted(error=said)


async def _release(record: Record, plan: Plan, result: str) -> bool | None:
    """Let go of the target. While no worker is there to do it, it waits for one beside the incident, which goes on.

    Had a worker begun the attempt? None: nobody can tell, yet.
    """
    letting_go = asyncio.create_task(_let_go(record, plan, result))
    await happens(letting_go.done, WORTH_WAITING_S, f"until {plan.target} is let go")
    return letting_go.result() if letting_go.done() else None


async def _let_go(record: Record, plan: Plan, result: str) -> bool | None:
    """A reservation also expires by itself; letting go early is a courtesy that may fail."""
    ended = Release(incident=record.incident, attempt=plan.attempt, result=result, at=workflow.now())
    try:
        return await workflow.execute_activity_method(
            RemediationActivities.release, ended, summary=f"let go of {plan.target}", **options.RELEASE
        )
    except ActivityError as error:
        text = f"{plan.target} stays reserved until it expires: {reason(error)}"
        record.note(workflow.now(), Kind.NOTE, "remediation", text)
        return None
