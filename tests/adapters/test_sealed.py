"""With a key nothing that Nightshift writes is in the clear in Temporal's database; without one, all of it is."""

import asyncio
import base64
from collections.abc import Iterator
from datetime import timedelta
from typing import Any, cast

import pytest
from temporalio.api.common.v1 import Payload, WorkflowExecution
from temporalio.api.query.v1 import WorkflowQuery
from temporalio.api.workflowservice.v1 import QueryWorkflowRequest
from temporalio.client import Client, WorkflowHandle, WorkflowHistory, WorkflowUpdateFailedError
from temporalio.common import RawValue
from temporalio.exceptions import ApplicationError

from config.settings import load_settings
from config.temporal import connect
from domain.finding import Source
from domain.incident import State
from domain.levels import Severity
from domain.policy import Floors
from rig.servers.temporal import TemporalServer
from starter.intake import House, TemporalIntake
from starter.live import TemporalIncidents
from tests.adapters.test_called_off import BRISK, until
from tests.fakes import FakeChannel
from tests.workflows.world import SERVICES, World, anomaly
from workflows.incident import IncidentWorkflow

# Two incidents: a client without keys cannot even read how the sealed one ended.
SEALED, OPEN = "sealed", "open"
# Every plan asks, and only she may answer.
POLICY = BRISK.model_copy(update={"floors": Floors(LOW=1.0), "approvers": ("zebra",)})
# One from each kind of thing that is written: an alert's text, label and rule, a cause, findings, a plan, a target's
# session, a person, a comment, an error, a policy, a message, a timer, a summary, the fixed details.
WORDS = (
    "giraffe is slow", "ostrich-label", "rate(errors", "nightly-report holds", "idle_sessions", "End at most",
    "11@a", "zebra", "because of the walrus", "the server is a hippo", "expected_effect", "it is over",
    "until the fix can be judged", "ask logs", "logs does not answer", "Do not terminate",
)  # fmt: skip

DETAILS = b"Last decision received"


def _key(service: str) -> str:
    return f"incident-{service}"


async def _live(client: Client, service: str) -> bytes:
    """A whole incident, from the starter's word on: a source and an action fail, a person decides, it helps.

    Returns what the web UI is told as its current details.
    """
    world = World(policy=POLICY, failing={Source.LOGS}, channels=(FakeChannel("email"), FakeChannel("slack")))
    world.remediator.fails = ApplicationError("the server is a hippo", type="Unavailable")
    house = House(policy=POLICY, services=SERVICES, namespace="default", temporal_ui=None, public_url=None)
    alert = anomaly(service=service, severity=Severity.CRITICAL).model_copy(
        update={"title": "giraffe is slow", "labels": {"service": service, "team": "ostrich-label"}}
    )
    async with world.living(client):
        await TemporalIntake(client, house).accept([alert])
        handle = client.get_workflow_handle_for(IncidentWorkflow.run, _key(service))
        asked = await until(handle, lambda v: v.waiting is not None, "a question")
        assert asked.waiting is not None
        answer = {"digest": asked.waiting.digest, "who": "zebra", "comment": "because of the walrus"}
        await handle.execute_update("decide", answer)  # pyright: ignore[reportUnknownMemberType]
        await until(handle, lambda _: world.remediator.executions == 1, "a first try")
        world.remediator.fails = None
        await asyncio.wait_for(handle.result(), 60)
        assert (await TemporalIncidents(client).view(_key(service))) is not None
        return await _details(client, service)


async def _details(client: Client, service: str) -> bytes:
    """What the web UI asks for to show current details; a worker has to run."""
    request = QueryWorkflowRequest(
        namespace=client.namespace, execution=WorkflowExecution(workflow_id=_key(service)),
        query=WorkflowQuery(query_type="__temporal_workflow_metadata"),
    )  # fmt: skip
    return (await client.workflow_service.query_workflow(request)).SerializeToString()


async def _kept(raw: Client, service: str) -> WorkflowHistory:
    return await raw.get_workflow_handle(_key(service)).fetch_history()


async def _wire(raw: Client, service: str) -> bytes:
    """All that Temporal keeps of the incident, as it comes over the wire: history, memo, summaries, attributes."""
    described = await raw.get_workflow_handle(_key(service)).describe()
    events = [event.SerializeToString() for event in (await _kept(raw, service)).events]
    return b"".join(events) + described.raw_description.SerializeToString()


def _found(kept: bytes) -> set[str]:
    return {word for word in WORDS if word.encode() in kept}


def _encodings(value: Any) -> Iterator[str]:
    """How each payload is written, search attributes apart: Temporal itself has to read those."""
    if isinstance(value, list):
        for item in cast("list[Any]", value):
            yield from _encodings(item)
    if isinstance(value, dict):
        fields = cast("dict[str, Any]", value)
        if "encoding" in fields:
            yield base64.b64decode(fields["encoding"]).decode()
        for name, field in fields.items():
            if name != "searchAttributes":
                yield from _encodings(field)


async def test_nothing_that_nightshift_writes_is_in_the_clear(
    temporal_dev: TemporalServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Read as a thief of the database would read it."""
    monkeypatch.setenv("TEMPORAL_ADDRESS", temporal_dev.address)
    monkeypatch.setenv("NIGHTSHIFT_PAYLOAD_KEYS", f"2026:{base64.b64encode(bytes(32)).decode()}")
    told = await _live(await connect(load_settings()), SEALED)
    raw = await Client.connect(temporal_dev.address)
    assert _found(await _wire(raw, SEALED)) == set()
    assert DETAILS not in told
    assert set(_encodings((await _kept(raw, SEALED)).to_json_dict())) == {"binary/encrypted"}


def _garbage(key: str) -> RawValue:
    """What anybody who reaches the namespace can send."""
    metadata = {"encoding": b"binary/encrypted", "encryption-key-id": key.encode()}
    return RawValue(Payload(metadata=metadata, data=b"garbage that was never sealed"))


async def test_what_no_key_opens_is_refused_in_words_and_the_incident_goes_on(
    temporal_dev: TemporalServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of a stranger, by signal and by update, to every reader; then it still answers who has the key."""
    monkeypatch.setenv("TEMPORAL_ADDRESS", temporal_dev.address)
    monkeypatch.setenv("NIGHTSHIFT_PAYLOAD_KEYS", f"2026:{base64.b64encode(bytes(32)).decode()}")
    ours, stranger = await connect(load_settings()), await Client.connect(temporal_dev.address)
    world, key = World(policy=BRISK.model_copy(update={"allow": ()})), "incident-unopened"
    async with world.living(ours):
        handle = await world.open(ours, anomaly(), key=key)
        await until(handle, lambda v: v.state is State.WAITING_FOR_PEOPLE, "waiting")
        theirs = stranger.get_workflow_handle(key)
        for name, sealed_with in [("report", "unknown"), ("synchronise", "2026"), ("approve", "x"), ("ack", "x")]:
            await theirs.signal(name, _garbage(sealed_with))
        refusals = [await _refused(theirs, name, ours) for name in ("person", "decide")]
        await handle.signal("ack", {"who": "mia"})
        seen = await until(handle, lambda v: v.clock.acknowledged_by == "mia (claimed)", "acknowledged")
        await handle.signal("resolve", {"who": "mia"})
        await asyncio.wait_for(handle.result(), 60)
    said = [entry.text for entry in seen.timeline if "could not be opened" in entry.text]
    assert "refused: report: the data could not be opened: it was encrypted with the key 'unknown'" in said[0]
    assert len(said) == 4
    assert all("could not be opened" in refusal for refusal in refusals)


async def _refused(theirs: WorkflowHandle[Any, Any], update: str, ours: Client) -> str:
    """The words of the refusal, as one with the key reads them."""
    with pytest.raises(WorkflowUpdateFailedError) as refusal:
        await theirs.execute_update(update, _garbage("unknown"), rpc_timeout=timedelta(seconds=20))  # pyright: ignore[reportUnknownMemberType]
    cause = refusal.value.cause
    assert isinstance(cause, ApplicationError)
    assert cause.failure is not None
    return str(await ours.data_converter.decode_failure(cause.failure))


async def test_without_a_key_the_same_words_are_found(temporal_dev: TemporalServer) -> None:
    """So that the test above cannot pass because nothing was looked at."""
    told = await _live(await temporal_dev.connect(), OPEN)
    raw = await Client.connect(temporal_dev.address)
    assert _found(await _wire(raw, OPEN)) == set(WORDS)
    assert DETAILS in told
    assert "json/plain" in set(_encodings((await _kept(raw, OPEN)).to_json_dict()))
