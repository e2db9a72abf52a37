"""The SLA clock that runs beside an incident from its first second: it sleeps until something is due, then tells."""

import asyncio
from datetime import timedelta

from temporalio import workflow
from temporalio.exceptions import ActivityError

with workflow.unsafe.imports_passed_through():
    from activities.notification import NotificationActivities, Send
    from activities.postmortem import PostmortemActivities
    from domain.escalation import WORDS, Told, channels, next_due, schedule, tell
    from domain.message import Moment, Receipt
    from domain.timeline import Kind
    from domain.view import Delivery
    from workflows import options
    from workflows.calls import reason
    from workflows.record import Record
    from workflows.timers import happens

# When none of a severity's channels delivers, the others are tried, the loudest first.
LOUDEST_FIRST = ("pagerduty", "slack", "email")


class EscalationClock:
    """Tells people what the domain's clock says is due. One message covers all that is due at once."""

    def __init__(self, record: Record) -> None:
        self._record = record
        self._messages: list[asyncio.Task[None]] = []

    async def run(self) -> None:
        """Forever: until the incident ends and cancels it. Messages go out beside the clock, which never waits."""
        while True:
            await self._until_due()
            told = self._next_message()
            if told is not None:
                self._messages.append(asyncio.create_task(self._tell(told)))

    @property
    def silent(self) -> bool:
        """Is no message under way, and none due?"""
        due = next_due(self._record.clock, self._record.opening.policy)
        return all(message.done() for message in self._messages) and (due is None or due > workflow.now())

    async def quiet(self) -> None:
        """Wait until nothing is under way, so that the last word is the last one."""
        await asyncio.gather(*self._messages)
        self._messages.clear()

    async def _tell(self, told: Told) -> None:
        await self.deliver(told)
        await self._draft()

    async def _until_due(self) -> None:
        clock = self._record.clock
        policy = self._record.opening.policy
        plan = schedule(clock, policy)
        if not plan:
            await workflow.wait_condition(lambda: self._record.clock is not clock)
            return
        wait = plan[0].at - workflow.now()
        if wait > timedelta(0):
            await happens(lambda: self._record.clock is not clock, wait, f"tell: {WORDS[plan[0].reason]}")

    def _next_message(self) -> Told | None:
        said = tell(self._record.clock, self._record.opening.policy, workflow.now())
        if said is None:
            return None
        self._record.clock, told = said
        words = "; ".join(WORDS[r] for r in told.reasons)
        self._record.note(workflow.now(), Kind.ESCALATION, "escalation", f"tier {told.tier}: {words}")
        return told

    async def deliver(self, told: Told | None) -> None:
        """To all channels of the severity at once; to the others, loudest first, when none of those delivered."""
        self._record.messages += 1
        number, wanted = self._record.messages, self._channels(told)
        receipts = await asyncio.gather(*(self._send(name, told, number) for name in wanted))
        if any(receipt.delivered for receipt in receipts):
            return
        for name in LOUDEST_FIRST:
            if name not in wanted and (await self._send(name, told, number)).delivered:
                return
        text = "no channel delivered: nobody has been told"
        self._record.note(workflow.now(), Kind.NOTIFICATION, "communication", text)

    def _channels(self, told: Told | None) -> tuple[str, ...]:
        """The end is told where the story was told."""
        if told is not None:
            return channels(self._record.clock, self._record.opening.policy, told)
        return tuple(dict.fromkeys(d.channel for d in self._record.deliveries if d.delivered))

    async def _send(self, channel: str, told: Told | None, number: int) -> Receipt:
        record = self._record
        page = told is not None and told.awaits and channel == "pagerduty"
        order = Send(
            channel=channel, view=record.view().brief, told=told, number=number, page=page,
            moment=Moment.CALL if told else Moment.CLOSED, root=record.roots.get(channel),
        )  # fmt: skip
        try:
            receipt = await workflow.execute_activity_method(
                NotificationActivities.send, order, summary=f"tell people by {channel}", **options.SEND
            )
        except ActivityError as error:
            receipt = Receipt(channel=channel, delivered=False, detail=reason(error))
        self._recorded(receipt, told)
        return receipt

    def _recorded(self, receipt: Receipt, told: Told | None) -> None:
        if receipt.delivered and receipt.reference:
            self._record.roots.setdefault(receipt.channel, receipt.reference)
        subject = "; ".join(WORDS[r] for r in told.reasons) if told else "it is over"
        now = workflow.now()
        self._record.deliveries.append(Delivery(
            at=now, channel=receipt.channel, subject=subject, delivered=receipt.delivered, detail=receipt.detail,
            reference=receipt.reference,
        ))  # fmt: skip
        result = "delivered" if receipt.delivered else f"not delivered ({receipt.detail})"
        self._record.note(now, Kind.NOTIFICATION, "communication", f"{receipt.channel}: {subject}: {result}")

    async def _draft(self) -> None:
        """People who are called upon find a draft of the postmortem."""
        if self._record.drafted or self._record.clock.escalated_at is None:
            return
        self._record.drafted = True
        await write_postmortem(self._record, draft=True)


async def write_postmortem(record: Record, *, draft: bool) -> None:
    """From the facts as they stand. It can be written again, so a failure is said and stops nothing."""
    try:
        record.postmortem = await workflow.execute_activity_method(
            PostmortemActivities.write, args=[record.view(), draft], summary="write the postmortem", **options.WRITE_UP
        )
        record.changed(workflow.now())
    except ActivityError as error:
        record.note(workflow.now(), Kind.NOTE, "postmortem", f"could not be written: {reason(error)}")
