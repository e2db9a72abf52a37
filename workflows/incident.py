"""The story of an incident, from the first alert to what was learned from it."""

import asyncio
from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Any

from temporalio import workflow
from temporalio.common import RawValue
from temporalio.exceptions import ApplicationError

with workflow.unsafe.imports_passed_through():
    from domain.approval import Door, Verdict, read_answer
    from domain.command import CommandName, read_payload
    from domain.escalation import Clock, Reason
    from domain.identity import incident_id
    from domain.incident import State, final_state, outcome
    from domain.levels import Severity
    from domain.timeline import Kind
    from domain.view import IncidentView, Next
    from workflows.approval import Approvals
    from workflows.clock import EscalationClock, write_postmortem
    from workflows.closing import learn
    from workflows.contract import Opening, Report, Summary
    from workflows.grouping import hand_over, relate
    from workflows.investigation import diagnose, investigate
    from workflows.people import People
    from workflows.projection import Projector
    from workflows.record import Record
    from workflows.remediation import Result, attempt
    from workflows.waiting import holds, wait_for_recovery


@workflow.defn
class IncidentWorkflow:
    """One incident: it is investigated, explained, fixed if that is allowed, verified, written up and remembered."""

    @workflow.init
    def __init__(self, opening: Opening) -> None:
        info = workflow.info()
        started = info.workflow_start_time
        self._record = Record(
            opening=opening, incident=incident_id(info.first_execution_run_id, started), run=info.run_id,
            opened_at=started, clock=Clock(detected_at=started, severity=Severity.LOW),
        )  # fmt: skip
        self._approvals = Approvals(self._record)
        self._people = People(self._record)
        self._clock = EscalationClock(self._record)
        self._projector = Projector(self._record)

    @workflow.run
    async def run(self, opening: Opening) -> Summary:
        """Live through the incident."""
        try:
            return await self._live(opening)
        except asyncio.CancelledError:
            self._record.note(workflow.now(), Kind.NOTE, "Temporal", "cancelled from outside: nobody works on it now")
            await self._close()
            raise

    async def _live(self, opening: Opening) -> Summary:
        await self._gather(timedelta(seconds=opening.policy.gather_s))
        if await relate(self._record) or await hand_over(self._record):
            return await self._close()
        async with self._beside():
            await self._solve()
            await self._write_up()
            while self._record.reopened(workflow.now()):  # an alert came while the books were being closed
                await self._solve()
                await self._write_up()
        return await self._close()

    async def _gather(self, at_most: timedelta) -> None:
        """What belongs together arrives together; waiting a moment makes one incident of it."""
        self._record.changed(workflow.now())
        await self._projector.flush()
        await workflow.sleep(at_most, summary="gather alerts that belong together")

    async def _solve(self) -> None:
        """Understand, try, verify and watch, until it is over by whatever way."""
        record = self._record
        while True:
            if not (record.all_resolved and await wait_for_recovery(record, at_once=True)):
                result = await self._try()
                if result is Result.NOT_FIXED and self._may_try_again():
                    continue
                if result is not Result.RECOVERED and not await wait_for_recovery(record):
                    if record.news and not self._is_over():
                        continue
                    return
            if await holds(record):
                return

    async def _try(self) -> Result:
        """Look with fresh eyes, name the cause, and make one attempt."""
        record = self._record
        record.news = False
        record.enter(State.INVESTIGATING, workflow.now(), Next(text="All sources are asked at once."))
        await investigate(record)
        diagnosis = await diagnose(record)
        record.enter(State.DIAGNOSED, workflow.now(), Next(text="A plan is chosen and shown to the safety gate."))
        if diagnosis.confidence < record.rules.tell_below:
            detail = f"{diagnosis.confidence:.2f} is below {record.rules.tell_below:.2f}"
            record.calls_for(Reason.LOW_CONFIDENCE, workflow.now(), detail)
        if self._is_over():
            return Result.STUCK
        if not self._may_try_again():
            return Result.NOT_FIXED
        return await attempt(record, self._approvals)

    def _may_try_again(self) -> bool:
        record = self._record
        used = sum(a.executed is not None or a.error is not None for a in record.attempts)
        if used < record.rules.attempts:
            return True
        record.calls_for(Reason.ATTEMPTS_USED_UP, workflow.now(), f"{used} of {record.rules.attempts}")
        return False

    def _is_over(self) -> bool:
        return self._record.ending.person is not None or self._record.ending.given_up

    async def _write_up(self) -> None:
        """The outcome, the postmortem, what was learned, and the last word to those who were told."""
        record = self._record
        record.outcome = outcome(record.ending)
        record.closed_at = workflow.now()
        record.clock = record.clock.stopping(workflow.now())
        record.enter(final_state(record.outcome), workflow.now(), Next(text="Nothing: it is closed."))
        await asyncio.gather(write_postmortem(record, draft=True), learn(record))
        if any(delivery.delivered for delivery in record.deliveries):
            await self._clock.deliver(None)

    async def _close(self) -> Summary:
        """Let everybody finish, save the last view, and say how it ended."""
        record = self._record
        if record.outcome is None:
            record.outcome = outcome(record.ending)
            record.closed_at = workflow.now()
            record.enter(final_state(record.outcome), workflow.now(), Next(text="Nothing: it is closed."))
        await workflow.wait_condition(workflow.all_handlers_finished)
        await self._projector.flush()
        return Summary(
            incident=record.incident, outcome=record.outcome, escalated=record.clock.escalated_at is not None,
            cause=record.view().cause, attempts=len(record.attempts),
        )  # fmt: skip

    @asynccontextmanager
    async def _beside(self) -> AsyncGenerator[None]:
        """The SLA clock and the projector run beside the incident, whatever it is doing."""
        beside = [asyncio.create_task(self._clock.run()), asyncio.create_task(self._projector.run())]
        try:
            yield
        finally:
            for task in beside:
                task.cancel()
            await asyncio.gather(*beside, return_exceptions=True)

    # -- what others say ----------------------------------------------------------------------------------------------

    @workflow.signal(description="alerts of another system, firing or resolved")
    def report(self, report: Report) -> None:
        """Alerts join at any moment of the incident's life."""
        self._record.sees(report.anomalies, workflow.now())

    @workflow.signal(description='approve the waiting plan: {"digest": "...", "who": "..."}')
    def approve(self, decision: Any = None) -> None:  # noqa: ANN401 - the web UI sends anything, or nothing
        """Answered in the current details, whatever came in."""
        self._decide(decision, Verdict.APPROVE, Door.SIGNAL)

    @workflow.signal(description='reject the waiting plan: {"digest": "...", "who": "...", "comment": "..."}')
    def reject(self, decision: Any = None) -> None:  # noqa: ANN401 - as above
        """Answered in the current details, whatever came in."""
        self._decide(decision, Verdict.REJECT, Door.SIGNAL)

    @workflow.signal(description='somebody is looking: {"who": "..."}')
    def ack(self, command: Any = None) -> None:  # noqa: ANN401 - as above
        """Paging stops; automation goes on."""
        self._people.told(command, CommandName.ACK, Door.SIGNAL)

    @workflow.signal(description='hands off, a person takes over: {"who": "..."}')
    def take(self, command: Any = None) -> None:  # noqa: ANN401 - as above
        """The machine goes on observing and keeping time, and acts no more."""
        self._people.told(command, CommandName.TAKE, Door.SIGNAL)

    @workflow.signal(description='it is fixed: {"who": "..."}')
    def resolve(self, command: Any = None) -> None:  # noqa: ANN401 - as above
        """A person says that it is over."""
        self._people.told(command, CommandName.RESOLVE, Door.SIGNAL)

    @workflow.signal(description='nothing was wrong: {"who": "..."}')
    def false_positive(self, command: Any = None) -> None:  # noqa: ANN401 - as above
        """A person says that it never was one."""
        self._people.told(command, CommandName.FALSE_POSITIVE, Door.SIGNAL)

    @workflow.signal(dynamic=True)
    def misnamed(self, name: str, _args: Sequence[RawValue]) -> None:
        """A name that nobody listens to is answered too."""
        self._people.unknown(name)

    @workflow.update(description="approve or reject the waiting plan, with an answer")
    def decide(self, decision: Any) -> str:  # noqa: ANN401 - as above
        """The answer in words; a refusal fails the update with the same words, and is recorded."""
        answer = self._approvals.take(read_answer(decision, Door.UPDATE), Door.UPDATE)
        if not answer.accepted:
            raise ApplicationError(answer.reason, type="DecisionRefused", non_retryable=True)
        return answer.reason

    @decide.validator
    def _decision_can_be_read(self, decision: Any) -> None:  # noqa: ANN401 - as above
        understood = read_answer(decision, Door.UPDATE)
        if isinstance(understood, str):
            raise ApplicationError(f"refused: {understood}", type="DecisionUnreadable", non_retryable=True)

    @workflow.update(description='a person\'s word, with an answer: {"command": "ack", "who": "..."}')
    def person(self, command: Any) -> str:  # noqa: ANN401 - as above
        """Acknowledge, take over, resolve, or mark as a false positive."""
        fields = read_payload(command, ("command", "who", "comment"))
        if isinstance(fields, str) or fields["command"] not in list(CommandName):
            names = ", ".join(CommandName)
            said = fields if isinstance(fields, str) else f"command is {fields['command']!r}, not one of {names}"
            raise ApplicationError(f"refused: {said}", type="CommandUnreadable", non_retryable=True)
        answer = self._people.told(
            {"who": fields["who"], "comment": fields["comment"]}, CommandName(fields["command"]), Door.UPDATE
        )
        if not answer.startswith("accepted"):
            raise ApplicationError(answer, type="CommandRefused", non_retryable=True)
        return answer

    @workflow.query(description="everything that people may see of the incident")
    def view(self) -> IncidentView:
        """The same facts that every surface shows."""
        return self._record.view()

    def _decide(self, raw: Any, verdict: Verdict, door: Door) -> None:  # noqa: ANN401 - as above
        self._approvals.take(self._approvals.read(raw, verdict, door), door)
