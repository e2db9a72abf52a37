"""Acting: name what will be touched, touch it, and let go of the target whatever happens."""

from dataclasses import dataclass

from temporalio import workflow
from temporalio.exceptions import ActivityError

with workflow.unsafe.imports_passed_through():
    from activities.remediation import Execute, Release, RemediationActivities
    from domain.approval import Decision
    from domain.incident import Executed, State
    from domain.plan import Plan
    from domain.timeline import Kind
    from domain.view import Next
    from workflows import options
    from workflows.calls import reason
    from workflows.record import Record


@dataclass(frozen=True)
class Acted:
    """What became of a plan that was allowed: done, or why it could not be done.

    Neither: a person's word came after the gate's, and nothing was touched.
    """

    executed: Executed | None = None
    error: str | None = None


STOOD_DOWN = "a person took over before anything was touched"


async def act(record: Record, plan: Plan, decision: Decision | None, state: State) -> Acted:
    """Carry the plan out. Its reservation is there already."""
    try:
        order = await _order(plan, decision)
        if record.hands_off_by is not None or record.over:
            await _release(record, plan, STOOD_DOWN)
            return Acted()
        executed = await _execute(record, order, state)
    except ActivityError as error:
        record.note(workflow.now(), Kind.ACTION, "remediation", f"{plan.action} failed: {reason(error)}")
        await _release(record, plan, f"failed: {reason(error)}")
        return Acted(error=reason(error))
    record.note(workflow.now(), Kind.ACTION, "remediation", f"{plan.action} on {plan.target}: {executed.detail}")
    await _release(record, plan, "executed")
    return Acted(executed=executed)


async def _order(plan: Plan, decision: Decision | None) -> Execute:
    """What exactly will be touched, and on whose word. History keeps it, so that a retry touches nothing else."""
    intent = await workflow.execute_activity_method(
        RemediationActivities.intend, plan, summary="name what will be touched", **options.PREPARE
    )
    return Execute(
        plan=plan, intent=intent, actor=decision.actor if decision else "remediation",
        door=decision.door if decision else "automatic",
    )  # fmt: skip


async def _execute(record: Record, order: Execute, state: State) -> Executed:
    plan = order.plan
    record.enter(state, workflow.now(), Next(text=plan.sentence))
    return await workflow.execute_activity_method(
        RemediationActivities.execute, order, summary=plan.sentence[:190], **options.act(plan)
    )


async def _release(record: Record, plan: Plan, result: str) -> None:
    """A reservation also expires by itself; letting go early is a courtesy that may fail."""
    ended = Release(incident=record.incident, attempt=plan.attempt, result=result, at=workflow.now())
    try:
        await workflow.execute_activity_method(
            RemediationActivities.release, ended, summary=f"let go of {plan.target}", **options.PREPARE
        )
    except ActivityError as error:
        text = f"{plan.target} stays reserved until it expires: {reason(error)}"
        record.note(workflow.now(), Kind.NOTE, "remediation", text)
