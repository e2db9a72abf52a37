"""Buttons as Slack sends them: signed, once, by a person who is known; everything else is refused in words."""

import asyncio
import time
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import httpx
import pytest
from pydantic import SecretStr

from domain.approval import Decision, Door, Verdict
from domain.incident import State
from domain.levels import Risk
from domain.people import People, Person
from domain.view import IncidentView
from integrations.slack import SlackChannel
from rig.servers.slack import Posted, SlackServer
from starter.app import create_app
from starter.away import TemporalAway
from starter.identity.desk import Desk
from starter.identity.directory import Directory
from starter.identity.sending import Became, Reply, Update
from starter.identity.sessions import Sessions
from starter.identity.speech import Speech
from starter.identity.visitors import Visitors
from tests.adapters.slack_messages import DIGEST, INCIDENT, WAITING, approval
from tests.fakes import FakeAudit, FakeEar, FakeLive
from tests.incidents import a_view
from tests.parts import parts_with

KEY = SecretStr("0123456789abcdef0123456789abcdef")
PEOPLE = People(people=(Person(name="ana", slack="U0ANA"), Person(name="mia", slack="U0MIA")))
VIEW = a_view(waiting=WAITING, state=State.WAITING_FOR_APPROVAL)


class Way:
    """The starter's application at the other end of Slack's request URL."""

    def __init__(self, slack: SlackServer, ear: FakeEar, live: FakeLive, *, known: bool = True) -> None:
        directory = Directory(PEOPLE)
        visitors = Visitors(directory, Sessions(KEY, directory), "nightshift", None)
        desk = Desk(directory, Speech(KEY), visitors, ear, secure=False) if known else None
        self.audit = FakeAudit()
        secret = SecretStr(slack.signing_secret)
        self.parts = replace(parts_with(live=live, desk=desk), slack_secret=secret, audit=self.audit)
        self.slack, self.ear = slack, ear

    async def deliver(self, body: bytes, headers: Mapping[str, str | bytes]) -> httpx.Response:
        sent = [
            (name.encode(), value if isinstance(value, bytes) else value.encode()) for name, value in headers.items()
        ]
        transport = httpx.ASGITransport(create_app(self.parts))
        async with httpx.AsyncClient(transport=transport, base_url="http://nightshift") as http:
            return await http.post("/slack/interactions", content=body, headers=sent)

    async def press(self, message: Posted, button: str, user: str = "U0ANA") -> httpx.Response:
        body = self.slack.payload(message, button, user)
        return await self.deliver(body, self.slack.signed(body))

    @property
    def said(self) -> str:
        """The one answer that was shown to who pressed, and to nobody else."""
        (reply,) = self.slack.replies
        assert reply["response_type"] == "ephemeral"
        assert reply["replace_original"] is False
        return reply["text"]

    def count(self, outcome: str) -> float:
        labels = {"sender": "slack", "outcome": outcome}
        return self.parts.metrics.registry.get_sample_value("nightshift_webhook_deliveries_total", labels) or 0


def _door(slack: SlackServer, *views: IncidentView, reply: Reply | None = None, **how: Any) -> Way:
    return Way(slack, FakeEar(reply), FakeLive(*(views or (VIEW,))), **how)


@pytest.fixture
def asked(slack: SlackServer) -> Posted:
    """A plan that waits, in the thread."""
    SlackChannel(SecretStr(slack.workspace.token), "C0INCIDENTS", url=slack.url, every_s=0).send(approval())
    return next(message for message in slack.messages if "approve" in message.buttons)


async def test_a_press_is_a_proven_decision_of_the_person_behind_the_user(slack: SlackServer, asked: Posted) -> None:
    door = _door(slack, reply=Reply(became=Became.ACCEPTED, text="accepted: approve by ana"))
    assert (await door.press(asked, "approve")).status_code == 200
    ((incident, update, payload),) = door.ear.told
    assert (incident, update) == (INCIDENT, "decide")
    told = (payload["who"], payload["verdict"], payload["digest"], payload["door"])
    assert told == ("ana", "approve", DIGEST, "slack")
    assert payload["proof"]
    assert door.said == "accepted: approve by ana"
    assert door.count("accepted") == 1


async def test_pressing_twice_is_one_decision(slack: SlackServer, asked: Posted) -> None:
    door = _door(slack)
    await door.press(asked, "approve")
    await asyncio.sleep(0)
    await door.press(asked, "approve")
    assert len(door.ear.told) == 1


async def test_above_the_limit_of_buttons_a_button_that_still_stands_decides_nothing(
    slack: SlackServer, asked: Posted
) -> None:
    """It was posted before the limit was lowered; other words of people are taken as before."""
    door = _door(slack)
    door.parts = replace(door.parts, slack_decides_up_to=Risk.OBSERVE)
    for button in ("approve", "reject"):
        slack.replies.clear()
        await door.press(asked, button)
        assert door.said.startswith(f"Buttons decide up to risk OBSERVE here, and this plan's is {WAITING.risk}; ")
    assert door.ear.told == []
    await door.press(asked, "ack")
    assert len(door.ear.told) == 1


@pytest.mark.parametrize(("button", "command"), [("ack", "ack"), ("take", "take")])
async def test_a_call_is_answered_by_a_button(slack: SlackServer, asked: Posted, button: str, command: str) -> None:
    door = _door(slack)
    await door.press(asked, button, "U0MIA")
    ((_, update, payload),) = door.ear.told
    assert (update, payload["command"], payload["who"]) == ("person", command, "mia")


async def test_a_user_who_is_nobody_here_decides_nothing_and_is_told_so(slack: SlackServer, asked: Posted) -> None:
    door = _door(slack)
    assert (await door.press(asked, "approve", "U0GUEST")).status_code == 200
    assert door.ear.told == []
    assert "You (U0GUEST) are not linked" in door.said
    assert "nothing was decided" in door.said
    (row,) = door.audit.rows(INCIDENT)
    assert (row.actor, row.action, row.door) == ("Slack user U0GUEST (not linked)", "approve", "slack")
    assert door.count("refused") == 1


async def test_where_nobody_is_known_nobody_decides(slack: SlackServer, asked: Posted) -> None:
    door = _door(slack, known=False)
    await door.press(asked, "approve")
    assert door.ear.told == []
    assert "no people are configured" in door.said


async def test_a_refusal_is_said_in_the_incidents_words(slack: SlackServer, asked: Posted) -> None:
    refused = "refused: the deadline passed at 12:05:00 UTC"
    door = _door(slack, reply=Reply(became=Became.REFUSED, text=refused))
    assert (await door.press(asked, "approve")).status_code == 200
    assert door.said == refused


async def test_who_presses_an_old_button_is_told_who_decided(slack: SlackServer, asked: Posted) -> None:
    decision = Decision(verdict=Verdict.REJECT, digest=DIGEST, who="mia", door=Door.CLI, proven=True)
    refused = Reply(became=Became.REFUSED, text="refused: no plan is waiting for a decision")
    door = _door(slack, a_view(decisions=(decision,)), reply=refused)
    await door.press(asked, "approve")
    assert door.said == "refused: no plan is waiting for a decision. mia decided by cli: reject."


async def test_what_was_not_recorded_says_so(slack: SlackServer, asked: Posted) -> None:
    door = Way(slack, FakeEar(), FakeLive(VIEW, away=TemporalAway("Temporal did not answer within 3 s")))
    assert (await door.press(asked, "approve")).status_code == 200
    assert door.ear.told == []
    assert "nothing was recorded" in door.said
    assert door.count("unavailable") == 1


async def test_an_incident_that_nobody_knows_is_named(slack: SlackServer, asked: Posted) -> None:
    door = _door(slack, a_view(2))
    await door.press(asked, "approve")
    assert f"There is no incident {INCIDENT}" in door.said


class SlowEar(FakeEar):
    """Answers when it is allowed to."""

    def __init__(self) -> None:
        super().__init__()
        self.go = asyncio.Event()

    async def tell(self, view: IncidentView, update: Update, payload: dict[str, str], key: str | None) -> Reply:
        await self.go.wait()
        return await super().tell(view, update, payload, key)


async def test_slack_is_answered_before_a_slow_temporal_is(slack: SlackServer, asked: Posted) -> None:
    """The press goes on in the background, and what comes of it is said when it is known."""
    ear = SlowEar()
    door = Way(slack, ear, FakeLive(VIEW))
    assert (await door.press(asked, "approve")).status_code == 200
    assert slack.replies == []
    ear.go.set()
    for _ in range(200):
        await asyncio.sleep(0.02)
        if slack.replies:
            break
    assert door.said == "accepted"


async def test_a_link_button_is_nobodys_decision(slack: SlackServer, asked: Posted) -> None:
    opens = {"type": "actions", "elements": [{"type": "button", "action_id": "open", "url": "https://x.example.com"}]}
    link = Posted(asked.channel, asked.ts, {**asked.said, "blocks": [opens]}, asked.at)
    door = _door(slack)
    assert (await door.press(link, "open")).status_code == 200
    assert (door.ear.told, slack.replies, door.count("ignored")) == ([], [], 1)


# -- cheats -----------------------------------------------------------------------------------------------------------


def _forged(slack: SlackServer, body: bytes) -> dict[str, dict[str, str]]:
    """Headers of everybody who is not Slack, or not in time."""
    right = slack.signed(body)
    return {
        "another secret": slack.signed(body, secret="not the secret"),
        "another body": slack.signed(body + b"&x=1"),
        "five minutes old": slack.signed(body, at=time.time() - 301),
        "from the future": slack.signed(body, at=time.time() + 400),
        "no signature": {},
        "half a signature": {**right, "X-Slack-Signature": "v0="},
        "no time": {**right, "X-Slack-Request-Timestamp": "now"},
        "a huge time": {**right, "X-Slack-Request-Timestamp": "9" * 400},
        "letters of elsewhere": {**right, "X-Slack-Signature": "v0=\u00e9"},
    }


FORGERIES = (
    "another secret", "another body", "five minutes old", "from the future", "no signature", "half a signature",
    "no time", "a huge time", "letters of elsewhere",
)  # fmt: skip


@pytest.mark.parametrize("forgery", FORGERIES)
async def test_what_is_not_signed_by_slack_is_refused_and_counted(
    slack: SlackServer, asked: Posted, forgery: str
) -> None:
    door = _door(slack)
    body = slack.payload(asked, "approve", "U0ANA")
    headers = {name: value.encode("latin-1") for name, value in _forged(slack, body)[forgery].items()}
    answer = await door.deliver(body, headers)
    assert answer.status_code == 401
    assert "nothing was recorded" in answer.json()["error"]
    assert (door.ear.told, slack.replies, door.count("refused")) == ([], [], 1)


async def test_a_request_that_came_before_is_refused_and_counted(slack: SlackServer, asked: Posted) -> None:
    door = _door(slack)
    body = slack.payload(asked, "ack", "U0ANA")
    headers = slack.signed(body)
    app = create_app(door.parts)
    transport = httpx.ASGITransport(app)
    async with httpx.AsyncClient(transport=transport, base_url="http://nightshift") as http:
        statuses = [
            (await http.post("/slack/interactions", content=body, headers=headers)).status_code for _ in range(3)
        ]
    assert statuses == [200, 401, 401]
    assert len(door.ear.told) == 1
    assert door.count("refused") == 2


async def test_without_a_secret_nothing_is_taken(slack: SlackServer, asked: Posted) -> None:
    door = _door(slack)
    door.parts = replace(door.parts, slack_secret=None)
    answer = await door.press(asked, "approve")
    assert (answer.status_code, door.ear.told) == (403, [])
    assert "SLACK_SIGNING_SECRET" in answer.json()["error"]


@pytest.mark.parametrize(
    "body", [b"", b"payload=", b"payload=%7B", b"payload=[]", b"\xff\xfe", b"payload=%ff", b"other=1"], ids=repr
)
async def test_a_signed_body_that_no_slack_sends_is_refused(slack: SlackServer, asked: Posted, body: bytes) -> None:
    door = _door(slack)
    answer = await door.deliver(body, slack.signed(body))
    assert (answer.status_code in {400, 401}, door.ear.told) == (True, [])
