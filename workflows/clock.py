"""The SLA clock that runs beside an incident from its first second: it sleeps until something is due, then tells."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime, timedelta

from temporalio import workflow
from temporalio.exceptions import ActivityError

with workflow.unsafe.imports_passed_through():
    from activities.postmortem import PostmortemActivities
    from domain.escalation import WORDS, Due, Reason, Told, channels, instead, next_due, schedule, speak_at, tell
    from domain.message import Moment, Receipt
    from domain.timeline import Kind
    from workflows import options
    from workflows.calls import reason
    from workflows.post import LATE, PAUSES_S, Letter, Post
    from workflows.record import Record
    from workflows.timers import happens


class EscalationClock:
    """Tells people what the domain's clock says is due. One message covers all that is due within some seconds."""

    def __init__(self, record: Record, post: Post) -> None:
        self._record = record
        self._post = post
        self._messages: list[asyncio.Task[None]] = []
        self._noticed: datetime | None = None
        self._drafting: asyncio.Task[None] | None = None
        self._ended_at: datetime | None = None

    async def run(self) -> None:
        """Forever: until the incident ends and cancels it. Messages go out beside the clock, which never waits."""
        while True:
            await self._until_due()
            told = self._next_message()
            if told is not None:
                self._messages.append(asyncio.create_task(self._tell(told)))

    @property
    def silent(self) -> bool:
        """Is nothing under way, and none due?"""
        due = next_due(self._record.clock, self._record.opening.policy)
        drafting = self._drafting is not None and not self._drafting.done()
        return not self.sending and not drafting and (due is None or due > workflow.now())

    @property
    def sending(self) -> bool:
        """Is a message under way?"""
        return not all(message.done() for message in self._messages)

    async def quiet(self) -> None:
        """Wait until no message is under way."""
        await asyncio.gather(*self._messages)
        self._messages.clear()

    def ends(self, others: Callable[[], Awaitable[None]]) -> None:
        """The last word, once for each end, to those who were told, on the channels that reached them. It goes out
        beside all else, when nothing else is under way: neither a message of the clock, nor what `others` wait for.
        """
        if self._ended_at != self._record.closed_at:
            self._ended_at = self._record.closed_at
            self._messages.append(asyncio.create_task(self._last_word([*self._messages], others)))

    async def _last_word(self, before: Sequence["asyncio.Task[None]"], others: Callable[[], Awaitable[None]]) -> None:
        await asyncio.gather(*before, others())
        number = self._post.next_number()
        reached = dict.fromkeys(d.channel for d in self._record.deliveries if d.delivered)
        await asyncio.gather(*(self._end_on(channel, number) for channel in reached))

    async def _end_on(self, channel: str, number: int) -> None:
        """The end is told where the story was told. A page that is not resolved rings on, so it is tried for some
        minutes, beside all else and unless it is open again.
        """
        ended_at, due = self._record.closed_at, workflow.now()
        for pause_s in (*PAUSES_S, None):
            receipt = await self._post.send(Letter(channel, number, Moment.CLOSED, due=due))
            if receipt.delivered or not receipt.configured or pause_s is None:
                return
            again = f"tell {channel} again that it is over"
            if await happens(lambda: self._record.closed_at != ended_at, pause_s, again):
                return

    async def _tell(self, told: Told) -> None:
        await self.deliver(told)
        self._draft()

    async def _until_due(self) -> None:
        clock = self._record.clock
        policy = self._record.opening.policy
        plan = schedule(clock, policy)
        if not plan:
            await workflow.wait_condition(lambda: self._record.clock is not clock)
            return
        wait = self._speaks_at(plan) - workflow.now()
        if wait > timedelta(0):
            await happens(lambda: self._record.clock is not clock, wait, f"tell: {WORDS[plan[0].reason]}")

    def _next_message(self) -> Told | None:
        clock, policy = self._record.clock, self._record.opening.policy
        plan = schedule(clock, policy)
        said = tell(clock, policy, workflow.now()) if plan and self._speaks_at(plan) <= workflow.now() else None
        if said is None:
            return None
        self._noticed = None
        self._record.clock, told = said
        words = "; ".join(WORDS[r] for r in told.reasons)
        self._record.note(workflow.now(), Kind.ESCALATION, "escalation", f"tier {told.tier}: {words}")
        return told

    def _speaks_at(self, plan: Sequence[Due]) -> datetime:
        now = workflow.now()
        if plan[0].at > now:
            self._noticed = None
            return plan[0].at
        self._noticed = self._noticed or now
        return speak_at(plan, self._noticed)

    async def deliver(self, told: Told) -> None:
        """To all channels of the message at once; to the others, one by one, when none of those has delivered by then:
        a channel that is slow is tried on beside them.
        """
        number, wanted, due = self._post.next_number(), self._channels(told), workflow.now()
        sending = [asyncio.create_task(self._send(name, told, number, due)) for name in wanted]
        await happens(lambda: _delivered(sending) or all(t.done() for t in sending), LATE, "until a channel answers")
        if not _delivered(sending):
            self._say_who_is_slow(wanted, sending)
            others = await self._others(told, number, wanted, due)
        else:
            others = []
        self._heard(told, [*await asyncio.gather(*sending), *others])

    async def _others(self, told: Told, number: int, tried: tuple[str, ...], due: datetime) -> list[Receipt]:
        """What the other channels answer, up to the first that delivers."""
        answers: list[Receipt] = []
        for name in instead(self._record.clock, told, tried):
            answers.append(await self._send(name, told, number, due))
            if answers[-1].delivered:
                break
        return answers

    def _heard(self, told: Told, answers: Sequence[Receipt]) -> None:
        """A call that nobody heard is made again, unless a later one was heard, or nobody has set up a channel."""
        record, now = self._record, workflow.now()
        if any(answer.delivered for answer in answers):
            record.clock = record.clock.hearing()
            return
        record.note(now, Kind.NOTIFICATION, "communication", "no channel delivered: nobody has been told")
        calls = told.awaits or Reason.APPROVAL_NEEDED in told.reasons
        later = any(d.delivered and d.calls and d.at >= told.at for d in record.deliveries)
        if calls and not later and any(answer.configured for answer in answers) and record.clock.stopped_at is None:
            record.clock = record.clock.unheard_again(told, now)

    def _say_who_is_slow(self, wanted: tuple[str, ...], sending: Sequence["asyncio.Task[Receipt]"]) -> None:
        slow = [name for name, task in zip(wanted, sending, strict=True) if not task.done()]
        if slow:
            text = f"{', '.join(slow)}: no answer in {LATE.total_seconds():.0f} s, the next channel is tried beside it"
            self._record.note(workflow.now(), Kind.NOTIFICATION, "communication", text)

    def _channels(self, told: Told) -> tuple[str, ...]:
        paged = "pagerduty" in self._record.roots
        return channels(self._record.clock, self._record.opening.policy, told, paged=paged)

    async def _send(self, channel: str, told: Told, number: int, due: datetime) -> Receipt:
        asks = Reason.APPROVAL_NEEDED in told.reasons and self._record.waiting is not None
        moment = Moment.APPROVAL if asks else Moment.CALL
        return await self._post.send(Letter(channel, number, moment, due=due, told=told))

    def _draft(self) -> None:
        """People who are called upon find a draft of the postmortem. No message waits for it."""
        if self._record.drafted or self._record.clock.escalated_at is None:
            return
        self._record.drafted = True
        self._drafting = asyncio.create_task(write_postmortem(self._record, draft=True))

    async def drafted(self) -> None:
        """Wait until no draft is being written. Who stops to wait does not stop the draft."""
        if self._drafting is not None:
            await workflow.wait_condition(self._drafting.done)
            await self._drafting


def _delivered(sending: Sequence["asyncio.Task[Receipt]"]) -> bool:
    return any(task.done() and task.result().delivered for task in sending)


async def write_postmortem(record: Record, *, draft: bool) -> None:
    """From the facts as they stand. It can be written again, so a failure is said and stops nothing."""
    try:
        record.postmortem = await workflow.execute_activity_method(
            PostmortemActivities.write, args=[record.view(), draft], summary="write the postmortem", **options.WRITE_UP
        )
        record.changed(workflow.now())
    except ActivityError as error:
        record.note(workflow.now(), Kind.NOTE, "postmortem", f"could not be written: {reason(error)}")
