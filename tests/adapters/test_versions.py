"""Builds of the worker on a real server: an incident ends on the build on which it began, the next one on the new."""

import asyncio
from collections.abc import AsyncGenerator, Collection
from contextlib import asynccontextmanager
from datetime import timedelta
from uuid import uuid4

from temporalio.api.workflowservice.v1 import SetWorkerDeploymentCurrentVersionRequest
from temporalio.client import Client
from temporalio.common import WorkerDeploymentVersion
from temporalio.service import RPCError, RPCStatusCode

from domain.incident import State
from tests.adapters.test_called_off import BRISK, until
from tests.workflows.world import Handle, World, anomaly
from workers.lifecycle import working

_NOT_YET = {RPCStatusCode.NOT_FOUND, RPCStatusCode.FAILED_PRECONDITION, RPCStatusCode.RESOURCE_EXHAUSTED}
# Nobody acts, so that it waits for people soon.
HANDS_OFF = BRISK.model_copy(update={"allow": ()})


def _builds(*names: str) -> tuple[WorkerDeploymentVersion, ...]:
    """Of a deployment that no other test knows."""
    deployment = f"nightshift-{uuid4().hex[:8]}"
    return tuple(WorkerDeploymentVersion(deployment_name=deployment, build_id=name) for name in names)


@asynccontextmanager
async def _worker(client: Client, world: World, build: WorkerDeploymentVersion) -> AsyncGenerator[None]:
    async with working(client, world.queues(), grace=timedelta(seconds=1), version=build):
        yield


async def _make_current(client: Client, build: WorkerDeploymentVersion) -> None:
    """As `temporal worker deployment set-current-version` does, as soon as the server knows the build."""
    request = SetWorkerDeploymentCurrentVersionRequest(
        namespace=client.namespace, deployment_name=build.deployment_name, build_id=build.build_id,
        ignore_missing_task_queues=True, allow_no_pollers=False,
    )  # fmt: skip
    for _ in range(30):
        try:
            await client.workflow_service.set_worker_deployment_current_version(request)
        except RPCError as error:
            if error.status not in _NOT_YET:
                raise
            await asyncio.sleep(2)
        else:
            return
    raise AssertionError(f"the server never knew {build.build_id}")


async def _served_by(handle: Handle) -> Collection[str]:
    """The builds that worked on it, by its history."""
    found = [event.workflow_task_completed_event_attributes async for event in handle.fetch_history_events()]
    return {task.deployment_version.build_id for task in found if task.HasField("deployment_version")}


async def test_an_incident_that_began_on_the_old_build_ends_on_it(temporal_client: Client) -> None:
    """Both builds run side by side for as long as the old one has open incidents."""
    old, new = _builds("old", "new")
    before, after = World(policy=HANDS_OFF), World(policy=BRISK)
    async with _worker(temporal_client, before, old):
        await _make_current(temporal_client, old)
        began = await before.open(temporal_client, anomaly(), key="incident-version-old")
        await until(began, lambda v: v.state is State.WAITING_FOR_PEOPLE, "waiting")
        async with _worker(temporal_client, after, new):
            await _make_current(temporal_client, new)
            later = await after.open(temporal_client, anomaly(), key="incident-version-new")
            await asyncio.wait_for(later.result(), 60)
            before.value = 0.0
            await asyncio.wait_for(began.result(), 60)
    assert await _served_by(began) == {"old"}
    assert await _served_by(later) == {"new"}
    assert [len(world.memory.incidents) for world in (before, after)] == [1, 1], (
        "activities stay on their build as well"
    )


async def test_a_run_that_goes_on_stays_on_its_build(temporal_client: Client) -> None:
    """An incident that lasts for weeks ends on the build on which it began, whatever its runs."""
    old, new = _builds("old", "new")
    before, after = World(policy=HANDS_OFF, events_per_run=100), World(policy=BRISK)
    async with _worker(temporal_client, before, old):
        await _make_current(temporal_client, old)
        began = await before.open(temporal_client, anomaly(), key="incident-version-lasting")
        first = (await began.describe()).run_id
        async with _worker(temporal_client, after, new):
            await _make_current(temporal_client, new)
            await until(began, lambda v: v.workflow_run != first, "another run")
            before.value = 0.0
            await asyncio.wait_for(began.result(), 60)
    assert await _served_by(began) == {"old"}
