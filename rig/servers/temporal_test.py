"""Temporal's test server that skips time, driven by the SDK's own test environment."""

import asyncio
import logging
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta

from temporalio.contrib.pydantic import pydantic_data_converter
from temporalio.runtime import LogForwardingConfig, LoggingConfig, Runtime, TelemetryConfig, TelemetryFilter
from temporalio.service import RPCError
from temporalio.testing import WorkflowEnvironment

from rig.obtain import temporal_test
from rig.servers.search_attributes import Keys, register

STARTUP = timedelta(seconds=30)
# Skipped in milliseconds, if at all.
_A_STEP, _TAKES_AT_MOST_S = timedelta(minutes=2), 20.0
_ABOUT_A_STEP = "Error while completing workflow activation"
# A timer that has fired, an activity that has completed: what the step wants to cancel is not there any more.
_REFUSED = ("invalid history builder state for action", "ACTIVITY_UNKNOWN")


@dataclass
class Skipping:
    """A running server, and whether it still works. `stopped`: its clock was seen to skip nothing any more."""

    environment: WorkflowEnvironment
    complaints: "Complaints"
    stopped: bool = False

    @property
    def broken(self) -> bool:
        """It refused a step, and will neither end that step nor give it out again (temporalio/sdk-java#3088).

        It does so when a step cancels a timer that fired, or an activity that completed, while the step was under way;
        a real server gives the step out again. The workflow stands still for ever, and the clock with it. It happens by
        chance, on a busy machine. Or its clock has stopped.
        """
        return self.complaints.refused or self.stopped

    async def look_at_its_clock(self) -> None:
        """When nothing runs any more. A workflow that ends while an activity of it is told to cancel can leave the
        clock locked: from then on a minute takes a minute, for whoever comes next. One that is broken is not asked.
        """
        if self.broken:
            return
        try:
            await asyncio.wait_for(self.environment.sleep(_A_STEP), _TAKES_AT_MOST_S)
        except (TimeoutError, RPCError):  # its clock is locked, or it is gone
            self.stopped = True


class Complaints(logging.Handler):
    """What the SDK says of the server's answers."""

    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self.refused = False

    def emit(self, record: logging.LogRecord) -> None:
        """Notes the one that never ends."""
        said = record.getMessage()
        self.refused |= _ABOUT_A_STEP in said and any(text in said for text in _REFUSED)


@asynccontextmanager
async def time_skipping(search_attributes: Keys = ()) -> AsyncGenerator[Skipping]:
    """A server whose clock jumps over timers; it ends with the block, or with this process.

    It cannot create schedules and keeps no static summary: test those on the development server.
    """
    launcher = await asyncio.to_thread(temporal_test.obtain)
    complaints = Complaints()
    environment = await WorkflowEnvironment.start_time_skipping(
        data_converter=pydantic_data_converter,
        test_server_existing_path=str(launcher),
        test_server_startup_timeout=STARTUP,
        runtime=_heard_by(complaints),
    )
    async with environment:
        await register(environment.client, search_attributes)
        yield Skipping(environment, complaints)


def _heard_by(complaints: Complaints) -> Runtime:
    logger = logging.getLogger(f"{__name__}.{id(complaints)}")
    logger.addHandler(complaints)
    heard = LoggingConfig(TelemetryFilter(core_level="WARN", other_level="ERROR"), LogForwardingConfig(logger))
    return Runtime(telemetry=TelemetryConfig(logging=heard))
