"""The herald follows an incident, beside it, on the channels that know of it: it calls nobody and delays nothing."""

import asyncio
from collections.abc import Mapping, Sequence
from datetime import timedelta

from temporalio import workflow

with workflow.unsafe.imports_passed_through():
    from domain.escalation import Reason, channels, schedule, tell
    from domain.message import Moment
    from domain.news import Event, Picture, events
    from workflows.picture import picture_of
    from workflows.post import PAUSES_S, Letter, Post, wants
    from workflows.record import Record
    from workflows.timers import happens

GATHER_S = 10.0
"""What happens within these seconds is one message; what stands there is edited as often at the most."""


class Herald:
    """Tells each channel what it wants to hear (FOLLOWS), once it has been told of the incident by the clock.

    What a channel has heard is compared with what is true: a message says all that lies between, so nothing waits in
    a queue, and what a channel did not get is in the next one. One message is under way to a channel at a time.
    """

    def __init__(self, record: Record, post: Post) -> None:
        self._record = record
        self._post = post
        self._tried: dict[str, Picture] = {}
        self._failed: dict[str, int] = {}
        self._pausing: set[asyncio.Task[None]] = set()
        self._busy: set[str] = set()
        self._cleared: dict[str, str] = {}
        self._messages: list[asyncio.Task[None]] = []
        self._version = -1
        self._now: Picture | None = None

    async def run(self) -> None:
        """Forever: until the incident ends and cancels it. Messages go out beside it."""
        while True:
            await workflow.wait_condition(lambda: bool(self._behind()))
            await self._gather()
            for channel in self._behind():
                self._tried[channel] = self._picture
                self._start(channel, self._letters(channel))

    @property
    def silent(self) -> bool:
        """Is no message under way, and none due?"""
        return not self._busy and not self._behind()

    async def _gather(self) -> None:
        """Wait for more to say, unless somebody has to decide. Buttons that decide nothing any more go meanwhile."""
        until = workflow.now() + timedelta(seconds=GATHER_S)
        while not self._urgent():
            self._take_buttons_away()
            left = until - workflow.now()
            if left <= timedelta(0) or not await happens(self._presses, left, "gather news for one message"):
                return

    def _presses(self) -> bool:
        return self._urgent() or bool(self._with_old_buttons())

    async def quiet(self) -> None:
        """Wait until nothing is under way, so that the last word is the last one."""
        await asyncio.gather(*self._messages)
        self._messages.clear()

    @property
    def _picture(self) -> Picture:
        if self._now is None or self._version != self._record.version:
            self._version, self._now = self._record.version, picture_of(self._record)
        return self._now

    def _behind(self) -> Sequence[str]:
        """The channels that do not know, or do not show, what is true now. What failed is not tried again as it is."""
        if self._picture.state.closed:
            return ()
        return [
            channel for channel in self._record.roots
            if channel not in self._busy and self._tried.get(channel) != self._picture
            and (self._news(channel) or self._outdated(channel))
        ]  # fmt: skip

    def _outdated(self, channel: str) -> bool:
        shown = self._record.shown.get(channel)
        return Moment.EDIT in wants(channel) and (shown is None or shown.picture != self._picture)

    def _news(self, channel: str) -> tuple[Event, ...]:
        """What it has not heard, and wants to. Of a plan that waits the clock tells, and nobody else again."""
        heard = self._record.heard.get(channel)
        if heard is None:
            return ()
        return tuple(
            event for event in events(heard.picture, self._picture)
            if event.moment in wants(channel) and not (event.moment is Moment.APPROVAL and self._clock_asks(channel))
        )  # fmt: skip

    def _clock_asks(self, channel: str) -> bool:
        """Has the clock asked for a decision there, or will it in this very moment?"""
        waiting = self._record.waiting
        if waiting is None:
            return False
        clock, policy = self._record.clock, self._record.opening.policy
        due = [d for d in schedule(clock, policy) if d.reason is Reason.APPROVAL_NEEDED and d.at <= workflow.now()]
        soon = tell(clock, policy, workflow.now()) if due else None
        told = [t for t in (*clock.told, *(soon[1:] if soon else ())) if t.at >= waiting.asked_at]
        return any(
            Reason.APPROVAL_NEEDED in t.reasons and channel in channels(clock, policy, t) for t in told
        )  # fmt: skip

    def _urgent(self) -> bool:
        """Does somebody have to decide?"""
        return any(event.moment is Moment.APPROVAL for channel in self._behind() for event in self._news(channel))

    def _take_buttons_away(self) -> None:
        """A plan that is decided can be decided no more: its buttons go at once, what came of it is said soon."""
        for channel, asked in self._with_old_buttons().items():
            self._cleared[channel] = asked
            self._start(channel, [self._letter(channel, Moment.EDIT, ())])

    def _with_old_buttons(self) -> Mapping[str, str]:
        """Channels that show a question which is none any more, with its digest. Each is cleared once."""
        shown = {channel: known.picture.asked for channel, known in self._record.shown.items()}
        return {
            channel: asked
            for channel, asked in shown.items()
            if asked and asked != self._picture.asked and channel not in self._busy
            and self._cleared.get(channel) != asked and Moment.EDIT in wants(channel)
        }  # fmt: skip

    def _letters(self, channel: str) -> list[Letter]:
        """One message for all news where a thread tells the story; elsewhere each moment means something of its own."""
        news = self._news(channel)
        if not news:
            return [self._letter(channel, Moment.EDIT, ())]
        if Moment.EDIT in wants(channel):
            return [self._letter(channel, news[0].moment, tuple(event.said for event in news))]
        return [self._letter(channel, event.moment, (event.said,)) for event in news]

    def _letter(self, channel: str, moment: Moment, news: tuple[str, ...]) -> Letter:
        return Letter(channel, self._post.next_number(), moment, due=workflow.now(), news=news)

    def _start(self, channel: str, letters: list[Letter]) -> None:
        self._busy.add(channel)
        self._messages = [task for task in self._messages if not task.done()]
        self._messages.append(asyncio.create_task(self._tell(channel, letters)))

    async def _tell(self, channel: str, letters: list[Letter]) -> None:
        rings_on = False
        for letter in letters:
            receipt = await self._post.send(letter)
            rings_on |= letter.moment is Moment.ACKNOWLEDGED and receipt.configured and not receipt.delivered
        self._busy.discard(channel)
        failed = self._failed[channel] = self._failed.get(channel, 0) + 1 if rings_on else 0
        if 0 < failed <= len(PAUSES_S):
            pausing = asyncio.create_task(self._try_again(channel, PAUSES_S[failed - 1]))
            self._pausing.add(pausing)
            pausing.add_done_callback(self._pausing.discard)

    async def _try_again(self, channel: str, pause_s: float) -> None:
        """After a pause the channel counts as not tried. What it is told then is what is true then."""
        tried = self._tried.get(channel)
        await workflow.sleep(pause_s, summary=f"tell {channel} again who has it")
        if self._tried.get(channel) == tried:
            self._tried.pop(channel, None)
