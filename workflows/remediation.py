"""One attempt: plan, permission, action, verification, and undo of what did not help. Every way out has a reason."""

from enum import StrEnum

from temporalio import workflow

with workflow.unsafe.imports_passed_through():
    from domain.approval import Decision, Verdict
    from domain.catalogue import choose
    from domain.change import Change, changed
    from domain.diagnosis import Diagnosis
    from domain.escalation import Reason
    from domain.gate import GateVerdict, Ruling
    from domain.incident import Attempt, State
    from domain.plan import Plan
    from domain.timeline import Kind
    from domain.verification import Recovery, Watch
    from workflows.acting import REGROUPED, act
    from workflows.approval import Approvals
    from workflows.casing import case_of
    from workflows.pausing import wait_as_asked
    from workflows.permission import CHANGED, MOOT, PASSING, gate_in_silence, permission
    from workflows.record import Record
    from workflows.undoing import undo
    from workflows.verification import before, verify


_DARK = "what watches the services is in trouble itself, so what it shows proves nothing"


class Result(StrEnum):
    """What an attempt came to. MOOT: the question was settled by something else, so what is true now must be seen.
    STUCK: the machine can do no more now, people are told why.
    """

    RECOVERED = "recovered"
    NOT_FIXED = "not fixed"
    MOOT = "moot"
    STUCK = "stuck"


async def attempt(record: Record, approvals: Approvals) -> Result:
    """Try to fix it once, by the rules."""
    record.planned = record.parted
    plan = _plan(record)
    return Result.STUCK if plan is None else await _try(record, approvals, plan)


async def _try(record: Record, approvals: Approvals, plan: Plan) -> Result:
    """Show the plan to the gate, and to a person if it says so; then carry out that or what they want instead."""
    given = await permission(record, approvals, plan, lambda: before(record))
    verdict, decision = given.verdict, given.decision
    record.tries(_attempt(record, plan, verdict, decision), workflow.now())
    if verdict.clause == MOOT:
        return Result.MOOT
    if verdict.clause == CHANGED and decision is not None and decision.change is not None:
        return await _otherwise(record, approvals, plan, decision.change)
    if verdict.ruling is not Ruling.RUN:
        return Result.STUCK
    return await _carry_out(record, approvals, decision, given.watches)


async def _otherwise(record: Record, approvals: Approvals, plan: Plan, change: Change) -> Result:
    """Another plan with a digest of its own, through the gate from the beginning; or later, from what is seen then."""
    if change.wait_min is not None:
        await wait_as_asked(record, change.wait_min)
        return Result.MOOT
    another = changed(plan, change, record.next_attempt)
    said = f"{another.sentence} Risk {another.risk}, undo: {another.undo}, digest {another.short_digest}"
    record.note(workflow.now(), Kind.PLAN, "remediation", f"instead of {plan.short_digest}: {said}")
    return await _try(record, approvals, another)


async def may_act_now(record: Record) -> bool:
    """Has an objection that passes by itself (a pause, a limit, a store that was away) passed since the last attempt?

    Asked in silence: while it stands, nothing has changed that anybody would want to read.
    """
    last = record.attempts[-1] if record.attempts else None
    if last is None or last.gate.clause not in PASSING:
        return False
    verdict = await gate_in_silence(record, last.plan, await before(record), approved=False)
    return verdict.ruling is not Ruling.REFUSE


def _plan(record: Record) -> Plan | None:
    """The catalogue's answer; none is a reason to tell people. Nothing is done on what cannot be seen."""
    if record.in_the_dark:
        record.note(workflow.now(), Kind.PLAN, "remediation", f"no plan: {_DARK}")
        return None
    choice = choose(case_of(record, record.diagnosis or Diagnosis(confidence_reason="nothing was diagnosed")))
    if choice.plan is None:
        why = "; ".join(choice.reasons)
        record.note(workflow.now(), Kind.PLAN, "remediation", f"no plan: {why}")
        record.calls_for(Reason.NO_PLAN, workflow.now(), why)
        return None
    plan = choice.plan
    said = f"{plan.sentence} Risk {plan.risk}, undo: {plan.undo}, digest {plan.short_digest}"
    record.note(workflow.now(), Kind.PLAN, "remediation", said)
    return plan


def _attempt(record: Record, plan: Plan, verdict: GateVerdict, decision: Decision | None) -> Attempt:
    approved = decision.actor if decision and decision.verdict is Verdict.APPROVE else None
    return Attempt(number=record.next_attempt, plan=plan, gate=verdict, approved_by=approved)


async def _carry_out(
    record: Record, approvals: Approvals, decision: Decision | None, watches: tuple[Watch, ...]
) -> Result:
    """Act and verify. What was measured not to help is taken back where the catalogue knows how."""
    acted = await act(record, record.attempts[-1].plan, decision, State.ACTING)
    if acted.error is not None:
        record.update_last_attempt(workflow.now(), error=acted.error)
        return Result.STUCK if record.hands_off_by is not None else Result.NOT_FIXED
    if acted.stood_down is not None:
        return _stand_down(record, acted.stood_down)
    record.update_last_attempt(workflow.now(), executed=acted.executed)
    result = await _check(record, watches)
    verification = record.attempts[-1].verification
    not_better = verification is not None and verification.recovery is Recovery.NOT_BETTER
    if not_better and not await undo(record, approvals):
        return Result.STUCK
    return result


def _stand_down(record: Record, verdict: GateVerdict) -> Result:
    """A person's word came after the gate's, and before anything was touched. What was regrouped is looked at anew."""
    record.update_last_attempt(workflow.now(), gate=verdict)
    record.note(workflow.now(), Kind.GATE, "safety gate", f"{verdict.ruling}: {verdict.reason}")
    return Result.MOOT if verdict.clause == REGROUPED else Result.STUCK


async def _check(record: Record, watches: tuple[Watch, ...]) -> Result:
    verdict = await verify(record, watches)
    if verdict is None:
        return Result.STUCK
    record.update_last_attempt(workflow.now(), verification=verdict)
    match verdict.recovery:
        case Recovery.RECOVERED:
            return Result.RECOVERED
        case Recovery.CANNOT_TELL:
            record.calls_for(Reason.CANNOT_TELL, workflow.now(), verdict.reason)
            return Result.STUCK
        case _:
            return Result.NOT_FIXED
