"""Starts again what has died, with growing pauses, and says so."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from subprocess import SubprocessError

from rig.servers.process import ServerFailedError
from rig.up.backoff import Backoff

LOOK_EVERY_S = 0.5
Say = Callable[[str], None]


@dataclass
class Watched:
    """One thing that has to run. `ended` says how it ended, None while it runs; `start` may raise ServerFailedError."""

    name: str
    start: Callable[[], None]
    ended: Callable[[], str | None]
    backoff: Backoff = field(default_factory=lambda: Backoff(time.monotonic()))
    due: float | None = None


class Supervisor:
    """Looks at everything in turn. What waits for its next start holds nothing else up."""

    def __init__(self, watched: Sequence[Watched], say: Say) -> None:
        self._watched = watched
        self._say = say

    def watch(self) -> None:
        """For ever, until an exception such as KeyboardInterrupt."""
        while True:
            self.look(time.monotonic())
            time.sleep(LOOK_EVERY_S)

    def look(self, now: float) -> None:
        """Plan a start for whatever has ended, and carry out those that are due."""
        for one in self._watched:
            if one.due is None and (how := one.ended()) is not None:
                self._plan(one, how, now)
            elif one.due is not None and now >= one.due:
                self._start(one, now)

    def _plan(self, one: Watched, how: str, now: float) -> None:
        one.backoff = one.backoff.died(now)
        one.due = now + one.backoff.wait_s
        self._say(f"{one.name} has ended ({how}); it is started again in {one.backoff.wait_s:g} s")

    def _start(self, one: Watched, now: float) -> None:
        one.due = None
        one.backoff = one.backoff.began(now)
        try:
            one.start()
        except (ServerFailedError, SubprocessError, OSError) as error:
            self._plan(one, str(error).splitlines()[0], now)
        else:
            self._say(f"{one.name} runs again")
