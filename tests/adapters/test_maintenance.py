"""What people mute, with everything real but the samples: Temporal, the store, Alertmanager, webhook, sweep, CLI."""

import asyncio
import json
import time
from collections.abc import AsyncGenerator, Awaitable, Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import httpx
import pytest
from temporalio.client import Client, WorkflowExecutionStatus
from temporalio.service import RPCError
from typer.testing import CliRunner, Result

from config.adapters.store import Store
from config.settings import Settings
from domain.holding import Became, MutedRow
from domain.policy import Policy
from domain.services import Service, ServiceMap
from integrations.ports import Series
from integrations.store.pool import Pool
from rig.servers.alertmanager import AlertmanagerServer
from rig.servers.temporal import TemporalServer
from starter.app import create_app
from starter.cli import app
from starter.cli.exits import Exit
from starter.intake import House, TemporalIntake
from starter.muting import WindowsAndSilences
from tests.adapters.test_detection_schedule import EXPRESSION
from tests.ending import ended
from tests.fakes import FakeMetrics
from tests.parts import parts_with
from workers.handing_over import HandingOver
from workers.lifecycle import working
from workers.registry import Ports, queues
from workflows.contract import DETECTION_QUEUE, TASK_QUEUE
from workflows.sweep import DetectionWorkflow

OWN, THEIRS, OTHER = "mute-own", "mute-theirs", "mute-other"
SERVICES = ServiceMap(services=(Service(name=OWN, expressions=(EXPRESSION,)),), expressions=())
HOUSE = House(policy=Policy(), services=SERVICES, namespace="default", temporal_ui=None, public_url=None)


@dataclass
class Quiet:
    """The product at work."""

    client: Client
    store: Store
    http: httpx.AsyncClient
    alertmanager: str
    environment: dict[str, str]
    metrics: FakeMetrics = field(default_factory=FakeMetrics)

    async def nightshift(self, *arguments: str) -> Result:
        """The command line, which has an event loop of its own."""
        command = ["maintenance", *arguments]
        return await asyncio.to_thread(CliRunner().invoke, app, command, env=self.environment, terminal_width=200)

    async def alert(self, service: str) -> dict[str, Any]:
        """The answer to what Alertmanager sends."""
        labels = {"alertname": "HighErrorRatio", "service": service, "severity": "critical"}
        alert = {
            "status": "firing",
            "labels": labels,
            "startsAt": datetime.now(UTC).isoformat(),
            "fingerprint": service,
        }
        answer = await self.http.post("/webhooks/prometheus", json={"version": "4", "alerts": [alert]})
        assert answer.status_code == 202, answer.text
        return answer.json()

    async def sweep(self) -> None:
        """A cycle of our own detection."""
        await self.client.execute_workflow(DetectionWorkflow.run, id=f"sweep-{uuid4()}", task_queue=DETECTION_QUEUE)

    async def silence(self, **labels: str) -> str:
        """A silence for an hour, by regular expressions; its id."""
        now = datetime.now(UTC)
        said = {
            "matchers": [{"name": n, "value": v, "isRegex": True, "isEqual": True} for n, v in labels.items()],
            "startsAt": now.isoformat(), "endsAt": (now + timedelta(hours=1)).isoformat(), "createdBy": "mia",
            "comment": "the move",
        }  # fmt: skip
        async with httpx.AsyncClient(base_url=self.alertmanager) as http:
            return (await http.post("/api/v2/silences", json=said)).json()["silenceID"]

    async def expire(self, silence: str) -> None:
        async with httpx.AsyncClient(base_url=self.alertmanager) as http:
            (await http.delete(f"/api/v2/silence/{silence}")).raise_for_status()

    async def runs(self, key: str) -> bool:
        try:
            described = await self.client.get_workflow_handle(key).describe()
        except RPCError:
            return False
        return described.status is WorkflowExecutionStatus.RUNNING

    async def written(self, service: str) -> bool:
        """Is there a record of its incident?"""
        views = await asyncio.to_thread(self.store.incidents.list, open_only=True)
        return service in {view.service for view in views}

    async def muted(self) -> list[MutedRow]:
        return list(await asyncio.to_thread(self.store.maintenance.muted, 10))


async def until(holds: Callable[[], Awaitable[Any]]) -> None:
    while not await holds():  # noqa: ASYNC110 - a server sets no event
        await asyncio.sleep(0.1)


@pytest.fixture
async def quiet(
    temporal_dev: TemporalServer, store_pool: Pool, store_address: str, alertmanager: AlertmanagerServer
) -> AsyncGenerator[Quiet]:
    client, store = await temporal_dev.connect(), Store(store_pool)
    environment = {"DATABASE_URL": store_address, "TEMPORAL_ADDRESS": temporal_dev.address}
    door = HandingOver(client, Settings.model_validate({**environment, "ALERTMANAGER_URL": alertmanager.url}))
    mutes = WindowsAndSilences(store.maintenance, None, unasked=lambda _: None)
    transport = httpx.ASGITransport(create_app(parts_with(TemporalIntake(client, HOUSE, mutes=mutes))))
    async with httpx.AsyncClient(transport=transport, base_url="http://nightshift") as http:
        quiet = Quiet(client, store, http, alertmanager.url, environment)
        ports = Ports(
            incidents=store.incidents, audit=store.audit, memory=store.memory, postmortems=store.postmortems,
            feedback=store.feedback, series=store.series, forecasts=store.forecasts, metrics=quiet.metrics,
            maintenance=store.maintenance, intake=door, door=door, services=SERVICES,
        )  # fmt: skip
        async with working(client, queues(ports, (TASK_QUEUE, DETECTION_QUEUE)), grace=timedelta(seconds=1)):
            yield quiet
            for service in (OWN, THEIRS, OTHER):
                for key in (f"incident-{service}", f"muted-{service}"):
                    await ended(client.get_workflow_handle(key))


async def test_a_silence_mutes_what_our_own_detection_finds_until_it_expires(quiet: Quiet) -> None:
    last = time.time() // 15 * 15
    points = tuple((last - 15 * n, 0.0) for n in range(5, -1, -1))
    quiet.metrics.ranges["up"] = [Series(labels={"zone": "a"}, points=points)]
    silence = await quiet.silence(service=OWN, zone="a|b")
    await quiet.sweep()
    await until(quiet.muted)
    (row,) = await quiet.muted()
    assert (row.window, row.became, row.service, row.name) == (silence, Became.HELD, OWN, "up")
    assert "by mia: the move" in row.reason
    assert not await quiet.runs(f"incident-{OWN}")
    await quiet.expire(silence)
    await quiet.client.get_workflow_handle(f"muted-{OWN}").signal("judge")
    await until(lambda: quiet.runs(f"incident-{OWN}"))
    await until(lambda: became(quiet, Became.OPENED))


async def became(quiet: Quiet, what: Became) -> bool:
    return {row.became for row in await quiet.muted()} == {what}


async def test_a_window_mutes_what_it_names_until_it_is_ended(quiet: Quiet) -> None:
    named, lasting = (f'"billing, eu",{THEIRS}', "--matcher", "severity=~crit.*"), ("--for", "2h")
    began = await quiet.nightshift("start", *named, *lasting, "--reason", "release 41", "--who", "ana")
    assert began.exit_code == Exit.DONE, began.output
    window = began.stdout.strip()
    answer = await quiet.alert(THEIRS)
    assert (answer["incidents"], answer["muted"]) == ([], [f"muted-{THEIRS}"])
    assert (await quiet.alert(OTHER))["incidents"] == [f"incident-{OTHER}"], "it names another service"
    await until(quiet.muted)
    assert not await quiet.runs(f"incident-{THEIRS}")
    shown = json.loads((await quiet.nightshift("list", "--json")).stdout)
    (one,) = shown["windows"]
    assert (one["window"]["id"], one["state"], one["held"], one["in_all"]) == (window, "in force", 1, 1)
    assert (one["window"]["who"], one["window"]["services"]) == ("ana (claimed)", ["billing, eu", THEIRS])
    assert [row["name"] for row in shown["muted"]] == ["HighErrorRatio"]

    ended = await quiet.nightshift("end", window[:13].lower(), "--who", "bo")
    assert ended.exit_code == Exit.DONE, ended.output
    await until(lambda: quiet.runs(f"incident-{THEIRS}"))
    await until(lambda: became(quiet, Became.OPENED))
    (one,) = json.loads((await quiet.nightshift("list", "--json")).stdout)["windows"]
    assert (one["state"], one["held"], one["in_all"]) == ("ended by bo (claimed)", 0, 1)
    listed = "".join((await quiet.nightshift("list")).stdout.split())
    assert window[:12] in listed
    assert "opened" in listed
    assert (await quiet.nightshift("end", window)).exit_code == Exit.NOT_FOUND

    await until(lambda: quiet.written(THEIRS))
    again = await quiet.nightshift("start", THEIRS, "--for", "2h", "--reason", "once more")
    assert again.exit_code == Exit.DONE
    assert f"({THEIRS}: HighErrorRatio) is open and goes on, with its pages: acknowledge it" in again.stderr
    assert again.stderr.count("is open and goes on") == 1, "the window does not name the other one"
    answer = await quiet.alert(THEIRS)
    assert "muted" not in answer, "what is open takes it in, and pages as ever"
    assert answer["incidents"] == [f"incident-{THEIRS}"]


async def test_a_window_whose_holder_was_terminated_says_so_when_it_is_ended(quiet: Quiet) -> None:
    window = (await quiet.nightshift("start", OTHER, "--for", "2h", "--reason", "release 42")).stdout.strip()
    await quiet.alert(OTHER)
    await until(quiet.muted)
    await quiet.client.get_workflow_handle(f"muted-{OTHER}").terminate("by mistake")
    ended = await quiet.nightshift("end", window)
    assert f"muted-{OTHER} was terminated in Temporal: what it held" in ended.stderr
    assert await became(quiet, Became.HELD), "what was held can be seen"


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("orders", "--reason", "x"), "name an end"),
        (("orders", "--reason", "x", "--for", "31d"), "more than 30 days"),
        (("--reason", "x", "--for", "1h"), "would mute everything"),
        (("--matcher", 'severity=~"("', "--reason", "x", "--for", "1h"), "'(' is not a regular expression"),
        (("--matcher", "severity", "--reason", "x", "--for", "1h"), "is not a matcher"),
        (('"billing, eu', "--reason", "x", "--for", "1h"), "SERVICE: '\"billing, eu': a name in double quotes"),
        (("orders", "--at", "2020-01-01", "--reason", "x", "--for", "1h"), "is over already"),
    ],
)
def test_a_window_that_cannot_be_is_refused_in_words(arguments: tuple[str, ...], said: str) -> None:
    refused = CliRunner().invoke(app, ["maintenance", "start", *arguments], terminal_width=200)
    assert refused.exit_code == Exit.USAGE
    assert said in refused.output
