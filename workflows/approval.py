"""Approval: a plan waits for a person, until a deadline that the clock of the server keeps."""

from datetime import timedelta
from typing import Any

from temporalio import workflow

with workflow.unsafe.imports_passed_through():
    from domain.approval import Answer, Decision, Door, Request, Verdict, read_decision
    from domain.audit import AuditRow
    from domain.change import MOST_CHANGES, knobs
    from domain.escalation import Reason, decide_by
    from domain.gate import GateVerdict
    from domain.incident import State
    from domain.levels import Risk
    from domain.plan import Plan
    from domain.proof import Word
    from domain.timeline import Kind
    from domain.view import Next
    from workflows.proof import objection_to
    from workflows.record import Record
    from workflows.timers import happens


class Approvals:
    """The door through which decisions come in, and the wait for one."""

    def __init__(self, record: Record) -> None:
        self._record = record
        self.moot = False
        """Was the last question settled by something else, such as a recovery?"""

    async def ask(self, plan: Plan, verdict: GateVerdict) -> Decision | None:
        """Wait for a decision on this plan; None when the deadline passed, or there is nothing to decide any more."""
        record = self._record
        request = self._request(plan, verdict)
        self._record.docket.put(request)
        self.moot = False
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
        record.clock = record.clock.hearing(Reason.APPROVAL_NEEDED)
        record.changed(workflow.now())
        decided = self._record.docket.decided
        self.moot = in_time and decided is None
        if self.moot:
            self._record.docket.withdraw()
        if not in_time:
            record.note(workflow.now(), Kind.DECISION, "nightshift", f"nobody decided on {plan.short_digest} by {by}")
        return decided

    def _settled(self, *, resolved_before: bool) -> bool:
        """Decided, or moot: a person took over or ended it, or what fired when it was asked does not fire any more."""
        record = self._record
        resolved = record.all_resolved and not resolved_before
        return self._record.docket.decided is not None or record.hands_off_by is not None or record.over or resolved

    def _request(self, plan: Plan, verdict: GateVerdict) -> Request:
        record, now = self._record, workflow.now()
        policy = record.opening.policy
        deadline = decide_by(record.clock, policy, now)
        limits = record.opening.limits
        room_min = (deadline - now).total_seconds() / 60
        return Request(
            digest=plan.digest, action=plan.action, risk=plan.risk, sentence=plan.sentence, reason=verdict.reason,
            undo=plan.undo, asked_at=now, deadline=deadline,
            approvers=tuple(who for who in policy.approvers if limits.get(who, Risk.HIGH).at_least(plan.risk)),
            claimed_identity_up_to=policy.claimed_identity_up_to, plan=plan,
            knobs=knobs(plan, policy, room_min) if self._changes < MOST_CHANGES else (),
        )  # fmt: skip

    @property
    def _changes(self) -> int:
        """How many other plans people have asked for."""
        return sum(decision.verdict is Verdict.CHANGE for decision in self._record.decisions)

    async def hear(self, read: Decision | str) -> Answer:
        """As `take`, for a word that may bring a proof: one that is not genuine makes it a refused one."""
        if isinstance(read, str) or read.seal is None:
            return self.take(read, Door.UPDATE)
        word = Word(
            incident=self._record.incident, said=read.verdict, who=read.who, door=read.door, digest=read.digest,
            comment=read.comment, change=read.change,
        )  # fmt: skip
        objection = await objection_to(word, read.seal)
        heard = read.model_copy(update={"seal": None, "proven": objection is None})
        if objection is not None:
            return self._say(Answer(accepted=False, reason=f"refused: {objection}", unproven=True), heard, heard.door)
        return self.take(heard, heard.door)

    def read(self, raw: Any, verdict: Verdict, door: Door) -> Decision | str:  # noqa: ANN401 - it is untrusted
        """The decision in a payload, or what is wrong with it."""
        return read_decision(raw, verdict, door)

    def take(self, read: Decision | str, door: Door) -> Answer:
        """Judge what came in, answer it in words, and record it; only the first that counts decides."""
        now = workflow.now()
        if isinstance(read, str):
            answer = Answer(accepted=False, reason=f"refused: {read}")
        else:
            answer = self._record.docket.hear(read, now)
            if answer.accepted and self._record.docket.decided is not None:
                self._record.decisions.append(self._record.docket.decided)
        return self._say(answer, read, door if isinstance(read, str) else read.door)

    def _say(self, answer: Answer, read: Decision | str, door: Door) -> Answer:
        record, now = self._record, workflow.now()
        claimed = "" if isinstance(read, str) or read.proven else " (claimed)"
        record.last_decision = f"{now:%H:%M:%S} UTC by {door}: {answer.reason}{claimed}"
        record.note(now, Kind.DECISION, "nobody" if isinstance(read, str) else read.who, record.last_decision)
        record.audited(AuditRow(
            key=f"{record.incident}:decision:{record.rows}", incident=record.incident, at=now, door=door,
            actor="unreadable" if isinstance(read, str) else read.actor,
            action="decide" if isinstance(read, str) else read.verdict,
            result=answer.reason, digest=None if isinstance(read, str) else read.digest,
            after=dict(read.change.values) if not isinstance(read, str) and read.change and answer.accepted else {},
        ))  # fmt: skip
        return answer
