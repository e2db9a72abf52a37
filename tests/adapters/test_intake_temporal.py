"""Intake against a real Temporal server: accepted means stored, and what was refused can be sent again."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from pathlib import Path
from typing import Any

import httpx
import pytest
from temporalio.api.enums.v1 import EventType
from temporalio.client import (
    Client,
    Interceptor,
    OutboundInterceptor,
    SignalWorkflowInput,
    StartWorkflowInput,
    WorkflowHandle,
)
from temporalio.contrib.pydantic import pydantic_data_converter
from temporalio.service import RPCError, RPCStatusCode

from domain.policy import Policy
from domain.services import ServiceMap
from rig.servers.temporal import TemporalServer
from starter.app import create_app
from starter.away import LIMIT_S
from starter.intake import House, TemporalIntake
from starter.live import TemporalIncidents
from tests.ending import ended
from tests.parts import parts_with
from workflows.contract import Report


@pytest.fixture(autouse=True)
async def _leave_nothing_open(temporal_client: Client) -> AsyncIterator[None]:  # pyright: ignore[reportUnusedFunction]
    """No worker runs here; one of a later test would find these incidents."""
    yield
    async for run in temporal_client.list_workflows("WorkflowType='IncidentWorkflow' AND ExecutionStatus='Running'"):
        if run.id.startswith("incident-intake-"):
            await ended(temporal_client.get_workflow_handle(run.id))


HOUSE = House(
    policy=Policy(), services=ServiceMap(expressions=()), namespace="default", temporal_ui=None, public_url=None
)


def alert(service: str, status: str = "firing", fingerprint: str = "f1") -> dict[str, Any]:
    return {
        "status": status,
        "labels": {"alertname": "HighErrorRatio", "service": service},
        "startsAt": "2026-01-31T03:06:00Z",
        "fingerprint": fingerprint,
    }


async def post(client: Client, *alerts: dict[str, Any], limit_s: float = LIMIT_S) -> httpx.Response:
    parts = parts_with(TemporalIntake(client, HOUSE, limit_s), TemporalIncidents(client))
    transport = httpx.ASGITransport(create_app(parts))
    async with httpx.AsyncClient(transport=transport, base_url="http://nightshift") as http:
        return await http.post("/webhooks/prometheus", json={"version": "4", "alerts": list(alerts)})


async def reports(client: Client, key: str) -> Sequence[Report]:
    """What the incident was told, as its history holds it."""
    history = await client.get_workflow_handle(key).fetch_history()
    signalled = EventType.EVENT_TYPE_WORKFLOW_EXECUTION_SIGNALED
    payloads = [
        event.workflow_execution_signaled_event_attributes.input.payloads[0]
        for event in history.events
        if event.event_type == signalled
    ]
    return [(await pydantic_data_converter.decode([payload], [Report]))[0] for payload in payloads]


async def test_two_alerts_of_a_service_are_one_incident_and_another_service_is_another(temporal_client: Client) -> None:
    answer = await post(
        temporal_client, alert("intake-a"), alert("intake-a", fingerprint="f2"), alert("intake-b", fingerprint="f3")
    )
    assert answer.status_code == 202
    assert sorted(answer.json()["incidents"]) == ["incident-intake-a", "incident-intake-b"]
    (told,) = await reports(temporal_client, "incident-intake-a")
    assert [a.fingerprint for a in told.anomalies] == ["f1", "f2"]


async def test_the_same_delivery_twice_joins_the_open_incident(temporal_client: Client) -> None:
    for _ in range(2):
        assert (await post(temporal_client, alert("intake-twice"))).status_code == 202
    assert len(await reports(temporal_client, "incident-intake-twice")) == 2  # one run, which tells sightings apart


async def test_deliveries_that_race_to_open_an_incident_all_reach_the_one(temporal_client: Client) -> None:
    race = [post(temporal_client, alert("intake-race", fingerprint=str(number))) for number in range(8)]
    assert [answer.status_code for answer in await asyncio.gather(*race)] == [202] * 8
    told = await reports(temporal_client, "incident-intake-race")
    assert sorted(a.fingerprint for report in told for a in report.anomalies) == [str(n) for n in range(8)]


async def test_a_resolved_alert_reaches_an_open_incident_and_opens_none(temporal_client: Client) -> None:
    ignored = await post(temporal_client, alert("intake-resolved", "resolved"))
    assert (ignored.status_code, ignored.json()["status"]) == (200, "ignored")
    await post(temporal_client, alert("intake-resolved"))
    assert (await post(temporal_client, alert("intake-resolved", "resolved"))).status_code == 202
    told = await reports(temporal_client, "incident-intake-resolved")
    assert [a.firing for report in told for a in report.anomalies] == [True, False]


async def test_a_storm_of_one_service_is_cut_into_signals_that_fit(temporal_client: Client) -> None:
    storm = [alert("intake-storm", fingerprint=str(number)) for number in range(250)]
    assert (await post(temporal_client, *storm)).json()["anomalies"] == 250
    told = await reports(temporal_client, "incident-intake-storm")
    assert [len(report.anomalies) for report in told] == [100, 100, 50]


class _Late(OutboundInterceptor):
    """Temporal stores what it is told, and twice answers too late, as under load."""

    asked = 0

    async def start_workflow(self, input: StartWorkflowInput) -> WorkflowHandle[Any, Any]:  # noqa: A002 (the SDK's name)
        handle = await super().start_workflow(input)
        self.asked += 1
        if self.asked in {1, 70}:
            raise RPCError("too late", RPCStatusCode.DEADLINE_EXCEEDED, b"")
        return handle


class _Answering(Interceptor):
    def intercept_client(self, next: OutboundInterceptor) -> OutboundInterceptor:  # noqa: A002 (the SDK's name)
        return _Late(next)


async def delivered(client: Client, *alerts: dict[str, Any]) -> tuple[httpx.Response, int]:
    """As Alertmanager delivers: again after each 5xx, a little later each time. And how often it was refused."""
    for refused in range(30):
        answer = await post(client, *alerts)
        if answer.status_code != 503:
            return answer, refused
        assert answer.headers["retry-after"]
        await asyncio.sleep(min(0.1 * 2**refused, 5))
    raise AssertionError("it never got through")


async def test_a_storm_over_many_services_gets_through_however_long_it_takes(temporal_client: Client) -> None:
    """Where Temporal does not answer in time the sender is told so, and repeats: then each incident has its alert."""
    late = Client(temporal_client.service_client, data_converter=pydantic_data_converter, interceptors=[_Answering()])
    storm = [alert(f"intake-many-{number}", fingerprint=str(number)) for number in range(120)]
    answer, refused = await delivered(late, *storm)
    assert answer.status_code == 202
    assert refused >= 2
    keys = answer.json()["incidents"]
    told = await asyncio.gather(*(reports(temporal_client, key) for key in keys))
    known = [{a.fingerprint for report in of for a in report.anomalies} for of in told]
    assert dict(zip(keys, known, strict=True)) == {
        f"incident-intake-many-{number}": {str(number)} for number in range(120)
    }


class _Slow(OutboundInterceptor):
    """Temporal takes a second for each signal."""

    async def signal_workflow(self, input: SignalWorkflowInput) -> None:  # noqa: A002 (the SDK's name)
        await asyncio.sleep(1)
        await super().signal_workflow(input)


class _SlowSignals(Interceptor):
    def intercept_client(self, next: OutboundInterceptor) -> OutboundInterceptor:  # noqa: A002 (the SDK's name)
        return _Slow(next)


async def test_the_time_limit_is_for_one_question_to_temporal_not_for_all_that_a_group_needs(
    temporal_client: Client,
) -> None:
    slow = Client(temporal_client.service_client, data_converter=pydantic_data_converter, interceptors=[_SlowSignals()])
    storm = [alert("intake-slow", fingerprint=str(number)) for number in range(500)]
    answer = await post(slow, *storm, limit_s=3)
    assert answer.status_code == 202, answer.text
    told = await reports(temporal_client, "incident-intake-slow")
    assert sum(len(report.anomalies) for report in told) == 500


class _EndsIt(OutboundInterceptor):
    """Somebody ends the incident right after the first portion of a storm has reached it."""

    async def start_workflow(self, input: StartWorkflowInput) -> WorkflowHandle[Any, Any]:  # noqa: A002 (the SDK's name)
        handle = await super().start_workflow(input)
        if not self.ended:
            self.ended = True
            await handle.terminate("the test ends it")
        return handle

    ended = False


class _Ending(Interceptor):
    def intercept_client(self, next: OutboundInterceptor) -> OutboundInterceptor:  # noqa: A002 (the SDK's name)
        return _EndsIt(next)


async def test_what_fires_opens_an_incident_anew_when_the_one_that_it_joined_ended_meanwhile(
    temporal_client: Client,
) -> None:
    ending = Client(temporal_client.service_client, data_converter=pydantic_data_converter, interceptors=[_Ending()])
    storm = [alert("intake-ends", fingerprint=str(number)) for number in range(250)]
    assert (await post(ending, *storm)).status_code == 202
    told = await reports(temporal_client, "incident-intake-ends")  # of the run that is open now
    assert [len(report.anomalies) for report in told] == [100, 50]


async def test_while_temporal_is_down_senders_get_503_and_nothing_is_lost_when_they_repeat(tmp_path: Path) -> None:
    server = TemporalServer(tmp_path)
    client = await Client.connect(server.address, lazy=True, data_converter=pydantic_data_converter)
    refused = await post(client, alert("orders"))
    assert refused.status_code == 503
    assert refused.headers["retry-after"]
    with server:
        assert (await post(client, alert("orders"))).status_code == 202
    refused = await post(client, alert("orders", fingerprint="f2"))
    assert refused.status_code == 503
    with server:
        assert (await post(client, alert("orders", fingerprint="f2"))).status_code == 202
        told = await reports(client, "incident-orders")
    assert [a.fingerprint for report in told for a in report.anomalies] == ["f1", "f2"]


async def test_a_namespace_that_is_not_there_is_no_reason_to_lose_an_alert(temporal_dev: TemporalServer) -> None:
    client = await Client.connect(temporal_dev.address, namespace="nowhere", data_converter=pydantic_data_converter)
    for status in ("firing", "resolved"):
        answer = await post(client, alert("orders", status))
        assert answer.status_code == 503
        assert "nowhere" in answer.json()["error"]
