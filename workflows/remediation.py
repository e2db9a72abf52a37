"""One attempt: plan, gate, approval, action, verification. Every way out leaves a reason."""

import asyncio
from enum import StrEnum

from temporalio import workflow
from temporalio.exceptions import ActivityError, is_cancelled_exception

with workflow.unsafe.imports_passed_through():
    from activities.remediation import Execute, Prepare, Release, RemediationActivities, Reserve
    from domain.approval import Decision, Verdict
    from domain.catalogue import Case, choose
    from domain.diagnosis import Diagnosis
    from domain.escalation import Reason
    from domain.gate import Circumstances, GateVerdict, Ruling, gate, strictest
    from domain.incident import Attempt, Executed, State
    from domain.plan import Plan
    from domain.timeline import Kind
    from domain.verification import Recovery, Watch
    from domain.view import Next
    from workflows import options
    from workflows.approval import Approvals
    from workflows.calls import reason
    from workflows.record import Record
    from workflows.verification import before, verify


PASSING = frozenset({"paused", "busy", "unknown", "precheck", "target_limit", "hour_limit"})
"""Clauses of the gate whose objection can pass without anybody's word to this incident."""
UNSEEN = "what was anomalous cannot be measured now, so nobody could tell whether it worked"

_MOOT = "moot"
_TOOK_OVER = "a person took over before anything was touched"


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
    plan = _plan(record)
    if plan is None:
        return Result.STUCK
    watches = await before(record.watches())
    verdict, decision = await _permission(record, approvals, plan, seen=watches is not None)
    record.attempts.append(_attempt(record, plan, verdict, decision))
    record.changed(workflow.now())
    if verdict.clause == _MOOT:
        return Result.MOOT
    return await _carry_out(record, plan, decision, watches or ()) if verdict.ruling is Ruling.RUN else Result.STUCK


async def may_act_now(record: Record) -> bool:
    """Has an objection that passes by itself (a pause, a limit, a store that was away) passed since the last attempt?

    Asked in silence: while it stands, nothing has changed that anybody would want to read.
    """
    last = record.attempts[-1] if record.attempts else None
    if last is None or last.gate.clause not in PASSING:
        return False
    seen = await before(record.watches()) is not None
    verdict = await _gate(record, last.plan, approved=False, seen=seen)
    return verdict.ruling is not Ruling.REFUSE


def _plan(record: Record) -> Plan | None:
    """The catalogue's answer; none is a reason to tell people."""
    diagnosis = record.diagnosis or Diagnosis(confidence_reason="nothing was diagnosed")
    case = Case(
        incident=record.incident, attempt=len(record.attempts) + 1, diagnosis=diagnosis, findings=record.findings,
        services=record.opening.services, policy=record.opening.policy,
    )  # fmt: skip
    choice = choose(case)
    if choice.plan is None:
        why = "; ".join(choice.reasons)
        record.note(workflow.now(), Kind.PLAN, "remediation", f"no plan: {why}")
        record.calls_for(Reason.NO_PLAN, workflow.now(), why)
        return None
    plan = choice.plan
    said = f"{plan.sentence} Risk {plan.risk}, undo: {plan.undo}, digest {plan.short_digest}"
    record.note(workflow.now(), Kind.PLAN, "remediation", said)
    return plan


async def _permission(
    record: Record, approvals: Approvals, plan: Plan, *, seen: bool
) -> tuple[GateVerdict, Decision | None]:
    """Ask the gate, ask a person if it says so, and reserve the target. The last gate's word counts."""
    verdict = await _ask_gate(record, plan, approved=False, seen=seen)
    decision: Decision | None = None
    if verdict.ruling is Ruling.ASK:
        decision = await approvals.ask(plan, verdict)
        if decision is None or decision.verdict is Verdict.REJECT:
            return _refused(record, approvals, verdict, decision), decision
        verdict = await _ask_gate(record, plan, approved=True, seen=seen)
    if verdict.ruling is Ruling.RUN:
        verdict = await _reserve(record, plan, approved=decision is not None)
    if verdict.ruling is not Ruling.RUN and record.hands_off_by is None:  # who took over knows
        record.calls_for(Reason.GATE_REFUSED, workflow.now(), verdict.reason)
    return verdict, decision


def _refused(record: Record, approvals: Approvals, asked: GateVerdict, decision: Decision | None) -> GateVerdict:
    if decision is None and approvals.moot:
        return GateVerdict(ruling=Ruling.REFUSE, clause=_MOOT, reason="there was nothing to decide any more")
    if decision is None:
        record.calls_for(Reason.APPROVAL_EXPIRED, workflow.now(), asked.reason)
        return GateVerdict(ruling=Ruling.REFUSE, clause="expired", reason=f"nobody decided in time: {asked.reason}")
    said = f"{decision.who} rejected it" + (f": {decision.comment}" if decision.comment else "")
    record.calls_for(Reason.APPROVAL_REFUSED, workflow.now(), said)
    return GateVerdict(ruling=Ruling.REFUSE, clause="rejected", reason=said)


def _circumstances(record: Record, *, approved: bool, precheck: str | None) -> Circumstances:
    return Circumstances(
        confidence=record.diagnosis.confidence if record.diagnosis else 0.0,
        hands_off=record.hands_off_by is not None, approved=approved, precheck=precheck, now=workflow.now(),
    )  # fmt: skip


async def _ask_gate(record: Record, plan: Plan, *, approved: bool, seen: bool) -> GateVerdict:
    verdict = await _gate(record, plan, approved=approved, seen=seen)
    record.note(workflow.now(), Kind.GATE, "safety gate", f"{verdict.ruling}: {verdict.reason}")
    return verdict


async def _gate(record: Record, plan: Plan, *, approved: bool, seen: bool) -> GateVerdict:
    """Without the controls nobody knows whether automation is paused: then it does not act.

    The policy that the worker has now is asked as well as the incident's own copy, and the stricter answer counts.
    `seen`: what was anomalous can be measured now. An action whose effect nobody could verify is not taken.
    """
    before_precheck = _circumstances(record, approved=approved, precheck=None if seen else UNSEEN)
    asked = Prepare(plan=plan, circumstances=before_precheck)
    try:
        prepared = await workflow.execute_activity_method(
            RemediationActivities.prepare, asked, summary="read controls and precheck", **options.PREPARE
        )
    except ActivityError as error:
        return GateVerdict(ruling=Ruling.REFUSE, clause="unknown", reason=f"prechecks failed: {reason(error)}")
    record.paused = prepared.controls.paused
    precheck = prepared.precheck or before_precheck.precheck
    circumstances = _circumstances(record, approved=approved, precheck=precheck)
    return strictest(gate(plan, record.opening.policy, prepared.controls, circumstances), prepared.current)


async def _reserve(record: Record, plan: Plan, *, approved: bool) -> GateVerdict:
    asked = Reserve(
        plan=plan, policy=record.opening.policy,
        circumstances=_circumstances(record, approved=approved, precheck=None),
    )  # fmt: skip
    try:
        verdict = await workflow.execute_activity_method(
            RemediationActivities.reserve, asked, summary=f"reserve {plan.target}", **options.PREPARE
        )
    except ActivityError as error:
        return GateVerdict(ruling=Ruling.REFUSE, clause="unknown", reason=f"no reservation: {reason(error)}")
    if verdict.ruling is not Ruling.RUN:
        record.note(workflow.now(), Kind.GATE, "safety gate", f"{verdict.ruling}: {verdict.reason}")
    return verdict


def _attempt(record: Record, plan: Plan, verdict: GateVerdict, decision: Decision | None) -> Attempt:
    approved = decision.who if decision and decision.verdict is Verdict.APPROVE else None
    return Attempt(number=len(record.attempts) + 1, plan=plan, gate=verdict, approved_by=approved)


async def _carry_out(record: Record, plan: Plan, decision: Decision | None, watches: tuple[Watch, ...]) -> Result:
    """Act, let go of the target whatever happens, and verify."""
    try:
        order = await _order(plan, decision)
        if record.hands_off_by is not None or record.over:
            return await _stand_down(record, plan)
        executed = await _execute(record, order)
    except ActivityError as error:
        if _was_called_off(record, error):
            return await _called_off(record, plan)
        record.update_last_attempt(workflow.now(), error=reason(error))
        record.note(workflow.now(), Kind.ACTION, "remediation", f"{plan.action} failed: {reason(error)}")
        await _release(record, plan, f"failed: {reason(error)}")
        return Result.NOT_FIXED
    record.update_last_attempt(workflow.now(), executed=executed)
    record.note(workflow.now(), Kind.ACTION, "remediation", f"{plan.action} on {plan.target}: {executed.detail}")
    await _release(record, plan, "executed")
    return await _check(record, watches)


async def _order(plan: Plan, decision: Decision | None) -> Execute:
    """What exactly will be touched, and on whose word. History keeps it, so that a retry touches nothing else."""
    intent = await workflow.execute_activity_method(
        RemediationActivities.intend, plan, summary="name what will be touched", **options.PREPARE
    )
    return Execute(
        plan=plan, intent=intent, actor=decision.who if decision else "remediation",
        door=decision.door if decision else "automatic",
    )  # fmt: skip


async def _stand_down(record: Record, plan: Plan) -> Result:
    """A person's word came after the gate's, and before the action was given to anybody."""
    _untouched(record)
    await _release(record, plan, _TOOK_OVER)
    return Result.STUCK


def _untouched(record: Record) -> None:
    verdict = GateVerdict(ruling=Ruling.REFUSE, clause="hands_off", reason=_TOOK_OVER)
    record.update_last_attempt(workflow.now(), gate=verdict)
    record.note(workflow.now(), Kind.GATE, "safety gate", f"{verdict.ruling}: {verdict.reason}")


async def _execute(record: Record, order: Execute) -> Executed:
    """A person who takes over, or ends the incident, calls off what no worker has begun; what was begun is finished."""
    plan = order.plan
    record.enter(State.ACTING, workflow.now(), Next(text=plan.sentence))
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


async def _called_off(record: Record, plan: Plan) -> Result:
    """It was waiting for a worker: for the first time, or for a further one, and then it may have touched something."""
    begun = await _release(record, plan, "called off by a person")
    if begun is False:
        _untouched(record)
        return Result.STUCK
    said = "called off by a person before it was tried again; what the tries before did is in the audit log"
    record.update_last_attempt(workflow.now(), error=said)
    record.note(workflow.now(), Kind.ACTION, "remediation", f"{plan.action} {said}")
    return Result.STUCK


async def _release(record: Record, plan: Plan, result: str) -> bool | None:
    """A reservation also expires by itself; letting go early is a courtesy that may fail.

    Had a worker begun the attempt? None: nobody can tell.
    """
    ended = Release(incident=record.incident, attempt=plan.attempt, result=result, at=workflow.now())
    try:
        return await workflow.execute_activity_method(
            RemediationActivities.release, ended, summary=f"let go of {plan.target}", **options.PREPARE
        )
    except ActivityError as error:
        text = f"{plan.target} stays reserved until it expires: {reason(error)}"
        record.note(workflow.now(), Kind.NOTE, "remediation", text)
        return None


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
