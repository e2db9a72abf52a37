"""Every workflow test has a night of its own."""

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager

import pytest
from temporalio.testing import WorkflowEnvironment

from tests.workflows.night import Night, a_night
from tests.workflows.world import World

NightOf = Callable[[World], AbstractAsyncContextManager[Night]]


@pytest.fixture
def night_of(temporal_skipping: WorkflowEnvironment) -> NightOf:
    """Opens a night in the given world."""
    return lambda world: a_night(temporal_skipping, world)


@pytest.fixture
async def night(night_of: NightOf) -> AsyncIterator[Night]:
    """A night in the usual world: orders fails, and ending idle sessions helps."""
    async with night_of(World()) as begun:
        yield begun
