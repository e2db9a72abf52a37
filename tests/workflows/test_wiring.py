"""Each activity that an incident calls is served on the queue on which it is called, and none is served for nobody."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest
from temporalio import activity
from temporalio.client import WorkflowUpdateFailedError

from domain.incident import Outcome
from tests.advice import TERMS
from tests.fakes import (
    FakeAudit,
    FakeEvidence,
    FakeGuard,
    FakeIncidents,
    FakeMaintenance,
    FakeMemory,
    FakeModelCalls,
    FakePostmortems,
)
from tests.workflows.asking import asked, decide, decision, frozen, person
from tests.workflows.conftest import NightOf
from tests.workflows.night import view
from tests.workflows.world import Handle, World
from workers.registry import NAMES, Ports, Queue, queues
from workflows.contract import DETECTION_QUEUE, TASK_QUEUE, TRAINING_QUEUE
from workflows.incident import IncidentWorkflow
from workflows.muted import MutedWorkflow

MUTED = ("judge_muted_again", "hand_over_muted", "record_muted")


@dataclass
class Forgetful(World):
    """A world whose workers keep no run in memory: each step is a replay from the first event."""

    cached_runs: int = 0


def _queues() -> tuple[Queue, ...]:
    return queues(Ports(
        incidents=FakeIncidents(), audit=FakeAudit(), guard=FakeGuard(), memory=FakeMemory(), evidence=FakeEvidence(),
        postmortems=FakePostmortems(), ledger=FakeModelCalls(), maintenance=FakeMaintenance(),
    ), [name for name in NAMES if name not in {DETECTION_QUEUE, TRAINING_QUEUE}])  # fmt: skip


def _served() -> set[tuple[str, str]]:
    """Activity and queue, as the registry lists them for a worker; test_muted.py calls those of what is muted."""
    served = {(_name(served), queue.name) for queue in _queues() for served in queue.activities}
    return {(name, queue) for name, queue in served if not name.endswith(MUTED)}


def _name(served: Callable[..., Any]) -> str:
    """The name by which Temporal knows it."""
    definition = activity._Definition.must_from_callable(served)  # pyright: ignore[reportPrivateUsage, reportUnknownMemberType]
    assert definition.name is not None
    return definition.name


async def _called(handle: Handle) -> set[tuple[str, str]]:
    """Activity and queue, as the server was asked for them."""
    events = (await handle.fetch_history()).events
    scheduled = [e.activity_task_scheduled_event_attributes for e in events]
    return {(s.activity_type.name, s.task_queue.name) for s in scheduled if s.activity_type.name}


@pytest.mark.parametrize("world", [World, Forgetful])
async def test_what_is_called_is_served_and_what_is_served_is_called(night_of: NightOf, world: type[World]) -> None:
    """An approved fix, after a forged approval, a word with a model that is not there and a merge into an incident that
    is gone, needs all activities; it ends the same when no run is kept in memory between its steps.
    """
    async with night_of(frozen(world(adviser=TERMS))) as night:
        handle = await night.open()
        request = await asked(night, handle)
        forged = {"door": "console", "issued_at": (await night.now()).isoformat(), "proof": "0" * 64}
        with pytest.raises(WorkflowUpdateFailedError):
            await decide(handle, decision(request, **forged))
        gone = (await view(handle)).model_copy(update={"incident": "INC-20260131-GONE00", "key": "incident-gone"})
        night.world.incidents.views[gone.incident] = gone
        with pytest.raises(WorkflowUpdateFailedError):
            await person(handle, {"command": "merge", "who": "ana", "into": gone.incident, "comment": "is it there?"})
        await handle.signal("approve", decision(request))
        summary = await night.end(handle)
        called = await _called(handle)
    assert (summary.outcome, summary.attempts) == (Outcome.RESOLVED_BY_HUMAN, 1)
    assert night.world.remediator.ended == ["11@a", "12@b", "13@c"]
    assert called == _served()


def test_only_the_queue_of_incidents_runs_workflows() -> None:
    """The starter starts on that one."""
    assert {q.name: tuple(q.workflows) for q in _queues() if q.workflows} == {
        TASK_QUEUE: (IncidentWorkflow, MutedWorkflow)
    }
