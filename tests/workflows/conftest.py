"""Every workflow test has a night of its own.

When the test server broke under one (a defect of its own: its answer names it, or its clock skips nothing any more),
that test is run again on a new server; whatever else fails, fails.
"""

from collections.abc import AsyncIterator, Callable, Generator
from contextlib import AbstractAsyncContextManager, contextmanager
from pathlib import Path

import pytest

from rig.servers.temporal_test import Skipping
from tests.workflows.night import Night, a_night
from tests.workflows.world import World


class ServerBroke(Exception):
    """The test server stood still under this test: what the test says of the product means nothing."""


_HERE = Path(__file__).parent
NightOf = Callable[[World], AbstractAsyncContextManager[Night]]


@pytest.fixture
def night_of(temporal_skipping: Skipping) -> NightOf:
    """Opens a night in the given world."""
    return lambda world: a_night(temporal_skipping, world)


@pytest.fixture
async def night(night_of: NightOf) -> AsyncIterator[Night]:
    """A night in the usual world: orders fails, and ending idle sessions helps."""
    async with night_of(World()) as begun:
        yield begun


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Only for what `pytest_runtest_call` says."""
    for item in items:
        if item.path.is_relative_to(_HERE):
            item.add_marker(pytest.mark.flaky(reruns=5, only_rerun=[ServerBroke.__name__]))


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item: pytest.Item) -> Generator[None]:
    with _servers_own(item):
        yield


@pytest.hookimpl(wrapper=True)
def pytest_runtest_teardown(item: pytest.Item) -> Generator[None]:
    """The night that a test had is ended there."""
    with _servers_own(item):
        yield


@contextmanager
def _servers_own(item: pytest.Item) -> Generator[None]:
    """A failure under a broken server is the server's."""
    funcargs: dict[str, object] = getattr(item, "funcargs", {})
    server = funcargs.get("temporal_skipping")
    try:
        yield
    except (Exception, pytest.fail.Exception) as failure:
        if isinstance(server, Skipping) and server.broken:
            raise ServerBroke from failure
        raise
