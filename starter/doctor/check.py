"""One question of the doctor, and its answer as a row."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from enum import StrEnum

from config.errors import ConfigError
from domain.model import Model
from integrations.ports import PortError
from starter.away import TemporalAway

LIMIT_S = 12.0
Look = Callable[[], Awaitable[str]]
_SLOW_REMEDY = "look whether it is up and reachable; the machine may be busy"


class Status(StrEnum):
    """OFF: not configured on purpose. WARN: works, and yet somebody may be surprised."""

    OK = "ok"
    WARN = "warn"
    FAIL = "fail"
    OFF = "off"


class Row(Model):
    """`cost` is what the absence costs, `remedy` what mends it; both are empty where nothing is wrong."""

    group: str
    name: str
    status: Status
    asked: str
    said: str
    seconds: float = 0.0
    cost: str = ""
    remedy: str = ""


class Doubt(Exception):
    """A check that found something to warn of."""


@dataclass(frozen=True)
class Check:
    """`look` gives what it saw; it raises Doubt for a warning, and for a failure PortError, TemporalAway,
    ConfigError, or TimeoutError when nothing has answered.
    """

    group: str
    name: str
    asked: str
    cost: str
    remedy: str
    look: Look

    async def run(self) -> Row:
        """The row. A question that gets no answer in time has failed, for a cause that nobody has seen."""
        started, remedy = time.perf_counter(), self.remedy
        try:
            status, said = Status.OK, await self.look()
        except Doubt as doubt:
            status, said = Status.WARN, str(doubt)
        except (PortError, TemporalAway, ConfigError) as error:
            status, said = Status.FAIL, str(error)
        except TimeoutError as error:
            status, said, remedy = Status.FAIL, str(error), _SLOW_REMEDY
        fine = status is Status.OK
        return Row(
            group=self.group, name=self.name, status=status, asked=self.asked, said=said,
            seconds=round(time.perf_counter() - started, 3), cost="" if fine else self.cost,
            remedy="" if fine else remedy,
        )  # fmt: skip


def blocking(look: Callable[[], str], limit: float = LIMIT_S) -> Look:
    """A check that blocks, on a thread. Its limit (seconds) counts from when the thread begins with it."""

    async def on_thread() -> str:
        loop, begun = asyncio.get_running_loop(), asyncio.Event()

        def begin() -> str:
            loop.call_soon_threadsafe(begun.set)
            return look()

        answer = asyncio.ensure_future(asyncio.to_thread(begin))
        await begun.wait()
        return await _in_time(answer, limit)

    return on_thread


def waiting(look: Look, limit: float = LIMIT_S) -> Look:
    """A check that waits without blocking, with the same limit."""
    return lambda: _in_time(look(), limit)


async def _in_time(answer: Awaitable[str], limit: float) -> str:
    try:
        async with asyncio.timeout(limit):
            return await answer
    except TimeoutError as error:
        raise TimeoutError(f"no answer within {limit:g} s") from error


async def run_all(checks: Sequence[Check]) -> Sequence[Row]:
    """All rows, asked at once. Each has a thread of its own: none waits for another that gets no answer."""
    asyncio.get_running_loop().set_default_executor(ThreadPoolExecutor(len(checks), "doctor"))
    return await asyncio.gather(*(check.run() for check in checks))


def off(group: str, name: str, cost: str, remedy: str) -> Check:
    """Something that is not configured."""
    return _Off(group=group, name=name, asked="nothing", cost=cost, remedy=remedy, look=blocking(str))


class _Off(Check):
    async def run(self) -> Row:
        return Row(
            group=self.group, name=self.name, status=Status.OFF, asked=self.asked, said="not configured",
            cost=self.cost, remedy=self.remedy,
        )  # fmt: skip
