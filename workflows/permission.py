"""Permission: the gate is asked, a person if it says so, and the target is reserved. The last word counts."""

from temporalio import workflow
from temporalio.exceptions import ActivityError

with workflow.unsafe.imports_passed_through():
    from activities.remediation import Prepare, RemediationActivities, Reserve
    from domain.approval import Decision, Verdict
    from domain.escalation import Reason
    from domain.gate import Circumstances, GateVerdict, Ruling, gate, strictest
    from domain.plan import Plan
    from domain.timeline import Kind
    from workflows import options
    from workflows.approval import Approvals
    from workflows.calls import reason
    from workflows.record import Record

PASSING = frozenset({"paused", "busy", "unknown", "precheck", "target_limit", "hour_limit"})
"""Clauses of the gate whose objection can pass without anybody's word to this incident."""
UNSEEN = "nothing that was anomalous can be seen to be so now, so nobody could tell whether it worked"
MOOT = "moot"
CHANGED = "changed"


async def permission(
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
        verdict = await _reserve(record, plan, decision)
    if verdict.ruling is not Ruling.RUN and record.hands_off_by is None:  # who took over knows
        record.calls_for(Reason.GATE_REFUSED, workflow.now(), verdict.reason)
    return verdict, decision


def _refused(record: Record, approvals: Approvals, asked: GateVerdict, decision: Decision | None) -> GateVerdict:
    if decision is None and approvals.moot:
        return GateVerdict(ruling=Ruling.REFUSE, clause=MOOT, reason="there was nothing to decide any more")
    if decision is None:
        record.calls_for(Reason.APPROVAL_EXPIRED, workflow.now(), asked.reason)
        return GateVerdict(ruling=Ruling.REFUSE, clause="expired", reason=f"nobody decided in time: {asked.reason}")
    why = f": {decision.comment}" if decision.comment else ""
    if decision.change is not None:
        said = f"{decision.actor} asked for another plan: {decision.change.words}{why}"
        return GateVerdict(ruling=Ruling.REFUSE, clause=CHANGED, reason=said)
    said = f"{decision.actor} rejected it{why}"
    record.calls_for(Reason.APPROVAL_REFUSED, workflow.now(), said)
    return GateVerdict(ruling=Ruling.REFUSE, clause="rejected", reason=said)


def _circumstances(record: Record, *, approved: bool, precheck: str | None) -> Circumstances:
    return Circumstances(
        confidence=record.diagnosis.confidence if record.diagnosis else 0.0,
        advised=record.diagnosis is not None and record.diagnosis.advised,
        hands_off=record.hands_off_by is not None, approved=approved, precheck=precheck, now=workflow.now(),
    )  # fmt: skip


async def _ask_gate(record: Record, plan: Plan, *, approved: bool, seen: bool) -> GateVerdict:
    verdict = await gate_in_silence(record, plan, approved=approved, seen=seen)
    record.note(workflow.now(), Kind.GATE, "safety gate", f"{verdict.ruling}: {verdict.reason}")
    return verdict


async def gate_in_silence(record: Record, plan: Plan, *, approved: bool, seen: bool) -> GateVerdict:
    """Without the controls nobody knows whether automation is paused: then it does not act.

    The policy that the worker has now is asked as well as the incident's own copy, and the stricter answer counts.
    `seen`: what was anomalous can be measured now, and was seen to be so. An action whose effect nobody could verify is
    not taken.
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


async def _reserve(record: Record, plan: Plan, approval: Decision | None) -> GateVerdict:
    asked = Reserve(
        plan=plan, policy=record.opening.policy, approval=approval,
        circumstances=_circumstances(record, approved=approval is not None, precheck=None),
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
