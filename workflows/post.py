"""The post: one message to one channel, and what came of it. Clock and herald send through it, so each knows what the
other has said.
"""

import asyncio
from dataclasses import dataclass
from datetime import datetime, timedelta

from temporalio import workflow
from temporalio.exceptions import ActivityError

with workflow.unsafe.imports_passed_through():
    from activities.notification import NotificationActivities, Send
    from domain.escalation import WORDS, Told
    from domain.message import FOLLOWS, Moment, Receipt
    from domain.news import Known
    from domain.timeline import Kind
    from domain.view import Delivery
    from workflows import options
    from workflows.calls import reason
    from workflows.picture import picture_of
    from workflows.record import Record

LATE = timedelta(seconds=30)
"""From here on a message is late: the next channel is tried beside it, and the delivery says how late it came."""

PAUSES_S = (15.0, 30.0, 60.0, 120.0, 240.0)
"""What makes a channel quiet is tried again after these pauses: until it has arrived, a page rings on."""
_QUIETS = frozenset({Moment.ACKNOWLEDGED, Moment.CLOSED})
_BY_A_WORD: dict[str, str | bool] = {"has_it": "", "hands_off": False, "recovered": False}
"""What a page is told by a moment of its own, with what it knows before."""
_TELLS = {Moment.ACKNOWLEDGED: ("has_it", "hands_off"), Moment.RECOVERED: ("recovered",)}


@dataclass(frozen=True)
class Letter:
    """What is to be said on which channel, and since when. `told`: by the clock, which calls people."""

    channel: str
    number: int
    moment: Moment
    due: datetime
    told: Told | None = None
    news: tuple[str, ...] = ()

    @property
    def calls(self) -> bool:
        """Does it speak for the clock? What only follows the incident calls nobody."""
        return self.told is not None or self.moment is Moment.CLOSED

    @property
    def subject(self) -> str:
        if self.told is not None:
            return "; ".join(WORDS[r] for r in self.told.reasons)
        if self.moment is Moment.CLOSED:
            return "it is over"
        return "; ".join(self.news) or "what stands there is brought up to date"


class Post:
    """Sends letters and records what became of them, and what each channel knows since then."""

    def __init__(self, record: Record) -> None:
        self._record = record
        self._firsts: dict[str, asyncio.Lock] = {}
        self._quieting: dict[str, asyncio.Lock] = {}
        self._stale: set[str] = set()

    def next_number(self) -> int:
        """Numbers make keys, so no two messages of an incident have the same."""
        self._record.messages += 1
        return self._record.messages

    async def send(self, letter: Letter) -> Receipt:
        """Deliver it. What makes a channel ring never overtakes what makes it quiet: the incident may be open again
        while its end is still being told, and a page that is resolved after it was opened anew calls nobody.
        """
        async with self._quieting.setdefault(letter.channel, asyncio.Lock()):
            if letter.moment in _QUIETS:
                return await self._begun(letter)
        return await self._begun(letter)

    async def _begun(self, letter: Letter) -> Receipt:
        """Deliver it. Until a channel has answered to an incident's first message, the next one waits: two at once
        would begin two threads.
        """
        if letter.channel in self._record.roots:
            return await self._deliver(letter)
        async with self._firsts.setdefault(letter.channel, asyncio.Lock()):
            return await self._deliver(letter)

    async def _deliver(self, letter: Letter) -> Receipt:
        record = self._record
        known = Known(version=record.version, picture=picture_of(record))
        order = Send(
            channel=letter.channel, view=record.view().brief, told=letter.told, number=letter.number,
            page=letter.told is not None and letter.told.awaits and letter.channel == "pagerduty",
            moment=letter.moment, root=record.roots.get(letter.channel), news=letter.news,
        )  # fmt: skip
        receipt = await _ask(order, options.SEND if letter.calls else options.FOLLOW)
        if receipt.delivered:
            self._reached(letter, known)
        self._recorded(letter, receipt)
        return receipt

    def _reached(self, letter: Letter, known: Known) -> None:
        """Two may be under way at once: what was known first never replaces what was known later."""
        channel = letter.channel
        if letter.moment is not Moment.EDIT and _newer(known, self._record.heard.get(channel)):
            self._record.heard[channel] = self._as_heard(letter, known)
        if _newer(known, self._record.shown.get(channel)):
            self._record.shown[channel] = known

    def _as_heard(self, letter: Letter, known: Known) -> Known:
        """A thread reads all that is true in any message, and so does everybody in the last one. Elsewhere a message
        says one thing: that somebody has it, or that it has recovered, is still to be told by a word of its own. What
        was heard, and is so no more, is to be told again when it is so again.
        """
        if letter.moment is Moment.CLOSED or Moment.EDIT in wants(letter.channel):
            return known
        before = self._record.heard.get(letter.channel)
        heard = before.picture if before else None
        untold = {name: no for name, no in _BY_A_WORD.items() if name not in _TELLS.get(letter.moment, ())}
        kept = {n: getattr(heard, n) if heard and getattr(known.picture, n) else no for n, no in untold.items()}
        return known.model_copy(update={"picture": known.picture.model_copy(update=kept)})

    def _recorded(self, letter: Letter, receipt: Receipt) -> None:
        """A delivery is a row, an edit only when it fails, and not again until one has worked."""
        channel = letter.channel
        if letter.moment is Moment.EDIT:
            known_to_fail = channel in self._stale
            (self._stale.discard if receipt.delivered else self._stale.add)(channel)
            if receipt.delivered or known_to_fail:
                return
        if receipt.delivered and receipt.reference:
            self._record.roots.setdefault(channel, receipt.reference)
        self._note(letter, receipt)

    def _note(self, letter: Letter, receipt: Receipt) -> None:
        now = workflow.now()
        late = now - letter.due
        detail = f"{late.total_seconds():.0f} s late" if receipt.delivered and late > LATE else ""
        detail = "; ".join(part for part in (receipt.detail, detail) if part)
        self._record.deliveries.append(Delivery(
            at=now, channel=letter.channel, subject=letter.subject, delivered=receipt.delivered, detail=detail,
            reference=receipt.reference, calls=letter.calls,
        ))  # fmt: skip
        result = "delivered" if receipt.delivered else f"not delivered ({detail})"
        if receipt.delivered and late > LATE:
            result = f"delivered {late.total_seconds():.0f} s late"
        self._record.note(now, Kind.NOTIFICATION, "communication", f"{letter.channel}: {letter.subject}: {result}")


def wants(channel: str) -> frozenset[Moment]:
    """What a channel follows; one that nobody knows follows nothing."""
    return next((moments for name, moments in FOLLOWS.items() if name == channel), frozenset[Moment]())


def _newer(known: Known, before: Known | None) -> bool:
    return before is None or before.version < known.version


async def _ask(order: Send, how: options.Options) -> Receipt:
    summary = f"{order.moment} by {order.channel}"
    try:
        return await workflow.execute_activity_method(NotificationActivities.send, order, summary=summary, **how)
    except ActivityError as error:
        return Receipt(channel=order.channel, delivered=False, detail=reason(error))
