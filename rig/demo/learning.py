"""What our own detection knows before the fault: a round of training on the history, and a first look at each series.

Both belong to this run: its Prometheus has a past of its own, so what was learnt of an earlier run's is forgotten.
"""

import asyncio
import time
from dataclasses import dataclass

from rich.console import Console
from temporalio.client import Client
from temporalio.service import RPCError, RPCStatusCode

from config.services import load_services
from domain.services import ServiceMap
from rig.demo.scenarios import Scenario
from rig.servers.postgres import PostgresServer
from workflows.contract import TRAINING_SCHEDULE

_TABLES = ("series", "forecasts", "forests")
# Nobody watches a demo that does nothing for longer; training goes on behind it.
_WITHIN_S = 45.0
_SAID_EVERY_S = 10.0
# A series that waits for its first training has a row already, which is due at once.
_LEARNT = """
SELECT (SELECT count(DISTINCT (service, expression)) FROM nightshift.series),
    (SELECT count(DISTINCT (service, expression)) FROM nightshift.forecasts WHERE starts_at IS NOT NULL),
    (SELECT count(DISTINCT (service, expression)) FROM nightshift.forecasts
     WHERE starts_at IS NULL AND again_at > trained_at)
"""


@dataclass(frozen=True)
class Learnt:
    """Of `wanted` expressions of all services: how many were looked at, have a forecast, and cannot have one."""

    wanted: int
    seen: int
    forecast: int
    without: int

    @property
    def done(self) -> bool:
        return self.seen >= self.wanted and self.forecast + self.without >= self.wanted

    @property
    def sentence(self) -> str:
        cannot = f", {self.without} cannot have one" if self.without else ""
        return f"{self.seen} of {self.wanted} series looked at, {self.forecast} have a forecast{cannot}"


def forget(postgres: PostgresServer) -> None:
    """What earlier runs have learnt of series that were called the same. The product must not be running."""
    with postgres.connect("nightshift") as connection:
        for table in _TABLES:
            connection.execute(f"DELETE FROM nightshift.{table}".encode())  # noqa: S608 - ours


async def wait_until_learnt(client: Client, postgres: PostgresServer, scenario: Scenario, console: Console) -> None:
    """Until all is learnt, or for as long as anybody would wait: then it is said what is not."""
    wanted = _wanted(load_services(scenario.services))
    began = said = time.monotonic()
    begun = await _train_now(client)
    learnt = await asyncio.to_thread(_learnt, postgres, wanted)
    while not learnt.done and time.monotonic() - began < _WITHIN_S:
        begun = begun or await _train_now(client)
        if time.monotonic() - said >= _SAID_EVERY_S:
            said = time.monotonic()
            console.print(f"[yellow]learning[/]   {learnt.sentence}", highlight=False)
        await asyncio.sleep(1)
        learnt = await asyncio.to_thread(_learnt, postgres, wanted)
    took = f"{time.monotonic() - began:.0f} s"
    if learnt.done:
        console.print(f"[green]learnt[/]     our own detection is ready: {learnt.sentence} ({took})", highlight=False)
        return
    rest = "what has no forecast is judged by the streaming detector alone, and training goes on"
    console.print(f"[yellow]not learnt[/] after {took}: {learnt.sentence}; {rest}", highlight=False)


async def _train_now(client: Client) -> bool:
    """The schedule of an earlier run is there still, and its next round may be an hour away. One that runs is let run.

    False: the worker has not made the schedule yet.
    """
    try:
        await client.get_schedule_handle(TRAINING_SCHEDULE).trigger()
    except RPCError as error:
        if error.status is not RPCStatusCode.NOT_FOUND:
            raise
        return False
    return True


def _wanted(services: ServiceMap) -> int:
    return sum(len(services.expressions_of(service.name)) for service in services.services)


def _learnt(postgres: PostgresServer, wanted: int) -> Learnt:
    with postgres.connect("nightshift") as connection:
        row = connection.execute(_LEARNT).fetchone()
    assert row is not None  # noqa: S101 - counts always are one row
    return Learnt(wanted, *map(int, row))
