"""Temporal's test server that skips time, driven by the SDK's own test environment."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from datetime import timedelta

from temporalio.contrib.pydantic import pydantic_data_converter
from temporalio.testing import WorkflowEnvironment

from rig.obtain import temporal_test
from rig.servers.search_attributes import Keys, register

STARTUP = timedelta(seconds=30)


@asynccontextmanager
async def time_skipping(search_attributes: Keys = ()) -> AsyncGenerator[WorkflowEnvironment]:
    """An environment whose clock jumps over timers; the server ends with the block, or with this process.

    It cannot create schedules and keeps no static summary: test those on the development server.
    """
    launcher = await asyncio.to_thread(temporal_test.obtain)
    environment = await WorkflowEnvironment.start_time_skipping(
        data_converter=pydantic_data_converter,
        test_server_existing_path=str(launcher),
        test_server_startup_timeout=STARTUP,
    )
    async with environment:
        await register(environment.client, search_attributes)
        yield environment
