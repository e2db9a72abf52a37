"""One question of the doctor, and its answer as a row."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from enum import StrEnum

from config.errors import ConfigError
from domain.model import Model
from integrations.ports import PortError
from starter.away import TemporalAway

LIMIT_S = 12.0


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
    """`look` gives what it saw; it raises Doubt for a warning; PortError, TemporalAway and ConfigError are failures."""

    group: str
    name: str
    asked: str
    cost: str
    remedy: str
    look: Callable[[], Awaitable[str]]

    async def run(self) -> Row:
        """The row. A question that gets no answer in time has failed."""
        started = time.perf_counter()
        try:
            async with asyncio.timeout(LIMIT_S):
                status, said = Status.OK, await self.look()
        except Doubt as doubt:
            status, said = Status.WARN, str(doubt)
        except (PortError, TemporalAway, ConfigError) as error:
            status, said = Status.FAIL, str(error)
        except TimeoutError:
            status, said = Status.FAIL, f"no answer within {LIMIT_S:g} s"
        fine = status is Status.OK
        return Row(
            group=self.group, name=self.name, status=status, asked=self.asked, said=said,
            seconds=round(time.perf_counter() - started, 3), cost="" if fine else self.cost,
            remedy="" if fine else self.remedy,
        )  # fmt: skip


def blocking(look: Callable[[], str]) -> Callable[[], Awaitable[str]]:
    """A check that blocks, on a thread."""
    return lambda: asyncio.to_thread(look)


def off(group: str, name: str, cost: str, remedy: str) -> Check:
    """Something that is not configured."""
    return _Off(group=group, name=name, asked="nothing", cost=cost, remedy=remedy, look=blocking(str))


class _Off(Check):
    async def run(self) -> Row:
        return Row(
            group=self.group, name=self.name, status=Status.OFF, asked=self.asked, said="not configured",
            cost=self.cost, remedy=self.remedy,
        )  # fmt: skip
