"""Two builds run side by side while one replaces the other: the older reads what it knows of what the newer wrote."""

import asyncio
from collections.abc import Sequence
from typing import Any
from uuid import uuid4

import pytest
from temporalio import workflow
from temporalio.client import Client
from temporalio.worker import Worker

from domain.audit import AuditRow
from domain.feedback import Feedback
from domain.finding import Category
from domain.incident import Outcome
from domain.levels import Severity
from domain.memory import Remembered
from domain.model import Model
from integrations.embeddings import HashingEmbedder
from integrations.store.audit import PostgresAudit
from integrations.store.feedback import PostgresFeedback
from integrations.store.memory import PostgresMemory
from integrations.store.pool import Pool
from starter.away import TemporalAway
from starter.live import TemporalIncidents
from tests.ending import ended
from tests.incidents import NOON, a_view

INCIDENT = "INC-20260131-000001"
ROW = AuditRow(key="1", incident=INCIDENT, at=NOON, actor="ana", door="page", action="ack", target="", result="taken")
WORD = Feedback(incident=INCIDENT, at=NOON, who="ana", right=True)
PAST = Remembered(
    incident=INCIDENT, service="orders", category=Category.CONNECTION_POOL, cause="idle sessions",
    symptoms="the pool is full", severity=Severity.HIGH, outcome=Outcome.AUTO_RESOLVED, opened_at=NOON, closed_at=NOON,
)  # fmt: skip


class NewerRow(AuditRow):
    """With a field that this build does not know."""

    newer: int = 1


class NewerWord(Feedback):
    """Likewise."""

    newer: int = 1


class NewerPast(Remembered):
    """Likewise."""

    newer: int = 1


def _audited(pool: Pool) -> Sequence[Model]:
    audit = PostgresAudit(pool)
    audit.append(NewerRow(**dict(ROW)))
    return audit.rows(INCIDENT)


def _told(pool: Pool) -> Sequence[Model]:
    feedback = PostgresFeedback(pool)
    feedback.add(NewerWord(**dict(WORD)))
    return feedback.of(INCIDENT)


def _recalled(pool: Pool) -> Sequence[Model]:
    memory = PostgresMemory(pool, HashingEmbedder())
    memory.remember(NewerPast(**dict(PAST)))
    return [found.remembered for found in memory.similar(PAST.symptoms)]


@pytest.mark.parametrize(
    ("kept", "known"),
    [
        pytest.param(_audited, ROW, id="the audit log"), pytest.param(_told, WORD, id="feedback"),
        pytest.param(_recalled, PAST, id="memory"),
    ],
)  # fmt: skip
def test_what_a_newer_build_kept_is_read_as_far_as_it_is_known(store_pool: Pool, kept: Any, known: Model) -> None:
    assert kept(store_pool) == [known]


@workflow.defn(name="IncidentWorkflow", sandboxed=False)
class NewerIncident:
    """Shows what it was given, whatever that is."""

    @workflow.init
    def __init__(self, shows: dict[str, Any]) -> None:
        self._shows = shows

    @workflow.run
    async def run(self, _shows: dict[str, Any]) -> None:
        await asyncio.Event().wait()

    @workflow.query(name="view")
    def view(self) -> dict[str, Any]:
        return self._shows


async def _seen(client: Client, **more: Any) -> Any:
    """What the starter sees of an incident whose worker is newer."""
    key, queue = f"incident-newer-{uuid4()}", f"newer-{uuid4()}"
    shows = a_view(key=key).model_dump(mode="json") | more
    async with Worker(client, task_queue=queue, workflows=[NewerIncident]):
        handle = await client.start_workflow("IncidentWorkflow", shows, id=key, task_queue=queue)
        try:
            return await TemporalIncidents(client).view(key)
        finally:
            await ended(handle)


async def test_an_incident_of_a_newer_worker_is_shown_as_far_as_it_is_known(temporal_client: Client) -> None:
    clock = a_view().clock.model_dump(mode="json") | {"newer": 1}
    seen = await _seen(temporal_client, newer={"what": 1}, clock=clock)
    assert seen == a_view(key=seen.key)


async def test_what_cannot_be_read_of_it_is_named(temporal_client: Client) -> None:
    """Pages show what is stored then, and why."""
    with pytest.raises(TemporalAway, match=r"another build answers, whose state this one cannot read"):
        await _seen(temporal_client, state="a state of tomorrow")
