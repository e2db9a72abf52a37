"""An incident goes on in a new run, on a real server, while everybody talks to it: nothing that is said is lost."""

import asyncio
from random import Random

from temporalio.client import Client, WorkflowExecutionStatus
from temporalio.service import RPCError

from domain.incident import State
from domain.view import IncidentView
from rig.servers.temporal import TemporalServer
from starter.live import TemporalIncidents
from tests.adapters.test_called_off import BRISK, until
from tests.workflows.night import view
from tests.workflows.world import Handle, World, anomaly
from workflows.search_attributes import INCIDENT

# Nobody acts, so that it waits for people, and looks each second.
HANDS_OFF = BRISK.model_copy(update={"allow": ()})
RUNS = 4
TALKERS = 3
# A server ends no run while it is being talked to, so there has to be a pause at times; most fall into the ending.
PAUSES = (0, 0, 0.1, 1, 3, 5)


class Talker:
    """Somebody who tells an incident what cannot be news to it, and asks for an answer now and then."""

    def __init__(self, number: int, handle: Handle) -> None:
        self._random = Random(number)  # noqa: S311 - no secret
        self._number = number
        self._handle = handle
        self.told: list[str] = []
        self.answered: list[str] = []

    async def talk(self, enough: asyncio.Event) -> None:
        while not enough.is_set():
            name = f"{self._number}-{len(self.told)}"
            alert = anomaly(fingerprint=name, resolved=True)
            await self._handle.signal("report", {"anomalies": [alert.model_dump(mode="json")]})
            self.told.append(name)
            if self._random.random() < 0.3:
                await self._ask(f"mia-{name}")
            await asyncio.sleep(self._random.choice(PAUSES))

    async def _ask(self, who: str) -> None:
        answer = await self._handle.execute_update("person", {"command": "ack", "who": who})  # pyright: ignore[reportUnknownMemberType]
        self.answered.append(f"{who} {answer}")


async def _runs(client: Client, key: str) -> int:
    """How many runs have gone on in another one."""
    query = f"WorkflowId='{key}' AND ExecutionStatus='ContinuedAsNew'"
    return len([run async for run in client.list_workflows(query)])


async def _begun(client: Client, world: World, key: str) -> tuple[Handle, IncidentView]:
    handle = await world.open(client, anomaly(), key=key)
    return handle, await until(handle, lambda v: v.state is State.WAITING_FOR_PEOPLE, "waiting")


async def test_what_is_said_while_a_run_ends_is_known_to_the_next_one(temporal_client: Client) -> None:
    """Alerts by signal and words by update, from several sides at once, over several runs."""
    key, world = "incident-handover-talk", World(policy=HANDS_OFF, events_per_run=100)
    async with world.living(temporal_client):
        handle, first = await _begun(temporal_client, world, key)
        enough = asyncio.Event()
        talkers = [Talker(number, handle) for number in range(TALKERS)]
        talking = [asyncio.create_task(talker.talk(enough)) for talker in talkers]
        while await _runs(temporal_client, key) < RUNS:
            await asyncio.wait(talking, timeout=1, return_when=asyncio.FIRST_EXCEPTION)
            assert not any(task.done() for task in talking), [task.exception() for task in talking if task.done()]
        enough.set()
        await asyncio.gather(*talking)
        told = sum(len(talker.told) for talker in talkers)
        last = await until(handle, lambda v: v.sightings == first.sightings + told, "all that was told")
        await handle.signal("resolve", {"who": "mia"})
        await asyncio.wait_for(handle.result(), 60)
        rows = [row for row in world.audit.rows(first.incident) if row.action == "ack"]
    answered = sorted(said for talker in talkers for said in talker.answered)
    assert sorted(f"{row.actor.removesuffix(' (claimed)')} {row.result}" for row in rows) == answered
    assert (last.incident, last.opened_at) == (first.incident, first.opened_at)
    assert world.memory.incidents.keys() == {first.incident}


async def test_a_run_that_goes_on_is_found_named_and_shown_as_one_incident(
    temporal_client: Client, temporal_dev: TemporalServer
) -> None:
    """By its id, in lists, and with the line by which people know it; a decision's deadline that has passed is gone."""
    key = "incident-handover-found"
    world = World(policy=HANDS_OFF.model_copy(update={"allow": BRISK.allow}), events_per_run=100)
    world.policy = world.policy.model_copy(update={"floors": world.policy.floors.model_copy(update={"LOW": 1.0})})
    async with world.living(temporal_client):
        handle = await world.open(temporal_client, anomaly(), key=key)
        asked = await until(handle, lambda v: v.waiting is not None, "a question")
        assert asked.waiting is not None
        await handle.signal("reject", {"digest": asked.waiting.digest, "who": "ana"})
        await until(handle, lambda v: v.workflow_run != asked.workflow_run, "another run", seconds=120)
        live = TemporalIncidents(temporal_client)
        found = await live.find(asked.incident)
        listed = [seen for seen in await live.newest(50) if seen.key == key]
        described = await handle.describe()
        await handle.signal("resolve", {"who": "mia"})
        await asyncio.wait_for(handle.result(), 60)
    assert found is not None
    assert found.incident == asked.incident
    assert [seen.incident for seen in listed] == [asked.incident]
    assert described.typed_search_attributes.get(INCIDENT) == asked.incident
    assert described.status is WorkflowExecutionStatus.RUNNING


async def test_an_update_for_a_run_that_has_ended_is_refused_and_reaches_the_next_one(temporal_client: Client) -> None:
    """Who looked at the old run learns that it is gone; the key leads to the one that goes on."""
    key, world = "incident-handover-late", World(policy=HANDS_OFF, events_per_run=100)
    async with world.living(temporal_client):
        handle, first = await _begun(temporal_client, world, key)
        await until(handle, lambda v: v.workflow_run != first.workflow_run, "another run", seconds=120)
        old = temporal_client.get_workflow_handle(key, run_id=first.workflow_run)
        refused = False
        try:
            await old.execute_update("person", {"command": "ack", "who": "mia"})  # pyright: ignore[reportUnknownMemberType]
        except RPCError:
            refused = True
        await handle.execute_update("person", {"command": "ack", "who": "mia"})  # pyright: ignore[reportUnknownMemberType]
        seen = await view(handle)
        await handle.signal("resolve", {"who": "mia"})
        await asyncio.wait_for(handle.result(), 60)
    assert refused
    assert seen.clock.acknowledged_by == "mia (claimed)"
