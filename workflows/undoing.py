"""Undo: what did not help is taken back, where that can be done, and only with an approval of its own."""

from temporalio import workflow

with workflow.unsafe.imports_passed_through():
    from domain.catalogue import entry_of
    from domain.escalation import Reason
    from domain.gate import Ruling
    from domain.incident import State, Undo
    from domain.plan import Plan
    from domain.timeline import Kind
    from domain.view import Next
    from workflows.acting import Acted, act
    from workflows.approval import Approvals
    from workflows.pausing import wait_as_asked
    from workflows.permission import CHANGED, WELL, permission
    from workflows.record import Record
    from workflows.verification import Sight, before

# A person's own answers, and what nobody has to decide any more: no failure of the machine. What helped late stays.
_DECIDED = frozenset({"rejected", "moot", WELL})


async def undo(record: Record, approvals: Approvals) -> bool:
    """Take the last attempt back. False: it could not be done, and people were called with the steps to do it by hand.

    A plan of its own goes the way of every plan. Whoever refuses it has decided that what was done stays; when nobody
    decides in time, nobody has.
    """
    last = record.attempts[-1]
    plans = entry_of(last.plan.action).undo_plan
    if plans is None or last.executed is None or record.over:
        return True
    plan = plans(last.plan, last.executed)
    record.planned = record.parted
    record.enter(State.UNDOING, workflow.now(), Next(text=f"It did not help. {plan.sentence}"))
    said = f"undo: {plan.sentence} Risk {plan.risk}, digest {plan.short_digest}"
    record.note(workflow.now(), Kind.PLAN, "remediation", said)
    return await _try(record, approvals, plan)


async def _try(record: Record, approvals: Approvals, plan: Plan) -> bool:
    given = await permission(record, approvals, plan, lambda: _sight(record))
    verdict, decision = given.verdict, given.decision
    _keep(record, Undo(plan=plan, gate=verdict))
    if verdict.clause == CHANGED and decision is not None and decision.change is not None:
        await wait_as_asked(record, decision.change.wait_min or 0)  # the only thing that can be asked for here
        return record.over or await _try(record, approvals, plan)
    if verdict.ruling is not Ruling.RUN:
        return verdict.clause in _DECIDED or _failed(record, plan, f"not done: {verdict.reason}")
    acted = await act(record, plan, decision, State.UNDOING)
    approved = decision.actor if decision else None
    _keep(record, Undo(
        plan=plan, gate=acted.stood_down or verdict, approved_by=approved, executed=acted.executed, error=acted.error,
    ))  # fmt: skip
    return _judge(record, plan, acted)


async def _sight(record: Record) -> Sight:
    """That nothing got better was measured before: what the undo does could be measured too, also while it is dark."""
    sight = await before(record)
    return Sight(sight.watches or (), sight.well)


def _judge(record: Record, plan: Plan, acted: Acted) -> bool:
    if acted.executed is None:
        return _failed(record, plan, acted.stood_down.reason if acted.stood_down else acted.error or "not done")
    return acted.executed.complete or _failed(record, plan, acted.executed.detail)


def _failed(record: Record, plan: Plan, why: str) -> bool:
    """People are called at once, with the exact steps."""
    steps = "; ".join(entry_of(plan.action).by_hand(plan))
    said = f"{plan.action} on {plan.target}: {why.rstrip('.')}. By hand: {steps}"
    record.note(workflow.now(), Kind.NOTE, "remediation", f"the undo failed: {said}")
    record.calls_for(Reason.UNDO_FAILED, workflow.now(), said)
    return False


def _keep(record: Record, done: Undo) -> None:
    record.update_last_attempt(workflow.now(), undo=done)
