"""One attempt: plan, gate, approval, action, verification. Every way out leaves a reason."""

from datetime import timedelta
from enum import StrEnum

from temporalio import workflow
from temporalio.exceptions import ActivityError

with workflow.unsafe.imports_passed_through():
    from activities.remediation import Execute, Prepare, Release, RemediationActivities, Reserve
    from domain.approval import Decision, Verdict
    from domain.catalogue import Case, choose
    from domain.change import Change, changed
    from domain.diagnosis import Diagnosis
    from domain.escalation import Reason
    from domain.gate import Circumstances, GateVerdict, Ruling, gate
    from domain.incident import Attempt, Executed, State
    from domain.plan import Plan
    from domain.timeline import Kind
    from domain.verification import Recovery, Watch
    from domain.view import Next
    from workflows import options
    from workflows.approval import Approvals
    from workflows.calls import reason
    from workflows.record import Record
    from workflows.timers import happens
    from workflows.verification import before, verify


PASSING = frozenset({"paused", "busy", "unknown", "precheck", "target_limit", "hour_limit"})
"""Clauses of the gate whose objection can pass without anybody's word to this incident."""
UNSEEN = "what was anomalous cannot be measured now, so nobody could tell whether it worked"

_MOOT = "moot"
_CHANGED = "changed"


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
    return Result.STUCK if plan is None else await _try(record, approvals, plan)


async def _try(record: Record, approvals: Approvals, plan: Plan) -> Result:
    """Show the plan to the gate, and to a person if it says so; then carry out that or what they want instead."""
    watches = await before(record.watches())
    verdict, decision = await _permission(record, approvals, plan, seen=watches is not None)
    record.attempts.append(_attempt(record, plan, verdict, decision))
    record.changed(workflow.now())
    if verdict.clause == _MOOT:
        return Result.MOOT
    if verdict.clause == _CHANGED and decision is not None and decision.change is not None:
        return await _otherwise(record, approvals, plan, decision.change)
    return await _carry_out(record, plan, decision, watches or ()) if verdict.ruling is Ruling.RUN else Result.STUCK


async def _otherwise(record: Record, approvals: Approvals, plan: Plan, change: Change) -> Result:
    """Another plan with a digest of its own, through the gate from the beginning; or later, from what is seen then."""
    if change.wait_min is not None:
        await _wait(record, change.wait_min)
        return Result.MOOT
    another = changed(plan, change, len(record.attempts) + 1)
    said = f"{another.sentence} Risk {another.risk}, undo: {another.undo}, digest {another.short_digest}"
    record.note(workflow.now(), Kind.PLAN, "remediation", f"instead of {plan.short_digest}: {said}")
    return await _try(record, approvals, another)


async def _wait(record: Record, minutes: int) -> None:
    """As a person asked. News, a person's word or the end of all alerts cut it short."""
    until = workflow.now() + timedelta(minutes=minutes)
    text = f"As a person asked, the machine looks again at {until:%H:%M:%S} UTC and plans anew"
    record.enter(State.DIAGNOSED, workflow.now(), Next(text=text, at=until))
    resolved = record.all_resolved
    await happens(
        lambda: record.over or record.news or record.hands_off_by is not None or record.all_resolved != resolved,
        timedelta(minutes=minutes), "wait as a person asked, then plan anew",
    )  # fmt: skip


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
        if decision is None or decision.verdict is not Verdict.APPROVE:
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
    why = f": {decision.comment}" if decision.comment else ""
    if decision.change is not None:
        said = f"{decision.actor} asked for another plan: {decision.change.words}{why}"
        return GateVerdict(ruling=Ruling.REFUSE, clause=_CHANGED, reason=said)
    said = f"{decision.actor} rejected it{why}"
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

    `seen`: what was anomalous can be measured now. An action whose effect nobody could verify is not taken.
    """
    asked = Prepare(plan=plan, now=workflow.now())
    try:
        prepared = await workflow.execute_activity_method(
            RemediationActivities.prepare, asked, summary="read controls and precheck", **options.PREPARE
        )
    except ActivityError as error:
        return GateVerdict(ruling=Ruling.REFUSE, clause="unknown", reason=f"prechecks failed: {reason(error)}")
    record.paused = prepared.controls.paused
    precheck = prepared.precheck or (None if seen else UNSEEN)
    circumstances = _circumstances(record, approved=approved, precheck=precheck)
    return gate(plan, record.opening.policy, prepared.controls, circumstances)


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
    approved = decision.actor if decision and decision.verdict is Verdict.APPROVE else None
    return Attempt(number=len(record.attempts) + 1, plan=plan, gate=verdict, approved_by=approved)


async def _carry_out(record: Record, plan: Plan, decision: Decision | None, watches: tuple[Watch, ...]) -> Result:
    """Act, let go of the target whatever happens, and verify."""
    try:
        order = await _order(plan, decision)
        if record.hands_off_by is not None or record.over:
            return await _stand_down(record, plan)
        executed = await _execute(record, order)
    except ActivityError as error:
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
        plan=plan, intent=intent, actor=decision.actor if decision else "remediation",
        door=decision.door if decision else "automatic",
    )  # fmt: skip


async def _stand_down(record: Record, plan: Plan) -> Result:
    """A person's word came after the gate's, and before anything was touched."""
    why = "a person took over before anything was touched"
    verdict = GateVerdict(ruling=Ruling.REFUSE, clause="hands_off", reason=why)
    record.update_last_attempt(workflow.now(), gate=verdict)
    record.note(workflow.now(), Kind.GATE, "safety gate", f"{verdict.ruling}: {verdict.reason}")
    await _release(record, plan, why)
    return Result.STUCK


async def _execute(record: Record, order: Execute) -> Executed:
    plan = order.plan
    record.enter(State.ACTING, workflow.now(), Next(text=plan.sentence))
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
