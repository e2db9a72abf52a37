"""Keeps the newest state of the machine at hand, so that no page waits for it."""

import asyncio
from collections.abc import Awaitable, Callable

from starter.machine.facts import Machine

EVERY_S = 15.0
Ask = Callable[[], Awaitable[Machine]]


class MachineWatch:
    """`latest` is None until the first round has ended; how old it is, every page says."""

    def __init__(self, ask: Ask | None = None, every_s: float = EVERY_S) -> None:
        self._ask = ask
        self._every_s = every_s
        self.latest: Machine | None = None

    async def run(self) -> None:
        """Round after round, until cancelled."""
        while self._ask is not None:
            self.latest = await self._ask()
            await asyncio.sleep(self._every_s)
