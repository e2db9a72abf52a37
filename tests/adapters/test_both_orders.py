"""Our own detection and Alertmanager's alert about one service are one incident, whichever comes first, and at once.

Temporal, the store, webhook, sweep and incidents are real; what Prometheus has is made up.
"""

import asyncio
import time
from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import httpx
import pytest
from temporalio.client import Client, WorkflowFailureError

from config.adapters.store import Store
from domain.incident import Outcome
from domain.policy import Policy
from domain.services import Expression, Service, ServiceMap
from domain.timeline import Kind
from domain.view import IncidentView
from integrations.ports import Series
from integrations.store.pool import Pool
from rig.servers.temporal import TemporalServer
from starter.app import create_app
from starter.intake import House, TemporalIntake
from tests.ending import ended
from tests.fakes import FakeChannel, FakeMetrics
from tests.parts import parts_with
from workers.lifecycle import working
from workers.registry import Ports, queues
from workflows.contract import ANALYSIS_QUEUE, DETECTION_QUEUE, INVESTIGATION_QUEUE, NOTIFICATION_QUEUE, TASK_QUEUE
from workflows.sweep import DetectionWorkflow

EVERY_S = 15.0
REPETITIONS = 3
SERVICES = tuple(f"both-{number}" for number in range(REPETITIONS))
POLICY = Policy(gather_s=1)
RATIO = Expression(
    name="error ratio", kind="errors", query='errors{service="{service}"}', unit="ratio", floor=0.005, bound=0.05,
    fast=True,
)  # fmt: skip
HOUSE = House(
    policy=POLICY, services=ServiceMap(services=tuple(Service(name=name) for name in SERVICES), expressions=(RATIO,)),
    namespace="default", temporal_ui=None, public_url=None,
)  # fmt: skip


@dataclass
class Watch:
    """The product at work on these services, and the two that tell it of trouble."""

    client: Client
    store: Store
    http: httpx.AsyncClient
    metrics: FakeMetrics = field(default_factory=FakeMetrics)
    began: datetime = field(default_factory=lambda: datetime.now(UTC))

    def fail(self, service: str) -> None:
        """For an hour it had hardly an error; for a minute every second request has failed."""
        last = time.time() // EVERY_S * EVERY_S
        points = tuple(
            (at := last - EVERY_S * n, 0.5 if n < 5 else 0.001 * (at * 7_919 % 9_973) / 9_973)
            for n in range(239, -1, -1)
        )
        self.metrics.ranges[f'errors{{service="{service}"}}'] = [Series(labels={"service": service}, points=points)]

    async def sweep(self) -> None:
        """A cycle of our own detection, as the schedule starts it: after one that failed comes the next."""
        while True:
            try:
                await self.client.execute_workflow(
                    DetectionWorkflow.run, id=f"sweep-{uuid4()}", task_queue=DETECTION_QUEUE
                )
            except WorkflowFailureError:
                continue
            return

    async def alert(self, service: str) -> None:
        """What Alertmanager sends, again as long as it is not taken."""
        alert = {
            "status": "firing", "labels": {"alertname": "HighErrorRatio", "service": service, "severity": "critical"},
            "startsAt": self.began.isoformat(), "fingerprint": f"am-{service}",
        }  # fmt: skip
        delivery = {"version": "4", "alerts": [alert]}
        while (answer := await self.http.post("/webhooks/prometheus", json=delivery)).status_code == 503:
            pass
        assert answer.status_code == 202, answer.text

    async def incidents(self) -> Sequence[IncidentView]:
        return await asyncio.to_thread(self.store.incidents.list, 50)

    async def until(self, done: Callable[[Sequence[IncidentView]], bool]) -> Sequence[IncidentView]:
        """The incidents in the store as soon as they are so."""
        while True:
            found = await self.incidents()
            if done(found):
                return found
            await asyncio.sleep(0.2)


@pytest.fixture
async def watch(temporal_dev: TemporalServer, store_pool: Pool) -> AsyncGenerator[Watch]:
    client, store = await temporal_dev.connect(), Store(store_pool)
    async with _starter(client) as http:
        watch = Watch(client, store, http)
        ports = Ports(
            incidents=store.incidents, audit=store.audit, guard=store.guard, memory=store.memory,
            evidence=store.evidence, postmortems=store.postmortems, feedback=store.feedback, metrics=watch.metrics,
            channels=(FakeChannel("email"),), series=store.series, forecasts=store.forecasts,
            thresholds=store.thresholds, intake=TemporalIntake(client, HOUSE), services=HOUSE.services,
            detection_every_s=EVERY_S, maintenance=store.maintenance,
        )  # fmt: skip
        served = (TASK_QUEUE, INVESTIGATION_QUEUE, ANALYSIS_QUEUE, NOTIFICATION_QUEUE, DETECTION_QUEUE)
        async with working(client, queues(ports, served), grace=timedelta(seconds=1)):
            yield watch
            async for run in client.list_workflows("ExecutionStatus='Running'"):
                if run.id.startswith("incident-both-"):
                    await ended(client.get_workflow_handle(run.id))


@asynccontextmanager
async def _starter(client: Client) -> AsyncGenerator[httpx.AsyncClient]:
    transport = httpx.ASGITransport(create_app(parts_with(TemporalIntake(client, HOUSE))))
    async with httpx.AsyncClient(transport=transport, base_url="http://nightshift") as http:
        yield http


def _seen_by(view: IncidentView) -> list[str]:
    return [entry.actor for entry in view.timeline if entry.kind is Kind.ALERT]


async def _own_first(watch: Watch, service: str) -> None:
    await watch.sweep()
    await watch.alert(service)


async def _alert_first(watch: Watch, service: str) -> None:
    await watch.alert(service)
    await watch.sweep()


async def _at_once(watch: Watch, service: str) -> None:
    await asyncio.gather(watch.sweep(), *(watch.alert(service) for _ in range(3)))


@pytest.mark.parametrize("order", [_own_first, _alert_first, _at_once])
async def test_both_are_one_incident_whose_timeline_shows_both(
    watch: Watch, order: Callable[[Watch, str], Awaitable[Any]]
) -> None:
    for service in SERVICES:
        watch.fail(service)
        await order(watch, service)
    found = await watch.until(lambda views: sum(len(_seen_by(view)) for view in views) >= 2 * REPETITIONS)
    assert sorted(view.service for view in found) == list(SERVICES), "one incident for each service, and no more"
    for view in found:
        assert sorted(_seen_by(view)) == ["nightshift", "prometheus"], "each is told once, however often it was sent"
        assert sorted(a.name for a in view.anomalies) == ["HighErrorRatio", "error ratio"]


async def test_what_our_detection_opened_and_a_person_marks_is_judged_by_a_raised_threshold(watch: Watch) -> None:
    own, theirs, *_ = SERVICES
    for service, order in ((own, _own_first), (theirs, _alert_first)):
        watch.fail(service)
        await order(watch, service)
        await watch.client.get_workflow_handle(f"incident-{service}").signal("false_positive", {"who": "ana"})
    await watch.until(lambda views: [view.outcome for view in views] == [Outcome.FALSE_POSITIVE] * 2)
    await watch.until(lambda _: bool(watch.store.thresholds.words()))
    words = watch.store.thresholds.words()
    assert [(word.service, word.expression, word.who) for word in words] == [(own, "error ratio", "ana (claimed)")]
    await watch.sweep()
    thresholds = {row.watched.service: row.standing.threshold for row in watch.store.series.listed()}
    assert thresholds == {own: 3.75, theirs: 3.0}, "what Alertmanager's alert opened is no word on our thresholds"
