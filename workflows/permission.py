"""Permission: the gate is asked, a person if it says so, and the target is reserved. The last word counts."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from temporalio import workflow
from temporalio.exceptions import ActivityError

with workflow.unsafe.imports_passed_through():
    from activities.remediation import Prepare, RemediationActivities, Reserve
    from domain.approval import Decision, Verdict
    from domain.escalation import Reason
    from domain.gate import Circumstances, GateVerdict, Ruling, gate, strictest
    from domain.plan import Plan
    from domain.timeline import Kind
    from domain.verification import Watch
    from workflows import options
    from workflows.approval import Approvals
    from workflows.calls import reason
    from workflows.record import Record
    from workflows.verification import Sight

WELL = "recovered"
PASSING = frozenset({"paused", "busy", "unknown", "precheck", "target_limit", "hour_limit", WELL})
"""Clauses of the gate whose objection can pass without anybody's word to this incident."""
UNSEEN = "nothing that was anomalous can be seen to be so now, so nobody could tell whether it worked"
_IN_BAND = "all that was seen to be anomalous is in band now, so there is nothing to do"
MOOT = "moot"
CHANGED = "changed"


@dataclass(frozen=True)
class Permission:
    """The last gate's word, the decision of a person if one was asked, and what is to be watched, as it shows now."""

    verdict: GateVerdict
    decision: Decision | None = None
    watches: tuple[Watch, ...] = ()


async def permission(
    record: Record, approvals: Approvals, plan: Plan, look: Callable[[], Awaitable[Sight]]
) -> Permission:
    """Look, ask the gate, ask a person if it says so, and reserve the target.

    A person takes minutes: what is true after that is looked at again, and what joined meanwhile is watched too.
    """
    sight = await look()
    verdict = await _ask_gate(record, plan, sight, approved=False)
    decision: Decision | None = None
    if verdict.ruling is Ruling.ASK:
        decision = await approvals.ask(plan, verdict)
        if decision is None or decision.verdict is not Verdict.APPROVE:
            return Permission(_refused(record, approvals, verdict, decision), decision)
        sight = await look()
        verdict = await _ask_gate(record, plan, sight, approved=True)
    if verdict.ruling is Ruling.RUN:
        verdict = await _reserve(record, plan, decision)
    # Who took over knows, and of a recovery people hear as of any other.
    if verdict.ruling is not Ruling.RUN and verdict.clause != WELL and record.hands_off_by is None:
        record.calls_for(Reason.GATE_REFUSED, workflow.now(), verdict.reason)
    return Permission(verdict, decision, sight.watches or ())


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
        unattested=record.diagnosis.unattested if record.diagnosis else None,
        hands_off=record.hands_off_by is not None, approved=approved, precheck=precheck, now=workflow.now(),
    )  # fmt: skip


async def _ask_gate(record: Record, plan: Plan, sight: Sight, *, approved: bool) -> GateVerdict:
    verdict = await gate_in_silence(record, plan, sight, approved=approved)
    record.note(workflow.now(), Kind.GATE, "safety gate", f"{verdict.ruling}: {verdict.reason}")
    return verdict


async def gate_in_silence(record: Record, plan: Plan, sight: Sight, *, approved: bool) -> GateVerdict:
    """Without the controls nobody knows whether automation is paused: then it does not act.

    The policy that the worker has now is asked as well as the incident's own copy, and the stricter answer counts. An
    action whose effect nobody could verify is not taken, nor one on what is well.
    """
    if sight.well:
        return GateVerdict(ruling=Ruling.REFUSE, clause=WELL, reason=_IN_BAND)
    unseen = UNSEEN if sight.watches is None else None
    before_precheck = _circumstances(record, approved=approved, precheck=unseen)
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
