"""The rig's Temporal servers are real: workflows run on them, data survives, nothing is left behind."""

import asyncio
import time
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import httpx
from temporalio import workflow
from temporalio.api.operatorservice.v1 import ListSearchAttributesRequest
from temporalio.api.testservice.v1 import LockTimeSkippingRequest
from temporalio.client import Client
from temporalio.common import SearchAttributeKey
from temporalio.worker import Worker

from rig.servers.temporal import TemporalServer
from rig.servers.temporal_test import Skipping
from tests.fixtures.temporal import SkippingServers

QUEUE = "rig"


@workflow.defn(sandboxed=False)  # the test module imports a web client, which the sandbox refuses
class Waits:
    """Sleeps for as many seconds as it is told, then says so."""

    @workflow.run
    async def run(self, seconds: float) -> str:
        await workflow.sleep(seconds)
        return f"slept {seconds:g} s"


@workflow.defn(sandboxed=False)
class CancelsLate:
    """Cancels a timer in a step so slow that the timer has fired before the step is told, and goes on."""

    def __init__(self) -> None:
        self._told = False
        self._waits = False

    @workflow.run
    async def run(self) -> None:
        timer = asyncio.create_task(workflow.sleep(1))
        self._waits = True
        await workflow.wait_condition(lambda: self._told)
        time.sleep(1.5)  # noqa: ASYNC251 - the worker is busy, as on a loaded machine
        timer.cancel()
        await workflow.wait_condition(lambda: False)

    @workflow.query
    def waits(self) -> bool:
        return self._waits

    @workflow.signal
    def go(self) -> None:
        self._told = True


async def test_the_dev_server_runs_a_workflow(temporal_client: Client) -> None:
    async with Worker(temporal_client, task_queue=QUEUE, workflows=[Waits]):
        result = await temporal_client.execute_workflow(Waits.run, 0.01, id="waits", task_queue=QUEUE)
    assert result == "slept 0.01 s"


async def test_the_dev_server_serves_its_web_ui(temporal_dev: TemporalServer) -> None:
    async with httpx.AsyncClient(trust_env=False) as http:
        page = await http.get(temporal_dev.ui_url, follow_redirects=True)
    assert "text/html" in page.headers["content-type"]


async def test_a_timer_of_four_hours_passes_at_once(temporal_skipping: Skipping) -> None:
    environment = temporal_skipping.environment
    client = environment.client
    before = await environment.get_current_time()
    async with Worker(client, task_queue=QUEUE, workflows=[Waits]):
        await client.execute_workflow(Waits.run, 4 * 3600, id="waits", task_queue=QUEUE)
    assert await environment.get_current_time() - before >= timedelta(hours=4)


async def _until(holds: Callable[[], bool]) -> None:
    async with asyncio.timeout(30):
        while not holds():  # noqa: ASYNC110 - a server sets no event
            await asyncio.sleep(0.1)


async def test_a_test_server_that_lost_a_timer_is_known_to_be_broken_and_another_takes_its_place(
    temporal_skipping: Skipping, skipping_servers: SkippingServers
) -> None:
    """The defect itself: once a version is without it, what runs tests again can go."""
    client = temporal_skipping.environment.client
    async with Worker(client, task_queue=QUEUE, workflows=[CancelsLate]):
        handle = await client.start_workflow(CancelsLate.run, id="cancels-late", task_queue=QUEUE)
        assert await handle.query(CancelsLate.waits)
        await handle.signal(CancelsLate.go)
        await _until(lambda: temporal_skipping.broken)
        await handle.terminate()
    another = await skipping_servers.one()
    assert another is not temporal_skipping
    await test_a_timer_of_four_hours_passes_at_once(another)


async def test_a_test_server_whose_clock_skips_nothing_is_replaced_too(skipping_servers: SkippingServers) -> None:
    locked = await skipping_servers.one()
    await locked.look_at_its_clock()
    assert not locked.broken
    await locked.environment.client.test_service.lock_time_skipping(LockTimeSkippingRequest())
    await locked.look_at_its_clock()
    assert locked.broken
    await test_a_timer_of_four_hours_passes_at_once(await skipping_servers.one())


async def test_what_the_dev_server_stored_is_there_after_a_second_start(tmp_path: Path) -> None:
    server = TemporalServer(tmp_path)
    with server:
        client = await server.connect()
        await client.start_workflow(Waits.run, 1, id="kept", task_queue=QUEUE)
    with server:
        kept = await (await server.connect()).get_workflow_handle("kept").describe()
    assert kept.task_queue == QUEUE


async def test_a_search_attribute_that_is_new_at_a_second_start_is_registered(tmp_path: Path) -> None:
    old, new = SearchAttributeKey.for_keyword("Old"), SearchAttributeKey.for_datetime("New")
    with TemporalServer(tmp_path, search_attributes=[old]):
        pass
    with TemporalServer(tmp_path, search_attributes=[old, new]) as server:
        client = await server.connect()
        request = ListSearchAttributesRequest(namespace=client.namespace)
        known = await client.operator_service.list_search_attributes(request)
    assert {"Old", "New"} <= set(known.custom_attributes)
