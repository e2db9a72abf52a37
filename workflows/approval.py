"""Approval: a plan waits for a person, until a deadline that the clock of the server keeps."""

from datetime import timedelta
from typing import Any

from temporalio import workflow

with workflow.unsafe.imports_passed_through():
    from domain.approval import Answer, Decision, Door, Request, Verdict, read_decision
    from domain.audit import AuditRow
    from domain.change import MOST_CHANGES, knobs
    from domain.escalation import Reason, decide_by, extend_to
    from domain.gate import GateVerdict
    from domain.incident import State
    from domain.levels import Risk
    from domain.plan import Plan
    from domain.timeline import Kind
    from domain.view import Next
    from workflows.proof import objection_to
    from workflows.record import Record
    from workflows.timers import happens


class Approvals:
    """The door through which decisions come in, and the wait for one."""

    def __init__(self, record: Record) -> None:
        self._record = record
        self._before = (False, 0)
        self.moot = False
        """Was the last question settled by something else, such as a recovery?"""

    async def ask(self, plan: Plan, verdict: GateVerdict) -> Decision | None:
        """Wait for a decision on this plan; None when the deadline passed, or there is nothing to decide any more."""
        record = self._record
        request = self._request(plan, verdict)
        self._record.docket.put(request)
        self.moot = False
        record.waiting = request
        record.enter(State.WAITING_FOR_APPROVAL, workflow.now(), _next(request))
        record.calls_for(Reason.APPROVAL_NEEDED, workflow.now(), verdict.reason)
        self._before = (record.all_resolved, record.parted)
        in_time = await self._in_time(request)
        by = _by(record.waiting)
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

    async def _in_time(self, request: Request) -> bool:
        """Was it settled before the deadline? An approver may move that while it is waited for."""
        while True:
            in_time = await happens(
                self._settled,
                max(timedelta(0), request.deadline - workflow.now()),
                f"approval of {request.digest[:8]} expires",
            )
            moved = self._record.docket.asked
            if in_time or moved is None or moved.deadline == request.deadline:
                return in_time
            request = moved

    def _settled(self) -> bool:
        """Decided, or moot: a person took over or ended it, or split it, or what fired when it was asked does not fire
        any more.
        """
        record = self._record
        resolved_before, parted_before = self._before
        other = (record.all_resolved and not resolved_before) or record.parted != parted_before
        return record.docket.decided is not None or record.hands_off_by is not None or record.over or other

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
            extends_to=extend_to(record.clock, policy, deadline),
        )  # fmt: skip

    @property
    def _changes(self) -> int:
        """How many other plans people have asked for."""
        return sum(decision.verdict is Verdict.CHANGE for decision in self._record.decisions)

    async def hear(self, read: Decision | str) -> Answer:
        """As `take`, for a word that may bring a proof: one that is not genuine makes it a refused one."""
        if isinstance(read, str) or read.seal is None:
            return self.take(read, Door.UPDATE)
        objection = await objection_to(read.word(self._record.incident), read.seal)
        heard = read.model_copy(update={"proven": objection is None})
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
            self._reckon()
            answer = self._record.docket.hear(read, now)
            if answer.accepted and read.verdict is Verdict.EXTEND:
                self._moved()
            elif answer.accepted and self._record.docket.decided is not None:
                # The seal is for the worker that acts on it, and nothing to be shown.
                self._record.decisions.append(self._record.docket.decided.model_copy(update={"seal": None}))
        return self._say(answer, read, door if isinstance(read, str) else read.door)

    def _reckon(self) -> None:
        """A severity that has risen since it was asked has an earlier target, and leaves less time, or none."""
        record, asked = self._record, self._record.docket.asked
        if asked is not None and asked.extends_to is not None:
            latest = extend_to(record.clock, record.opening.policy, asked.deadline)
            record.docket.asked = asked.model_copy(update={"extends_to": latest})

    def _moved(self) -> None:
        request = self._record.waiting = self._record.docket.asked
        if request is not None:
            self._record.enter(State.WAITING_FOR_APPROVAL, workflow.now(), _next(request))

    def _say(self, answer: Answer, read: Decision | str, door: Door) -> Answer:
        record, now = self._record, workflow.now()
        # An answer that accepts says who, and that it is a claim; of a refused word only this says so.
        claimed = "" if answer.accepted or isinstance(read, str) or read.proven else " (claimed)"
        record.last_decision = f"{now:%H:%M:%S} UTC by {door}: {answer.reason}{claimed}"
        record.note(now, Kind.DECISION, "nobody" if isinstance(read, str) else read.actor, record.last_decision)
        record.audited(AuditRow(
            key=f"{record.incident}:decision:{record.rows}", incident=record.incident, at=now, door=door,
            actor="unreadable" if isinstance(read, str) else read.actor,
            action="decide" if isinstance(read, str) else read.verdict,
            result=answer.reason, digest=None if isinstance(read, str) else read.digest,
            after=dict(read.change.values) if not isinstance(read, str) and read.change and answer.accepted else {},
        ))  # fmt: skip
        return answer


def _next(request: Request) -> Next:
    text = f"If nobody decides by {_by(request)}, people are paged and the plan is dropped."
    return Next(text=text, at=request.deadline)


def _by(request: Request | None) -> str:
    return f"{request.deadline:%H:%M:%S} UTC" if request is not None else "then"
