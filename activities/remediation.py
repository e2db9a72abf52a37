"""Remediation: the only activities that change a system under care. Each may be repeated and does nothing twice."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import NoReturn

from pydantic import AwareDatetime
from temporalio import activity
from temporalio.exceptions import ApplicationError

from activities.errors import retry_only_what_helps
from activities.heartbeat import beating
from domain.approval import Decision
from domain.audit import AuditRow
from domain.gate import Circumstances, Controls, GateVerdict, Ruling, gate
from domain.incident import Executed
from domain.model import Model
from domain.plan import Action, Plan
from domain.policy import Policy
from domain.warrant import Rules, objection
from integrations.ports import AuditLog, Guard, Intent, Remediator

_NO_RULES = Rules()


class Prepared(Model):
    """What the gate needs to know from outside of the incident. `current`: the gate's word by the policy that this
    worker has, None when it has none of its own.
    """

    controls: Controls
    precheck: str | None
    current: GateVerdict | None = None


class Prepare(Model):
    """A plan, and what holds inside of the incident; its `precheck` is not known yet."""

    plan: Plan
    circumstances: Circumstances


class Reserve(Model):
    """A plan that wants to act. `approval`: on whose word, None: on nobody's."""

    plan: Plan
    policy: Policy
    circumstances: Circumstances
    approval: Decision | None = None


class Execute(Model):
    """A plan, what it will touch, and on whose word: as records keep it, and the approval itself."""

    plan: Plan
    intent: Intent
    actor: str
    door: str
    approval: Decision | None = None


class Release(Model):
    """An attempt that has ended."""

    incident: str
    attempt: int
    result: str
    at: AwareDatetime


class RemediationActivities:
    """One remediator for each action of the catalogue; the guard keeps incidents out of each other's way.

    `rules` are this worker's own: an incident acts by the policy with which it began, and by these where they are
    stricter. What it says of approvals is not believed but checked (domain.warrant).
    """

    def __init__(
        self, remediators: Sequence[Remediator], guard: Guard, audit: AuditLog, rules: Rules = _NO_RULES
    ) -> None:
        self._remediators: Mapping[Action, Remediator] = {r.action: r for r in remediators}
        self._guard = guard
        self._audit = audit
        self._rules = rules

    @activity.defn
    @retry_only_what_helps
    def prepare(self, asked: Prepare) -> Prepared:
        """Read the controls and look whether anything speaks against acting now."""
        controls = self._guard.controls(asked.plan.target, asked.circumstances.now)
        precheck = self._remediator(asked.plan).precheck(asked.plan)
        seen = asked.circumstances.model_copy(update={"precheck": precheck or asked.circumstances.precheck})
        policy = self._rules.policy
        current = gate(asked.plan, policy, controls, seen) if policy is not None else None
        return Prepared(controls=controls, precheck=precheck, current=current)

    @activity.defn
    @retry_only_what_helps
    def reserve(self, asked: Reserve) -> GateVerdict:
        """Ask the gate once more under the lock of all incidents, and take the target if it says run by all rules."""
        policy, circumstances = self._rules.policy, asked.circumstances
        why = objection(asked.plan, asked.approval, self._rules)
        if why is not None:
            said = f"by the policy that the worker has now: {why}"
            return GateVerdict(ruling=Ruling.REFUSE, clause="approval", reason=said)
        if policy is not None:
            approved = circumstances.approved and asked.approval is not None
            circumstances = circumstances.model_copy(update={"approved": approved})
        return self._guard.reserve(asked.plan, asked.policy, circumstances, policy)

    @activity.defn
    @retry_only_what_helps
    def intend(self, plan: Plan) -> Intent:
        """Name what would be touched. History keeps it, so that a retry touches nothing else."""
        return self._remediator(plan).intend(plan)

    # A cancellation must not strike between the act and its record: it is taken up by the workflow afterwards.
    @activity.defn(no_thread_cancel_exception=True)
    @retry_only_what_helps
    def execute(self, order: Execute) -> Executed:
        """Act, read back, and record it in the audit log under the attempt's own key.

        A pause that came after the gate stops it here, at each try, and so do an approval that does not hold, and a
        reservation that is no longer ours: another incident may be acting on the target. All are recorded too.
        """
        with beating():
            self._check_the_approval(order)
            self._heed_a_pause(order)
            self._hold_the_target(order)
            done = self._remediator(order.plan).execute(order.plan, order.intent)
            self._audit.append(_row(order, done))
        return done

    @activity.defn
    @retry_only_what_helps
    def release(self, ended: Release) -> bool:
        """Let others act on the target again. Had a worker begun the attempt?"""
        return self._guard.release(ended.incident, ended.attempt, ended.result, ended.at)

    def _check_the_approval(self, order: Execute) -> None:
        why = objection(order.plan, order.approval, self._rules)
        if why is not None:
            self._call_off(order, datetime.now(UTC), f"by the policy that the worker has now: {why}", "NotApproved")

    def _heed_a_pause(self, order: Execute) -> None:
        now = datetime.now(UTC)
        controls = self._guard.controls(order.plan.target, now)
        if not controls.paused:
            return
        self._call_off(order, now, f"automation is paused: {controls.pause_reason}", "Paused")

    def _hold_the_target(self, order: Execute) -> None:
        """Each try lengthens the reservation, so that no other incident gets the target while this one acts."""
        now = datetime.now(UTC)
        if not self._guard.hold(order.plan, now):
            self._call_off(order, now, f"reservation lost: {order.plan.target} is not held any more", "ReservationLost")

    def _call_off(self, order: Execute, at: datetime, why: str, kind: str) -> NoReturn:
        """Recorded, and never tried again."""
        tries = activity.info().attempt
        earlier = "" if tries == 1 else f"; this was try {tries}, the ones before may have acted"
        said = f"called off: {why}{earlier}"
        self._audit.append(_called_off(order, at, said))
        raise ApplicationError(said, type=kind, non_retryable=True)

    def _remediator(self, plan: Plan) -> Remediator:
        remediator = self._remediators.get(plan.action)
        if remediator is None:
            raise ApplicationError(f"this worker cannot {plan.action}", type="NoRemediator", non_retryable=True)
        return remediator


def _called_off(order: Execute, at: datetime, said: str) -> AuditRow:
    plan = order.plan
    return AuditRow(
        key=f"{plan.incident}:{plan.digest}:called-off", incident=plan.incident, at=at, actor=order.actor,
        door=order.door, action=plan.action, target=plan.target, result=said, digest=plan.digest,
    )  # fmt: skip


def _row(order: Execute, done: Executed) -> AuditRow:
    plan = order.plan
    return AuditRow(
        key=f"{plan.incident}:{plan.digest}:execute",
        incident=plan.incident,
        at=done.ended_at,
        actor=order.actor,
        door=order.door,
        action=plan.action,
        target=plan.target,
        before=done.before,
        after=done.after,
        result=done.detail,
        affected=done.affected,
        digest=plan.digest,
    )
