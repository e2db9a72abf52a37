"""Who follows what, and what is new there. However many follow the same thing, it is asked for once."""

import asyncio
import time
from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Generic, TypeVar

import structlog

from integrations.ports import PortError

T = TypeVar("T")
EVERY_S = 1.0
"""How often the store is asked what has changed, in one question for all that is followed."""
REFRESH_S = 10.0
"""What the store does not know of, such as that Temporal is away, is seen after so long."""
BEAT_S = 15.0
MOST = 500
_AT_ONCE = 8
_log = structlog.stdlib.get_logger(__name__)


class Full(Exception):
    """So many follow already that one more would be at the cost of the others."""


@dataclass
class Topic(Generic[T]):
    """One thing that is followed. `read_at` is of a clock that only goes forward."""

    followers: int = 0
    version: int = 0
    state: T | None = None
    stamp: object = None
    read_at: float = float("-inf")
    news: asyncio.Event = field(default_factory=asyncio.Event)

    def publish(self) -> None:
        self.version += 1
        said, self.news = self.news, asyncio.Event()
        said.set()


class Hub(Generic[T]):
    """`stamps` says of each name when it changed last (blocks, raises PortError), `read` gets what is shown of one.

    Asks only while somebody follows something. Nothing of a follower is left when it goes.
    """

    def __init__(
        self, stamps: Callable[[Sequence[str]], Mapping[str, object]], read: Callable[[str], Awaitable[T | None]], *,
        every_s: float = EVERY_S, refresh_s: float = REFRESH_S, beat_s: float = BEAT_S, most: int = MOST,
    ) -> None:  # fmt: skip
        self._stamps = stamps
        self._read = read
        self._every_s, self._refresh_s, self._beat_s, self._most = every_s, refresh_s, beat_s, most
        self._topics: dict[str, Topic[T]] = {}
        self._asking: asyncio.Task[None] | None = None
        self._ended = False

    @property
    def followers(self) -> int:
        return sum(topic.followers for topic in self._topics.values())

    @property
    def full(self) -> bool:
        """May nobody else follow at this moment?"""
        return self._ended or self.followers >= self._most

    def end(self) -> None:
        """The process stops: every stream comes to its end."""
        self._ended = True
        for topic in self._topics.values():
            topic.publish()

    async def follow(self, name: str) -> AsyncGenerator[tuple[T | None, bool]]:
        """What is shown of it, and whether that is new: as soon as it is, and every `beat_s` seconds all the same.

        None: nobody knows it. Raises Full.
        """
        if self.full:
            raise Full
        topic = self._topics.setdefault(name, Topic())
        topic.followers += 1
        try:
            self._begin()
            seen = 0
            while not self._ended:
                news = topic.news
                if topic.version != seen:
                    seen = topic.version
                    yield topic.state, True
                elif not await _within(news, self._beat_s) and 0 < topic.version == seen:
                    yield topic.state, False
        finally:
            topic.followers -= 1
            if not topic.followers:
                self._topics.pop(name, None)
            if not self._topics and self._asking is not None:
                self._asking.cancel()
                self._asking = None

    # -- asking -------------------------------------------------------------------------------------------------------

    def _begin(self) -> None:
        if self._asking is None or self._asking.done():
            self._asking = asyncio.create_task(self._rounds())
            self._asking.add_done_callback(_say_if_it_failed)

    async def _rounds(self) -> None:
        while not self._ended:
            await self._round()
            await asyncio.sleep(self._every_s)

    async def _round(self) -> None:
        try:
            stamps = await asyncio.to_thread(self._stamps, list(self._topics))
        except PortError:
            stamps = None  # what is shown says so itself, once it is read again
        turn = asyncio.Semaphore(_AT_ONCE)
        due = [name for name, topic in self._topics.items() if self._is_due(topic, name, stamps)]
        await asyncio.gather(*(self._renew(name, stamps, turn) for name in due))

    def _is_due(self, topic: Topic[T], name: str, stamps: Mapping[str, object] | None) -> bool:
        aged = time.monotonic() - topic.read_at >= self._refresh_s
        return aged or (stamps is not None and stamps.get(name) != topic.stamp)

    async def _renew(self, name: str, stamps: Mapping[str, object] | None, turn: asyncio.Semaphore) -> None:
        async with turn:
            state = await self._read(name)
        topic = self._topics.get(name)
        if topic is None:
            return
        topic.read_at = time.monotonic()
        topic.stamp = stamps.get(name) if stamps is not None else None
        if topic.version == 0 or state != topic.state:
            topic.state = state
            topic.publish()


async def _within(news: asyncio.Event, seconds: float) -> bool:
    try:
        await asyncio.wait_for(news.wait(), seconds)
    except TimeoutError:
        return False
    return True


def _say_if_it_failed(asking: asyncio.Task[None]) -> None:
    """The next who follows begins it anew; meanwhile pages say how old they are."""
    if not asking.cancelled() and (error := asking.exception()) is not None:
        _log.error("pages are not told of changes any more", exc_info=error)
