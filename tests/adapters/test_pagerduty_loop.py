"""The whole way round: dead channels end in a page, and what a person does on the phone stops our clock.

The workflow, the web application, Temporal and the mail and PagerDuty channels are real; PagerDuty is the rig's.
"""

import asyncio
import socket
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import replace
from typing import Any, cast

import pytest
import uvicorn
from pydantic import SecretStr
from temporalio.client import Client, WorkflowExecutionStatus
from temporalio.service import RPCError

from domain.incident import Outcome
from domain.policy import Policy
from domain.services import ServiceMap
from domain.view import IncidentView
from integrations.email import EmailChannel
from integrations.pagerduty import PagerDutyIncidents
from integrations.ports import Unavailable
from rig.servers.pagerduty import KEY, POLICIES, SECRET, SENDER, SERVICE, PagerDutyServer
from rig.servers.ports import free_port
from starter.app import create_app
from starter.intake import House, TemporalIntake
from starter.live import TemporalIncidents
from starter.synchronising import TemporalSynchroniser
from starter.webhooks.pagerduty.translation import Home
from tests.fakes import FakeChannel
from tests.parts import parts_with
from tests.workflows.night import story, view
from tests.workflows.world import POLICY, Handle, World, anomaly

_SERVICE = "pagerloop"
_LONG_S = 90


@asynccontextmanager
async def starter(client: Client) -> AsyncGenerator[str]:
    """The web application on a port of its own; its address for PagerDuty's webhooks."""
    house = House(
        policy=Policy(), services=ServiceMap(expressions=()), namespace="default", temporal_ui=None, public_url=None
    )
    parts = replace(
        parts_with(TemporalIntake(client, house), TemporalIncidents(client)),
        synchroniser=TemporalSynchroniser(client), pagerduty_secrets=(SecretStr(SECRET),),
        pagerduty_home=Home("default", SERVICE),
    )  # fmt: skip
    server = uvicorn.Server(uvicorn.Config(create_app(parts), log_config=None))
    door = socket.create_server(("127.0.0.1", 0))  # who calls before it serves waits in line
    serving = asyncio.create_task(server.serve(sockets=[door]))
    try:
        yield f"http://127.0.0.1:{door.getsockname()[1]}/webhooks/pagerduty"
    finally:
        server.should_exit = True
        await serving


def world(pager: PagerDutyServer) -> World:
    """Slack and the mail server are away; the machine is not sure, so it calls people at once."""
    slack = FakeChannel("slack")
    slack.error = Unavailable("Slack does not answer")
    mail = EmailChannel(SecretStr(f"smtp://127.0.0.1:{free_port()}"), "n@example.com", {1: ("mia@example.com",)})
    page = PagerDutyIncidents(SecretStr(KEY), SENDER, SERVICE, POLICIES, url=pager.url)
    policy = POLICY.model_copy(update={"gather_s": 0, "allow": (), "recheck_s": 2})
    made = World(confidence=0.4, policy=policy)
    made.channels = cast("Any", (slack, mail, page))
    return made


async def until(handle: Handle, holds: Callable[[IncidentView], bool], what: str) -> IncidentView:
    for _ in range(_LONG_S * 4):
        if holds(seen := await view(handle)):
            return seen
        await asyncio.sleep(0.25)
    raise AssertionError(f"never saw: {what}\n{story(await view(handle))}")


@pytest.fixture
async def opened(temporal_client: Client, pager: PagerDutyServer) -> AsyncGenerator[Handle]:
    """An incident that calls people, with the way back open."""
    house = world(pager)
    async with starter(temporal_client) as address, house.living(temporal_client):
        pager.webhooks.url = address
        handle = await house.open(temporal_client, anomaly(service=_SERVICE), key=f"incident-{_SERVICE}")
        yield handle
        with suppress(RPCError):  # it has ended already
            await handle.signal("resolve", {"who": "the test"})
        await asyncio.wait_for(handle.result(), _LONG_S)
        pager.webhooks.url = None


async def test_dead_channels_end_in_a_page_and_an_acknowledgement_there_stops_the_clock(
    opened: Handle, pager: PagerDutyServer, temporal_client: Client
) -> None:
    seen = await until(opened, lambda v: any(d.delivered for d in v.deliveries), "a page")
    assert {(d.channel, d.delivered) for d in seen.deliveries} >= {
        ("slack", False),
        ("email", False),
        ("pagerduty", True),
    }
    (page,) = pager.incidents
    assert (page.key, page.policy, page.urgency) == (seen.incident, POLICIES[2], "high")
    echo = await asyncio.to_thread(pager.webhooks.wait_for, "incident.triggered", _LONG_S)
    assert (echo.status, "our own page" in echo.answer) == (200, True)

    pager.acknowledge(page.id)
    seen = await until(opened, lambda v: v.clock.acknowledged_at is not None, "the acknowledgement")
    assert seen.clock.acknowledged_by == "Mia Maier (claimed)"
    assert "by pagerduty: accepted: acknowledged by Mia Maier" in (seen.last_decision or "")

    pager.resolve(page.id)
    ended = await asyncio.wait_for(opened.result(), _LONG_S)
    assert ended.outcome == Outcome.RESOLVED_BY_HUMAN
    newest = await temporal_client.get_workflow_handle(opened.id).describe()
    assert (newest.run_id, newest.status) == (opened.first_execution_run_id, WorkflowExecutionStatus.COMPLETED)
    assert not any('"anomalies":1' in delivered.answer for delivered in pager.webhooks.delivered)


async def test_their_timeout_ends_their_page_and_not_our_incident(opened: Handle, pager: PagerDutyServer) -> None:
    await until(opened, lambda v: any(d.delivered for d in v.deliveries), "a page")
    (page,) = pager.incidents
    pager.resolve(page.id, user=None)
    heard = await asyncio.to_thread(pager.webhooks.wait_for, "incident.resolved", _LONG_S)
    assert (heard.status, "nobody did it" in heard.answer) == (200, True)
    assert not (await view(opened)).state.closed
