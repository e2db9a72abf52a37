"""On a real Temporal server: a person's word calls off what waits for a worker, at its first try or a further one."""

import asyncio
import time
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from datetime import timedelta

import pytest
from temporalio.api.enums.v1 import EventType
from temporalio.client import Client
from temporalio.exceptions import ApplicationError

from domain.incident import State
from domain.policy import Verification
from domain.view import IncidentView
from tests.workflows.night import story, view
from tests.workflows.world import POLICY, Handle, World, anomaly
from workers.lifecycle import working
from workers.registry import Queue
from workflows.contract import REMEDIATION_QUEUE

# The same rules at a pace that suits a clock that cannot skip.
BRISK = POLICY.model_copy(update={
    "gather_s": 0, "watch_s": 1, "recheck_s": 1,
    "verification": Verification(settle_s=1, samples=1, every_s=1, scrape_s=1),
})  # fmt: skip


class Handless(World):
    """A world whose worker for remediation comes and goes."""

    def queues(self) -> list[Queue]:
        return [queue for queue in super().queues() if queue.name != REMEDIATION_QUEUE]

    @asynccontextmanager
    async def with_hands(self, client: Client) -> AsyncGenerator[None]:
        queue = next(queue for queue in super().queues() if queue.name == REMEDIATION_QUEUE)
        async with working(client, [queue], grace=timedelta(seconds=20)):
            yield


async def until(handle: Handle, holds: Callable[[IncidentView], bool], what: str, seconds: float = 60) -> IncidentView:
    """The view as soon as it satisfies; fails with what it was waiting for."""
    deadline = time.monotonic() + seconds
    while True:
        seen = await view(handle)
        if holds(seen):
            return seen
        assert time.monotonic() < deadline, f"never saw: {what}\n{story(seen)}"
        await asyncio.sleep(0.1)


async def _let_it_name(world: World) -> None:
    """What would be touched is named when the worker has stopped to ask for more."""
    await asyncio.sleep(1)
    world.remediator.may_name.set()


async def _cancelled(handle: Handle) -> None:
    """Returns when history shows that an activity was told to stop."""
    asked = EventType.EVENT_TYPE_ACTIVITY_TASK_CANCEL_REQUESTED
    async for event in handle.fetch_history_events(wait_new_event=True):
        if event.event_type == asked:
            return


@pytest.mark.parametrize("word", [
    pytest.param("take", id="somebody takes over"),
    pytest.param("resolve", id="somebody says that it is fixed"),
    pytest.param("false_positive", id="somebody says that nothing was wrong"),
])  # fmt: skip
async def test_what_no_worker_has_begun_is_called_off(temporal_client: Client, word: str) -> None:
    """The action waits in its queue, as the only worker has gone; it is not done when one comes back."""
    world = Handless(policy=BRISK)
    world.remediator.may_name.clear()
    async with world.living(temporal_client):
        async with world.with_hands(temporal_client):
            handle = await world.open(temporal_client, anomaly(), key=f"incident-called-off-{word}")
            await until(handle, lambda _: world.remediator.naming.is_set(), "about to act")
            named = asyncio.create_task(_let_it_name(world))
        await named
        await until(handle, lambda v: v.state is State.ACTING, "waiting for a worker")
        await handle.signal(word, {"who": "mia"})
        await _cancelled(handle)
        async with world.with_hands(temporal_client):
            world.value = 0.0
            await asyncio.wait_for(handle.result(), 60)
            seen = await view(handle)
    assert world.remediator.executions == 0
    assert (seen.attempts[0].gate.clause, seen.attempts[0].executed) == ("hands_off", None)
    assert [r.ended_at is not None for r in world.guard.reservations] == [True]


async def test_what_failed_and_waits_for_its_next_try_is_called_off_and_said_to_be_uncertain(
    temporal_client: Client,
) -> None:
    """Nobody can say that nothing was touched."""
    world = World(policy=BRISK)
    remediator = world.remediator
    remediator.fails = ApplicationError("it is busy", type="Unavailable", next_retry_delay=timedelta(minutes=2))
    async with world.living(temporal_client):
        handle = await world.open(temporal_client, anomaly(), key="incident-called-off-again")
        await until(handle, lambda _: remediator.executions == 1, "a first try")
        await asyncio.sleep(1)
        await handle.signal("take", {"who": "mia"})
        seen = await until(handle, lambda v: v.state is State.WAITING_FOR_PEOPLE, "called off")
        world.value = 0.0
        await asyncio.wait_for(handle.result(), 60)
    assert remediator.executions == 1
    assert "before it was tried again; what the tries before did is in the audit log" in str(seen.attempts[0].error)
    assert [r.ended_at is not None for r in world.guard.reservations] == [True]
