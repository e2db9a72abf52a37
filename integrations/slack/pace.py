"""One message a second for a channel, as Slack asks: who waits goes by importance, not by arrival."""

import heapq
import itertools
import threading
import time
from collections.abc import Generator
from contextlib import contextmanager

EVERY_S = 1.0


class Pace:
    """A turn each `every_s` seconds for the threads of this process, the lowest rank first."""

    def __init__(self, every_s: float = EVERY_S) -> None:
        self._every_s = every_s
        self._waiting: list[tuple[int, int]] = []
        self._numbers = itertools.count()
        self._next = 0.0
        self._change = threading.Condition()

    @contextmanager
    def turn(self, rank: int) -> Generator[None]:
        """Wait for a turn, and have it."""
        me = (rank, next(self._numbers))
        with self._change:
            heapq.heappush(self._waiting, me)
            while (wait := self._wait(me)) != 0:
                self._change.wait(wait)
            heapq.heappop(self._waiting)
            self._next = time.monotonic() + self._every_s
            self._change.notify_all()
        yield

    def _wait(self, me: tuple[int, int]) -> float | None:
        """Seconds until it is this one's turn; None: another one is before it, and will say when it has begun."""
        if self._waiting[0] != me:
            return None
        return max(0.0, self._next - time.monotonic())
