"""The machine as it is asked: a real Temporal and a real store, up, down, and up again."""

import asyncio
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr
from temporalio.client import Client
from temporalio.common import SearchAttributeKey

from config.adapters.store import Store
from config.settings import Settings, load_settings
from domain.holding import Became, Held, row_of
from domain.maintenance import Kind, muted
from domain.policy import Policy
from domain.services import ServiceMap
from integrations.store.pool import Pool
from rig.servers.temporal import TemporalServer
from starter.machine.asking import Asking
from starter.machine.facts import Adviser, Health
from tests import page_views
from tests.advice import TERMS, an_advice
from tests.incidents import minutes
from tests.unit.domain.test_maintenance import alert, window
from tests.workflows.world import World
from workers.registry import NAMES

QUIET = ("PROMETHEUS_URL", "JAEGER_URL", "ELASTICSEARCH_URL", "ALERTMANAGER_URL", "SMTP_URL")
SERVICES = ServiceMap(expressions=())


@pytest.fixture
def settings(monkeypatch: pytest.MonkeyPatch) -> Settings:
    for name in QUIET:
        monkeypatch.setenv(name, "")
    monkeypatch.setenv("JAEGER_URL", "http://127.0.0.1:9")
    monkeypatch.setenv("NIGHTSHIFT_MODEL", "gpt-4o")
    return load_settings()


def asking(settings: Settings, client: Client, pool: Pool) -> Asking:
    return Asking(settings, Policy(), SERVICES, client, Store(pool))


async def test_workers_people_and_servers_show_as_they_are(
    settings: Settings, store_pool: Pool, tmp_path: Path, search_attributes: Sequence[SearchAttributeKey[Any]]
) -> None:
    server = TemporalServer(tmp_path, search_attributes=search_attributes)
    with server:
        client = await server.connect()
        ask = asking(settings, client, store_pool)
        first = await ask.ask()
        assert (first.temporal.health, first.store.health) == (Health.OK, Health.OK)
        assert {queue.name: queue.workers for queue in first.queues} == dict.fromkeys(NAMES, 0)
        assert [(p.name, p.health) for p in first.sources if p.health is not Health.OFF] == [("jaeger", Health.DOWN)]
        assert {part.health for part in first.channels} == {Health.OFF}
        assert first.ended_badly == 0
        assert first.adviser == Adviser(name="gpt-4o", limit_usd=5.0, spent_usd=0.0)
        now = datetime.now(UTC)
        ask.store.model_calls.begin("a", "INC-20260131-000001", now, 0.1, TERMS)
        ask.store.incidents.save(page_views.diagnosed(now, advice=an_advice(at=now, standing=None, said="no opinion")))
        ask.store.guard.pause("ana", "release day", now + timedelta(hours=1), now)
        async with World(detects=True).living(client):
            for kind in ("IncidentWorkflow", "MutedWorkflow"):
                await client.start_workflow(kind, id=kind, task_queue="nowhere")
                await client.get_workflow_handle(kind).terminate("by hand")
            second = await ask.ask()
            async with asyncio.timeout(60):
                while {queue.workers for queue in second.queues} != {1} or second.ended_badly != 2:
                    await asyncio.sleep(0.2)
                    second = await ask.ask()
        assert second.adviser is not None
        assert (second.adviser.spent_usd, second.adviser.silent and second.adviser.silent.said) == (0.1, "no opinion")
        assert second.automation is not None
        assert (second.automation.paused, second.automation.observes) == ("release day (ana)", True)
        assert second.ended_badly == 2
        assert [p.since for p in second.sources] == [p.since for p in first.sources], "since when, not since now"
    gone = await ask.ask()
    assert gone.temporal.health is Health.DOWN
    assert {queue.workers for queue in gone.queues} == {None}
    assert gone.ended_badly is None
    with server:
        back = await ask.ask()
    assert (back.temporal.health, back.temporal.since) == (Health.OK, None)


async def test_a_silence_that_holds_something_is_told_however_much_newer_ones_hold(
    settings: Settings, store_pool: Pool, temporal_client: Client
) -> None:
    now = datetime.now(UTC)
    silences = [window(id=name, kind=Kind.SILENCE, starts=now, ends=now + minutes(9)) for name in ("s-1", "s-2")]
    of = {one.id: muted(alert(), [one], now) for one in silences}
    rows = [
        row_of(Held(anomaly=alert(fingerprint=f"f{n}"), by=by, since=now), "muted-orders", Became.HELD, now)
        for window, by in of.items() if by is not None
        for n in range(1 if window == "s-1" else 201)
    ]  # fmt: skip
    ask = asking(settings, temporal_client, store_pool)
    ask.store.maintenance.record(
        [row.model_copy(update={"at": now + timedelta(seconds=n)}) for n, row in enumerate(rows)]
    )
    machine = await ask.ask()
    assert [(one.window, one.held) for one in machine.quiet or ()] == [("s-1", 1), ("s-2", 201)]


async def test_without_the_store_automation_is_not_known(settings: Settings, temporal_client: Client) -> None:
    with Pool(SecretStr("postgresql://x@127.0.0.1:9/x")) as nowhere:
        machine = await asking(settings, temporal_client, nowhere).ask()
    assert machine.store.health is Health.DOWN
    assert machine.store.since is not None
    assert machine.automation is None
    assert machine.adviser == Adviser(name="gpt-4o", limit_usd=5.0, spent_usd=None)
