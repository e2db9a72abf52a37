"""Detection runs by Temporal's clock: a schedule that workers keep, whose cycle is one workflow with one activity."""

import time

import pytest
from temporalio.client import Client, ScheduleOverlapPolicy
from temporalio.service import RPCError

from config.settings import Settings
from domain.services import Expression, Service, ServiceMap
from integrations.ports import Series
from rig.servers.temporal import TemporalServer
from starter.doctor.check import Row, Status
from starter.doctor.temporal import checks
from starter.schedules import scheduled
from tests.fakes import FakeForecasts, FakeHandingOver, FakeMetrics, FakeSeries
from workers.lifecycle import working
from workers.registry import Ports, queues
from workers.schedules import DETECTION, keep_detection
from workflows.contract import DETECTION_QUEUE

EXPRESSION = Expression(
    name="up", kind="up", query="up", unit="targets", floor=0.1, bound=0.5, harmful="down", fast=True
)
SERVICES = ServiceMap(services=(Service(name="orders", expressions=(EXPRESSION,)),), expressions=())


@pytest.fixture
async def client(temporal_dev: TemporalServer) -> Client:
    return await temporal_dev.connect()


async def test_a_schedule_skips_what_overlaps_is_renewed_and_keeps_a_pause(client: Client) -> None:
    await keep_detection(client, 3_600)
    handle = client.get_schedule_handle(DETECTION)
    await handle.pause(note="not now")
    await keep_detection(client, 1_800)
    schedule = (await handle.describe()).schedule
    assert schedule.policy.overlap is ScheduleOverlapPolicy.SKIP
    assert [interval.every.total_seconds() for interval in schedule.spec.intervals] == [1_800]
    assert (schedule.state.paused, schedule.state.note) == (True, "not now")
    await keep_detection(client, 0)
    await keep_detection(client, 0)
    with pytest.raises(RPCError):
        await handle.describe()


async def test_a_cycle_that_the_schedule_starts_tells_of_what_is_down(client: Client) -> None:
    metrics, intake = FakeMetrics(), FakeHandingOver()
    last = time.time() // 15 * 15
    metrics.ranges["up"] = [Series(labels={}, points=tuple((last - 15 * n, 0.0) for n in range(5, -1, -1)))]
    ports = Ports(metrics=metrics, series=FakeSeries(), forecasts=FakeForecasts(), intake=intake, services=SERVICES)
    await keep_detection(client, 3_600)
    handle = client.get_schedule_handle(DETECTION)
    try:
        async with working(client, queues(ports, [DETECTION_QUEUE])):
            await handle.trigger()
            while not (actions := (await handle.describe()).info.recent_actions):
                pass
            done = actions[0].action
            run = client.get_workflow_handle(done.workflow_id, run_id=done.first_execution_run_id)  # pyright: ignore[reportAttributeAccessIssue, reportUnknownMemberType, reportUnknownArgumentType]
            cycle = await run.result()
            history = await run.fetch_history()
            while (seen := await scheduled(client, DETECTION)) is None or seen.succeeded_at is None:
                pass
            assert seen.succeeded_at == (await run.describe()).close_time
            assert (seen.every_s, seen.paused) == (3_600, None)
            row = await _row("schedule detection", client)
            assert (row.status, "last success" in row.said) == (Status.OK, True)
            await handle.pause(note="not now")
            row = await _row("schedule detection", client)
            assert (row.status, "not now" in row.said) == (Status.WARN, True)
    finally:
        await keep_detection(client, 0)
    assert [anomaly.service for anomaly in intake.taken] == ["orders"]
    assert cycle["incidents"] == ["incident-orders"]
    assert len(history.events) < 15
    assert (await _row("schedule training", client)).status is Status.FAIL, "it is to be there, and is not"


async def _row(name: str, client: Client) -> Row:
    settings = Settings.model_validate({"NIGHTSHIFT_DETECTION_EVERY_S": 15})
    (check,) = (check for check in checks(settings, client) if check.name == name)
    return await check.run()
