"""Approval: a plan waits for a person, until a deadline that the clock of the server keeps."""

from datetime import timedelta
from typing import Any

from temporalio import workflow

with workflow.unsafe.imports_passed_through():
    from domain.approval import Answer, Decision, Door, Request, Verdict, judge, read_decision
    from domain.audit import AuditRow
    from domain.escalation import Reason, decide_by
    from domain.gate import GateVerdict
    from domain.incident import State
    from domain.plan import Plan
    from domain.timeline import Kind
    from domain.view import Next
    from workflows.record import Record
    from workflows.timers import happens


class Approvals:
    """The door through which decisions come in, and the wait for one."""

    def __init__(self, record: Record) -> None:
        self._record = record
        self._asked: Request | None = None
        self._decided: Decision | None = None
        self.moot = False
        """Was the last question settled by something else, such as a recovery?"""

    async def ask(self, plan: Plan, verdict: GateVerdict) -> Decision | None:
        """Wait for a decision on this plan; None when the deadline passed, or there is nothing to decide any more."""
        record = self._record
        request = self._request(plan, verdict)
        self._asked, self._decided, self.moot = request, None, False
        record.waiting = request
        by = f"{request.deadline:%H:%M:%S} UTC"
        record.enter(State.WAITING_FOR_APPROVAL, workflow.now(), Next(
            text=f"If nobody decides by {by}, people are paged and the plan is dropped.", at=request.deadline,
        ))  # fmt: skip
        record.calls_for(Reason.APPROVAL_NEEDED, workflow.now(), verdict.reason)
        resolved = record.all_resolved
        in_time = await happens(
            lambda: self._settled(resolved_before=resolved),
            max(timedelta(0), request.deadline - workflow.now()),
            f"approval of {plan.short_digest} expires",
        )
        record.waiting = None
        record.changed(workflow.now())
        self.moot = in_time and self._decided is None
        if self.moot:
            self._asked = None  # an answer that comes now has nothing to decide, and is told so
        if not in_time:
            record.note(workflow.now(), Kind.DECISION, "nightshift", f"nobody decided on {plan.short_digest} by {by}")
        return self._decided

    def _settled(self, *, resolved_before: bool) -> bool:
        """Decided, or moot: a person took over or ended it, or what fired when it was asked does not fire any more."""
        record = self._record
        resolved = record.all_resolved and not resolved_before
        return self._decided is not None or record.hands_off_by is not None or record.over or resolved

    def _request(self, plan: Plan, verdict: GateVerdict) -> Request:
        record, now = self._record, workflow.now()
        policy = record.opening.policy
        return Request(
            digest=plan.digest, action=plan.action, risk=plan.risk, sentence=plan.sentence, reason=verdict.reason,
            undo=plan.undo, asked_at=now,
            deadline=decide_by(record.clock, policy, now),
            approvers=policy.approvers, claimed_identity_up_to=policy.claimed_identity_up_to,
        )  # fmt: skip

    def read(self, raw: Any, verdict: Verdict, door: Door) -> Decision | str:  # noqa: ANN401 - it is untrusted
        """The decision in a payload, or what is wrong with it."""
        return read_decision(raw, verdict, door)

    def take(self, read: Decision | str, door: Door) -> Answer:
        """Judge what came in, answer it in words, and record it; only the first that counts decides."""
        now = workflow.now()
        if isinstance(read, str):
            answer = Answer(accepted=False, reason=f"refused: {read}")
        else:
            answer = judge(self._asked, read, now, self._decided)
            if answer.accepted:
                self._decided = read
                self._record.decisions.append(read)
        self._say(answer, read, door)
        return answer

    def _say(self, answer: Answer, read: Decision | str, door: Door) -> None:
        record, now = self._record, workflow.now()
        claimed = "" if isinstance(read, str) or read.proven else " (claimed)"
        record.last_decision = f"{now:%H:%M:%S} UTC by {door}: {answer.reason}{claimed}"
        record.note(now, Kind.DECISION, "nobody" if isinstance(read, str) else read.who, record.last_decision)
        record.audited(AuditRow(
            key=f"{record.incident}:decision:{len(record.timeline)}", incident=record.incident, at=now, door=door,
            actor="unreadable" if isinstance(read, str) else f"{read.who}{claimed}",
            action="decide" if isinstance(read, str) else read.verdict,
            result=answer.reason, digest=None if isinstance(read, str) else read.digest,
        ))  # fmt: skip
