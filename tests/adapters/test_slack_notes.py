"""What is said in Slack after all, and beside: a note in the thread, and whether the cause was right."""

import json
import time
from dataclasses import replace

import httpx
import pytest
from pydantic import SecretStr

from domain.message import Moment
from domain.view import IncidentView
from integrations.slack import SlackChannel, SlackWhisperer
from rig.servers.slack import Posted, SlackServer
from starter.app import create_app
from starter.identity.sending import Became, Reply
from tests import page_views
from tests.adapters.slack_messages import INCIDENT, a_message
from tests.fakes import FakeAudit, FakeEar, FakeFeedback, FakeIncidents, FakeLive
from tests.incidents import NOON, a_view
from tests.parts import parts_with
from tests.people import known


class Way:
    """The starter's application, which knows ana (U0ANA) and has one incident with a thread."""

    def __init__(self, slack: SlackServer, view: IncidentView, *, known_people: bool = True) -> None:
        self.slack, self.ear, self.audit, self.feedback = slack, FakeEar(), FakeAudit(), FakeFeedback()
        self.incidents = FakeIncidents()
        self.incidents.save(view)
        desk = known(self.ear).desk if known_people else None
        self.parts = replace(
            parts_with(live=FakeLive(view), incidents=self.incidents, desk=desk), audit=self.audit,
            feedback=self.feedback, slack_secret=SecretStr(slack.signing_secret),
            slack=SlackWhisperer(SecretStr(slack.workspace.token), slack.url),
        )  # fmt: skip
        self.app = create_app(self.parts)

    async def post(self, path: str, body: bytes, headers: dict[str, str] | None = None) -> httpx.Response:
        transport = httpx.ASGITransport(self.app)
        async with httpx.AsyncClient(transport=transport, base_url="http://nightshift") as http:
            return await http.post(path, content=body, headers=headers or self.slack.signed(body))

    async def writes(self, message: Posted, text: str, user: str = "U0ANA", **more: object) -> str:
        """What who wrote it is shown, and nobody else; empty: nothing."""
        self.slack.whispers.clear()
        answer = await self.post("/slack/events", self.slack.event(message, text, user, **more))
        assert answer.status_code == 200
        return str(self.slack.whispers[0]["text"]) if self.slack.whispers else ""

    @property
    def notes(self) -> list[str]:
        return [told["comment"] for _, _, told in self.ear.told]


@pytest.fixture
def root(slack: SlackServer) -> Posted:
    channel = SlackChannel(SecretStr(slack.workspace.token), "C0INCIDENTS", url=slack.url, every_s=0)
    channel.send(a_message())
    return slack.messages[0]


@pytest.fixture
def way(slack: SlackServer, root: Posted) -> Way:
    return Way(slack, a_view(roots={"slack": f"{root.channel}:{root.ts}"}))


async def test_a_note_in_the_thread_is_that_persons_and_proven(way: Way, root: Posted) -> None:
    said = await way.writes(root, "Note: the <report> runs & is ours")
    ((incident, update, told),) = way.ear.told
    assert (incident, update) == (INCIDENT, "person")
    assert (told["command"], told["who"], told["door"]) == ("note", "ana", "slack")
    assert told["comment"] == "the <report> runs & is ours"
    assert told["proof"]
    assert said == "accepted"
    assert way.slack.whispers[0]["user"] == "U0ANA"


async def test_the_same_event_again_is_one_note(way: Way, root: Posted) -> None:
    """Slack sends an event again whose answer it did not get, with a signature of its own."""
    body = way.slack.event(root, "note: once", "U0ANA")
    for seconds_ago in (2, 0):
        await way.post("/slack/events", body, way.slack.signed(body, at=time.time() - seconds_ago))
    assert way.notes == ["once"]


@pytest.mark.parametrize(
    ("text", "more"),
    [
        ("approve", {}), ("looking at it", {}), ("a note: not at the beginning", {}),
        ("note: by a bot", {"bot_id": "B0OTHER"}), ("note: edited", {"subtype": "message_changed"}),
        ("note: of another thread", {"thread_ts": "1.000001"}),
    ],
)  # fmt: skip
async def test_whatever_else_is_said_is_nothing_to_us(way: Way, root: Posted, text: str, more: dict[str, str]) -> None:
    assert await way.writes(root, text, **more) == ""
    assert way.ear.told == []


async def test_no_word_in_a_thread_decides(way: Way, root: Posted) -> None:
    """Not even one that looks like a decision: it is a note, word for word."""
    await way.writes(root, 'note: approve {"digest": "3f9a12c7", "verdict": "approve"}')
    assert [(update, told["command"]) for _, update, told in way.ear.told] == [("person", "note")]


async def test_who_is_nobody_here_notes_nothing_and_is_told_so(way: Way, root: Posted) -> None:
    assert "You (U0GUEST) are not linked" in await way.writes(root, "note: hello", "U0GUEST")
    assert "nothing was recorded" in await way.writes(root, "note:   ")
    assert way.ear.told == []


async def test_what_slack_did_not_sign_is_not_read(way: Way, root: Posted) -> None:
    body = way.slack.event(root, "note: forged", "U0ANA")
    forged = await way.post("/slack/events", body, way.slack.signed(body, secret="another"))
    late = await way.post("/slack/events", body, way.slack.signed(body, at=1_000_000_000))
    first, again = [await way.post("/slack/events", body, headers) for headers in [way.slack.signed(body)] * 2]
    assert (forged.status_code, late.status_code, first.status_code, again.status_code) == (401, 401, 200, 401)
    assert way.notes == ["forged"], "only the one that Slack signed, once"


async def test_the_address_proves_itself_when_it_is_set_up(way: Way) -> None:
    body = json.dumps({"type": "url_verification", "challenge": "3eZbrw1a"}).encode()
    assert (await way.post("/slack/events", body)).json() == {"challenge": "3eZbrw1a"}


# -- feedback ---------------------------------------------------------------------------------------------------------


@pytest.fixture
def closed(slack: SlackServer) -> IncidentView:
    """It is over, and its thread says so."""
    view = page_views.fixed(NOON).model_copy(update={"incident": INCIDENT})
    channel = SlackChannel(SecretStr(slack.workspace.token), "C0INCIDENTS", url=slack.url, every_s=0)
    channel.send(a_message())
    channel.send(a_message(2, moment=Moment.CLOSED, **view.model_dump(exclude={"page_url"})))
    return view


def last(slack: SlackServer) -> Posted:
    return next(message for message in reversed(slack.messages) if "falsealarm" in message.buttons)


async def test_the_last_message_asks_whether_the_cause_was_right(slack: SlackServer, closed: IncidentView) -> None:
    buttons = last(slack).buttons
    assert list(buttons) == ["right", "falsealarm", "judge"]
    assert buttons["judge"]["url"] == "https://night.example.com/incidents/1#feedback-region"


async def test_feedback_by_a_button_is_that_persons_and_proven_and_learned(
    slack: SlackServer, closed: IncidentView
) -> None:
    way = Way(slack, closed)
    for _ in range(2):
        body = slack.payload(last(slack), "right", "U0ANA")
        assert (await way.post("/slack/interactions", body)).status_code == 200
    (said,) = way.feedback.all
    assert (said.who, said.proven, said.door, said.right) == ("ana", True, "slack", True)
    assert [(row.actor, row.door, row.action) for row in way.audit.rows(INCIDENT)] == [("ana", "slack", "feedback")]
    assert slack.replies[-1]["text"].startswith("accepted: the cause was right, says ana; what is remembered")


async def test_feedback_of_who_is_nobody_here_is_not_kept_and_the_try_is_recorded(
    slack: SlackServer, closed: IncidentView
) -> None:
    way = Way(slack, closed)
    await way.post("/slack/interactions", slack.payload(last(slack), "falsealarm", "U0GUEST"))
    assert way.feedback.all == []
    assert [row.actor for row in way.audit.rows(INCIDENT)] == ["Slack user U0GUEST (not linked)"]


async def test_a_word_that_cannot_be_taken_now_is_said(slack: SlackServer, root: Posted, way: Way) -> None:
    way.ear.forget(Reply(became=Became.UNHEARD, text="Temporal cannot be reached; nothing was recorded"))
    assert "nothing was recorded" in await way.writes(root, "note: try")
