"""The story of an incident, from the first alert to what was learned from it."""

import asyncio

from temporalio import workflow

with workflow.unsafe.imports_passed_through():
    from domain.escalation import Clock, Reason
    from domain.identity import incident_id
    from domain.incident import State
    from domain.levels import Severity
    from domain.timeline import Kind
    from domain.verification import Recovery
    from domain.view import Next
    from workflows.advising import advise
    from workflows.approval import Approvals
    from workflows.beside import beside
    from workflows.carrying import resumed
    from workflows.clock import EscalationClock, write_postmortem
    from workflows.closing import learn
    from workflows.contract import Opening, Summary
    from workflows.doors import Doors
    from workflows.grouping import belongs_elsewhere
    from workflows.handover import Handover
    from workflows.herald import Herald
    from workflows.investigation import diagnose, investigate
    from workflows.people import People
    from workflows.post import Post
    from workflows.projection import Projector
    from workflows.questions import asks_again_at, may_be_attested_yet
    from workflows.record import Record
    from workflows.regrouping import gives_more, received
    from workflows.remediation import Result, attempt
    from workflows.timers import happens
    from workflows.waiting import resolved_alone, wait_for_recovery, watch

# Patches of runs that began before these rules.
_PUT_TO_THE_GATE = "what was held back for a second look is put to the gate, seen or not"
_ASKED_AGAIN_FIRST = "asked about again before a person is asked"


@workflow.defn
class IncidentWorkflow(Doors):
    """One incident: it is investigated, explained, fixed if that is allowed, verified, written up and remembered."""

    @workflow.init
    def __init__(self, opening: Opening) -> None:
        self._goes_on = opening.carried is not None
        self._record = resumed(opening) or _opened(opening)
        self._record.run = workflow.info().run_id
        self._approvals = Approvals(self._record)
        self._people = People(self._record)
        post = Post(self._record)
        self._clock = EscalationClock(self._record, post)
        self._herald = Herald(self._record, post)
        self._projector = Projector(self._record)
        self._handover = Handover(self._record, self._clock, self._herald, self._projector)

    @workflow.run
    async def run(self, opening: Opening) -> Summary:
        """Live through the incident, from its beginning or from where an earlier run of it stood."""
        try:
            return await beside(self._projector.run(), self._live(opening))
        except asyncio.CancelledError:
            if workflow.cancellation_reason() is not None:  # else this worker only forgets a run that goes on
                await beside(self._projector.run(), self._cancelled())
            raise

    async def _live(self, opening: Opening) -> Summary:
        record = self._record
        elsewhere = False
        if not self._goes_on:
            await self._gather(opening.policy.gather_s)
            elsewhere = await belongs_elsewhere(record)
        while True:
            if not elsewhere:
                await beside(self._herald.run(), beside(self._clock.run(), self._see_through()))
            record.closes(workflow.now(), _closed(record))
            await workflow.wait_condition(lambda: record.worth_reopening or self._books_closed())
            if record.worth_reopening and await gives_more(record):
                continue
            if not record.reopened(workflow.now()):
                return self._summary()
            elsewhere = elsewhere and await belongs_elsewhere(record)

    async def _gather(self, seconds: float) -> None:
        """What belongs together arrives together; waiting a moment makes one incident of it."""
        self._record.changed(workflow.now())
        await happens(lambda: self._record.over, seconds, "gather alerts that belong together")

    async def _see_through(self) -> None:
        """From the question to what was learned."""
        await self._solve()
        await self._close()
        while self._record.worth_reopening:  # an alert came while it was closed
            if not await gives_more(self._record) and self._record.reopened(workflow.now()):
                await self._solve()
            await self._close()

    async def _solve(self) -> None:
        """Understand, try, verify and watch, until it is over by whatever way."""
        record, stood = self._record, self._where_it_stood()
        while not record.over:
            result, stood = stood or await self._seen_or_tried(), None
            if result is Result.MOOT or (result is Result.NOT_FIXED and self._may_try_again()):
                continue
            if result is Result.RECOVERED or await wait_for_recovery(record, self._handover):
                await watch(record, self._handover)
            elif record.news:
                await self._gather(record.opening.policy.gather_s)

    def _where_it_stood(self) -> Result | None:
        """What a run before this one had come to, once: then it waits or watches on. Nothing is left of it when a word
        that came with the beginning has ended it already: what reopens it later stands elsewhere.
        """
        goes_on, self._goes_on = self._goes_on, False
        stood = {State.WATCHING: Result.RECOVERED, State.WAITING_FOR_PEOPLE: Result.STUCK}
        return stood.get(self._record.state) if goes_on else None

    async def _seen_or_tried(self) -> Result:
        """When all alerts are resolved it may be over already; else an attempt."""
        if self._record.all_resolved:
            match await resolved_alone(self._record):
                case Recovery.RECOVERED:
                    return Result.RECOVERED
                case Recovery.CANNOT_TELL:
                    return Result.STUCK
                case _:
                    pass
        return await self._try()

    async def _try(self) -> Result:
        """Look with fresh eyes, name the cause, and make one attempt."""
        record = self._record
        record.news, parted, again = False, record.parted, asks_again_at(record) is not None
        record.enter(State.INVESTIGATING, workflow.now(), Next(text="All sources are asked at once."))
        await investigate(record)
        diagnosis = await advise(record, await diagnose(record))
        record.enter(State.DIAGNOSED, workflow.now(), Next(text="A plan is chosen and shown to the safety gate."))
        if diagnosis.confidence < record.rules.tell_below:
            detail = f"{diagnosis.confidence:.2f} is below {record.rules.tell_below:.2f}"
            record.calls_for(Reason.LOW_CONFIDENCE, workflow.now(), detail)
        if record.parted != parted:
            return Result.MOOT  # it was looked at as a larger trouble
        if record.over or record.unsure or not self._may_try_again():
            return Result.STUCK
        if record.blind and not (again and workflow.patched(_PUT_TO_THE_GATE)):
            return Result.STUCK
        if may_be_attested_yet(record, workflow.now()) and workflow.patched(_ASKED_AGAIN_FIRST):
            return Result.STUCK  # it is asked about again before a person is asked for what only one source says
        return await attempt(record, self._approvals)

    def _may_try_again(self) -> bool:
        record = self._record
        used = sum(a.executed is not None or a.error is not None for a in record.attempts)
        if used < record.rules.attempts:
            return True
        record.calls_for(Reason.ATTEMPTS_USED_UP, workflow.now(), f"{used} of {record.rules.attempts}")
        return False

    async def _close(self) -> None:
        """The outcome, and beside each other the last word and what is written. A store that is away keeps neither
        who was called waiting, nor an alert for which it must be reopened.
        """
        self._record.closes(workflow.now(), _closed(self._record))
        self._clock.ends(self._herald.quiet)
        writing = asyncio.create_task(self._write_up())
        await workflow.wait_condition(
            lambda: self._record.worth_reopening or (writing.done() and not self._clock.sending)
        )
        if writing.done():
            await writing
        else:
            writing.cancel()  # it is written when it is over

    async def _write_up(self) -> None:
        """The postmortem, and what was learned. A draft that is still being written comes first. What was merged is
        written up with the incident that goes on.
        """
        await self._clock.drafted()
        if self._record.ending.merged_into is not None:
            return
        await asyncio.gather(write_postmortem(self._record, draft=True), learn(self._record))

    async def _cancelled(self) -> None:
        """Somebody cancelled it in Temporal. Those who were told that it is at work learn that it is not."""
        record = self._record
        record.note(workflow.now(), Kind.NOTE, "Temporal", "cancelled from outside: nobody works on it now")
        if record.state is State.ACTING:
            record.update_last_attempt(workflow.now(), error="cancelled while acting; the audit log has what was done")
        record.closes(workflow.now(), Next(text="Nothing: it was cancelled in Temporal, and nobody works on it."))
        self._clock.ends(self._herald.quiet)
        await self._clock.quiet()
        await workflow.wait_condition(self._books_closed)

    def _books_closed(self) -> bool:
        """Is everybody answered who asked, and everything saved that is known?"""
        return workflow.all_handlers_finished() and self._projector.up_to_date

    def _summary(self) -> Summary:
        record = self._record
        return Summary(
            incident=record.incident, outcome=str(record.outcome), escalated=record.clock.escalated_at is not None,
            cause=record.view().cause, attempts=len(record.attempts),
            merged_into=record.ending.merged_into, merged_key=record.ending.merged_key,
        )  # fmt: skip


def _opened(opening: Opening) -> Record:
    """The record of an incident that begins with this run."""
    info = workflow.info()
    started = info.workflow_start_time
    record = Record(
        opening=opening, incident=incident_id(info.first_execution_run_id, started), run=info.run_id,
        opened_at=started, clock=Clock(detected_at=started, severity=Severity.LOW),
    )  # fmt: skip
    if opening.first is not None:
        if opening.first.given is not None:
            received(record, opening.first.given)
        record.sees(opening.first.anomalies, started)
    return record


def _closed(record: Record) -> Next:
    """What comes after the end."""
    into, ending = record.ending.merged_into, record.ending
    if into is None:
        return Next(text="Nothing: it is closed.")
    return Next(text=f"It goes on in {into}" + (f": merged by {ending.person}: {ending.why}" if ending.person else "."))
