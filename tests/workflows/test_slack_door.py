"""A button of Slack, all the way: the real adapter, the real workflow, the real starter; only the workspace is ours."""

from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from typing import Any

import httpx
import pytest
from pydantic import SecretStr

from domain.approval import Verdict
from domain.command import CommandName
from domain.doors import Door
from domain.incident import Outcome
from domain.levels import Severity
from domain.people import Person
from domain.view import IncidentView
from integrations.slack import SlackChannel
from rig.servers.slack import Posted, SlackServer
from starter.app import create_app
from starter.identity.desk import Desk
from starter.identity.sending import Reply, TemporalEar, decision_key
from starter.parts import Parts
from tests.parts import parts_with
from tests.people import known
from tests.workflows.asking import asked, frozen
from tests.workflows.conftest import NightOf
from tests.workflows.night import Night, texts, view
from tests.workflows.world import Handle, World
from workflows.incident import IncidentWorkflow


@dataclass
class LiveByKey:
    """LiveIncidents through the workflow's query: the test server has no search by id."""

    handle: Handle

    async def view(self, key: str) -> IncidentView | None:
        return await view(self.handle)

    async def find(self, incident: str) -> IncidentView | None:
        seen = await view(self.handle)
        return seen if seen.incident == incident else None

    async def newest(self, limit: int) -> tuple[IncidentView, ...]:
        return ()

    async def ping(self) -> None:
        """It answers."""


class DeskAtNight:
    """The desk, but that its words are of the night's clock: a proof that is old by that clock is not believed."""

    def __init__(self, desk: Desk, night: Night) -> None:
        self._desk, self._night = desk, night
        self.directory = desk.directory

    async def decide(self, person: Person, door: Door, view: IncidentView, *, digest: str, verdict: Verdict) -> Reply:
        now = await self._night.now()
        said = self._desk.speech.decision(person, door, now, incident=view.incident, digest=digest, verdict=verdict)
        key = self._desk.speech.marked(decision_key(said, view))
        return await self._desk.incidents.tell(view, "decide", said, key)

    async def tell(self, person: Person, door: Door, view: IncidentView, command: CommandName) -> Reply:
        now = await self._night.now()
        said = self._desk.speech.command(person, door, now, incident=view.incident, command=command)
        return await self._desk.incidents.tell(view, "person", said, None)


@dataclass
class Room:
    """An incident with a plan that waits, its thread, and the starter that takes presses."""

    night: Night
    handle: Handle
    slack: SlackServer
    http: httpx.AsyncClient

    async def press(self, message: Posted, button: str, user: str) -> str:
        """What who pressed is told."""
        self.slack.replies.clear()
        body = self.slack.payload(message, button, user)
        answer = await self.http.post("/slack/interactions", content=body, headers=self.slack.signed(body))
        assert answer.status_code == 200
        (reply,) = self.slack.replies
        return reply["text"]

    def call(self) -> Posted:
        return next(message for message in self.slack.messages if "ack" in message.buttons)

    def question(self) -> Posted:
        return next(message for message in self.slack.messages if message.text.startswith("Decision by"))


def _parts(night: Night, handle: Handle, slack: SlackServer) -> Parts:
    desk: Any = DeskAtNight(known(TemporalEar(night.client)).desk, night)
    parts = parts_with(live=LiveByKey(handle), desk=desk)
    return replace(parts, slack_secret=SecretStr(slack.signing_secret))


@pytest.fixture
def world(slack: SlackServer) -> World:
    channel = SlackChannel(SecretStr(slack.workspace.token), "C0INCIDENTS", url=slack.url, every_s=0)
    return frozen(World(channels=(channel,)))  # pyright: ignore[reportArgumentType] - the real one


@pytest.fixture
async def room(night_of: NightOf, world: World, slack: SlackServer) -> AsyncIterator[Room]:
    async with night_of(world) as night:
        handle = await night.open(await night.alert(severity=Severity.CRITICAL))
        await asked(night, handle)
        await night.until(handle, lambda v: any("decision" in d.subject for d in v.deliveries), "a question", step_s=1)
        transport = httpx.ASGITransport(create_app(_parts(night, handle, slack)))
        async with httpx.AsyncClient(transport=transport, base_url="http://nightshift") as http:
            yield Room(night, handle, slack, http)


async def test_a_press_lets_the_plan_run_and_the_thread_tells_it(room: Room) -> None:
    question = room.question()
    assert (await room.press(question, "approve", "U0ANA")).startswith("accepted: approve by ana")
    summary = await room.night.end(room.handle)
    assert summary.outcome == Outcome.RESOLVED_BY_HUMAN
    seen = await room.handle.query(IncidentWorkflow.view)
    (decision,) = seen.decisions
    assert (decision.who, decision.door, decision.proven) == ("ana", Door.SLACK, True)
    thread = [m for m in room.slack.messages if m.thread_ts]
    (root,) = [m for m in room.slack.messages if not m.thread_ts]
    assert len(thread) <= 9
    assert root.everything.startswith("RESOLVED")
    assert not any(set(m.buttons) & {"approve", "reject"} for m in thread)
    assert "ana decided by slack: approve" in room.question().everything


async def test_a_second_press_is_told_who_decided(room: Room) -> None:
    question = room.question()
    await room.press(question, "reject", "U0ANA")
    said = await room.press(question, "approve", "U0ANA")
    assert "reject" in said
    assert "ana" in said
    seen = await view(room.handle)
    assert [decision.verdict for decision in seen.decisions] == ["reject"]


async def test_a_person_who_is_no_approver_decides_nothing(room: Room) -> None:
    assert "is not an approver" in await room.press(room.question(), "approve", "U0EVE")
    seen = await view(room.handle)
    assert seen.decisions == ()
    assert any("'eve' is not an approver" in text for text in texts(seen))


async def test_a_late_press_is_refused(room: Room) -> None:
    question = room.question()
    await room.night.until(room.handle, lambda v: v.waiting is None, "the deadline passes", step_s=60)
    said = await room.press(question, "approve", "U0ANA")
    assert said.startswith("refused: the deadline passed at ")
    assert (await view(room.handle)).decisions == ()
    assert room.night.world.remediator.ended == []


async def test_who_looks_at_it_is_known_at_once(room: Room) -> None:
    assert "acknowledged by ana" in await room.press(room.call(), "ack", "U0ANA")
    await room.night.pass_time(seconds=15)
    assert (await view(room.handle)).clock.acknowledged_by == "ana"
    assert not any("ack" in message.buttons for message in room.slack.messages)
