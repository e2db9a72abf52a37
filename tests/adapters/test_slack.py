"""An incident's thread in a workspace that checks what Slack checks: said once, edited at its top, safe to read."""

import pytest
from pydantic import SecretStr

from domain.approval import Decision, Door, Verdict
from domain.escalation import Clock, Reason
from domain.incident import Outcome, State
from domain.levels import Risk, Severity
from domain.message import Message, Moment
from integrations.ports import Rejected, Unavailable
from integrations.slack import SlackChannel
from integrations.slack.thread import Mark
from rig.servers.slack import Posted, SlackServer, Trouble
from tests.adapters.slack_messages import DIGEST, INCIDENT, a_message, approval, later, told
from tests.incidents import NOON

CHANNEL = "C0INCIDENTS"


def _channel(slack: SlackServer, **changes: object) -> SlackChannel:
    facts: dict[str, object] = {
        "token": SecretStr(slack.workspace.token), "channel": CHANNEL, "url": slack.url, "timeout_s": 2, "every_s": 0,
        "tiers": {1: ("S0LEADS",), 2: ("U0MIA",)}, "approvers": ("S0APPROVERS",),
    }  # fmt: skip
    return SlackChannel(**{**facts, **changes})  # pyright: ignore[reportArgumentType]


@pytest.fixture
def channel(slack: SlackServer) -> SlackChannel:
    return _channel(slack)


def _begun(channel: SlackChannel) -> str:
    """The reference of an incident's root that is there already, and called nobody."""
    return channel.send(a_message(told=told(Reason.ANNOUNCED, awaits=False))).reference


def _root(slack: SlackServer) -> Posted:
    (root,) = [message for message in slack.messages if message.thread_ts is None]
    return root


def _thread(slack: SlackServer) -> list[Posted]:
    return [message for message in slack.messages if message.thread_ts is not None]


def test_an_announcement_is_one_message_that_begins_the_thread(channel: SlackChannel, slack: SlackServer) -> None:
    receipt = channel.send(a_message(told=told(Reason.ANNOUNCED, awaits=False)))
    (root,) = slack.messages
    assert (receipt.delivered, receipt.reference) == (True, f"{CHANNEL}:{root.ts}")
    assert root.text == "CRITICAL orders: fails 31 % of its requests: investigating"
    assert (root.mentions, root.buttons) == ([], {})
    assert "▲ CRITICAL · investigating · orders" in root.everything
    assert INCIDENT in root.everything
    assert root.links == ["https://night.example.com/incidents/1"]


@pytest.mark.parametrize(
    ("severity", "colour"),
    [
        (Severity.CRITICAL, "danger"), (Severity.HIGH, "warning"), (Severity.MEDIUM, "#ffcc00"), (Severity.LOW, "good"),
    ],
)  # fmt: skip
def test_a_severity_has_its_colour(channel: SlackChannel, slack: SlackServer, severity: Severity, colour: str) -> None:
    channel.send(a_message(severity=severity))
    assert _root(slack).said["attachments"][0]["color"] == colour


def test_nothing_is_unfurled(channel: SlackChannel, slack: SlackServer) -> None:
    channel.send(a_message())
    for message in slack.messages:
        assert (message.said["unfurl_links"], message.said["unfurl_media"]) == (False, False)


def test_a_call_is_a_new_message_in_the_thread_shown_in_the_channel_with_the_tiers_group(
    channel: SlackChannel, slack: SlackServer
) -> None:
    """Edits notify nobody, so whoever must act gets a message of their own."""
    channel.send(a_message(told=told(Reason.CRITICAL, tier=1)))
    (call,) = _thread(slack)
    assert (call.thread_ts, call.broadcast) == (_root(slack).ts, True)
    assert call.mentions == ["<!subteam^S0LEADS>"]
    assert call.text == "CRITICAL orders: fails 31 % of its requests: severity is CRITICAL"
    assert set(call.buttons) == {"ack", "take"}


def test_a_tier_without_a_group_mentions_nobody(channel: SlackChannel, slack: SlackServer) -> None:
    channel.send(a_message(told=told(Reason.UNRESOLVED, tier=3)))
    assert _thread(slack)[0].mentions == []


def test_a_person_can_stand_for_a_group(channel: SlackChannel, slack: SlackServer) -> None:
    channel.send(a_message(told=told(Reason.UNRESOLVED, tier=2)))
    assert _thread(slack)[0].mentions == ["<@U0MIA>"]


def test_a_further_reason_is_said_in_the_thread_only(channel: SlackChannel, slack: SlackServer) -> None:
    root = _begun(channel)
    channel.send(a_message(2, told=told(Reason.SLA_AT_RISK, awaits=False), root=root))
    (said,) = _thread(slack)
    assert (said.broadcast, said.mentions, said.buttons) == (False, [], {})
    assert "75 % of the MTTR target is used" in said.everything


def test_a_plan_is_asked_about_with_all_that_decides_it(channel: SlackChannel, slack: SlackServer) -> None:
    channel.send(approval(root=_begun(channel)))
    (asked,) = _thread(slack)
    assert asked.broadcast
    assert asked.mentions == ["<!subteam^S0APPROVERS>"]
    assert asked.text == ("Decision by 12:05 UTC: Roll back deployment/orders in shop from revision 41 to 40. (HIGH)")
    for said in (
        "revision 41 to 40",
        "HIGH: risk HIGH is above",
        "roll forward",
        "3f9a12c7",
        "12:05:00 UTC",
        "ana, mia",
    ):
        assert said in asked.everything
    approve, reject = asked.buttons["approve"], asked.buttons["reject"]
    assert (approve["text"]["text"], reject["text"]["text"]) == ("Approve rollback", "Reject")
    assert approve["value"] == f"{INCIDENT}|{DIGEST}|approve"
    assert reject["value"] == f"{INCIDENT}|{DIGEST}|reject"
    assert approve["confirm"]["text"]["text"].startswith("Roll back deployment/orders in shop from revision 41 to 40.")


def test_above_a_risk_that_is_set_a_plan_is_decided_on_its_page(slack: SlackServer) -> None:
    channel = _channel(slack, decide_up_to=Risk.MEDIUM)
    channel.send(approval(root=_begun(channel)))
    assert {name: button.get("url") for name, button in _thread(slack)[0].buttons.items() if name == "open"} == {
        "open": "https://night.example.com/incidents/1"
    }
    assert "approve" not in _thread(slack)[0].buttons


def test_after_a_decision_the_buttons_are_gone_and_who_decided_stands_there(
    channel: SlackChannel, slack: SlackServer
) -> None:
    root = _begun(channel)
    channel.send(approval(root=root))
    decision = Decision(verdict=Verdict.APPROVE, digest=DIGEST, who="ana", door=Door.CLI, proven=True)
    channel.send(a_message(3, moment=Moment.EDIT, root=root, decisions=(decision,), **later()))
    (asked,) = _thread(slack)
    assert not {"approve", "reject"} & set(asked.buttons)
    assert "ana decided by cli: approve" in asked.everything
    assert "revision 41 to 40" in asked.everything


def test_an_answer_to_the_call_takes_its_buttons_and_leaves_those_of_the_plan(
    channel: SlackChannel, slack: SlackServer
) -> None:
    root = _begun(channel)
    channel.send(approval(root=root))
    assert set(_thread(slack)[0].buttons) == {"approve", "reject", "ack", "take"}
    clock = Clock(detected_at=NOON, severity=Severity.CRITICAL).acknowledging("mia", NOON)
    has_it = approval(3, root=root, clock=clock, **later()).model_copy(
        update={"moment": Moment.ACKNOWLEDGED, "awaits": False}
    )
    channel.send(has_it)
    assert set(_thread(slack)[0].buttons) == {"approve", "reject"}


def test_a_plan_that_nobody_decided_on_says_so(channel: SlackChannel, slack: SlackServer) -> None:
    root = _begun(channel)
    channel.send(approval(root=root))
    channel.send(a_message(3, moment=Moment.EDIT, root=root, **later()))
    assert "nobody decided on this plan" in _thread(slack)[0].everything


def test_an_edit_adds_no_message(channel: SlackChannel, slack: SlackServer) -> None:
    root = _begun(channel)
    receipt = channel.send(a_message(2, moment=Moment.EDIT, root=root, state=State.VERIFYING, **later()))
    (only,) = slack.messages
    assert receipt.delivered
    assert "CRITICAL · verifying" in only.everything
    assert len(only.edits) == 1


def test_an_edit_of_what_was_never_said_says_nothing(channel: SlackChannel, slack: SlackServer) -> None:
    assert not channel.send(a_message(2, moment=Moment.EDIT)).delivered
    assert slack.messages == []


def test_news_is_a_line_in_the_thread_and_no_call(channel: SlackChannel, slack: SlackServer) -> None:
    root = _begun(channel)
    news = ("orders: nightly-report holds 11 of 12 connections (likely)",)
    receipt = channel.send(a_message(2, moment=Moment.UPDATE, news=news, root=root, **later()))
    (said,) = _thread(slack)
    assert (said.text, said.broadcast, said.mentions) == (news[0], False, [])
    assert receipt.reference == f"{CHANNEL}:{said.ts}"


def test_the_end_turns_the_root_grey_and_its_first_word_is_the_state(channel: SlackChannel, slack: SlackServer) -> None:
    root = _begun(channel)
    over = {"state": State.RESOLVED, "outcome": Outcome.AUTO_RESOLVED, "closed_at": NOON, **later()}
    channel.send(a_message(2, told=None, moment=Moment.CLOSED, root=root, **over))
    assert _root(slack).everything.startswith("RESOLVED ")
    assert _root(slack).said["attachments"][0]["color"] not in {"danger", "warning", "good"}
    assert _thread(slack)[0].text == "RESOLVED orders: fails 31 % of its requests: auto resolved"


# -- once is once -----------------------------------------------------------------------------------------------------


def test_a_root_that_was_taken_and_not_answered_is_not_posted_again(channel: SlackChannel, slack: SlackServer) -> None:
    first = a_message(told=told(Reason.ANNOUNCED, awaits=False))
    slack.trouble(Trouble("chat.postMessage", taken=True))
    with pytest.raises(Unavailable):
        channel.send(first)
    assert channel.send(first).reference == f"{CHANNEL}:{_root(slack).ts}"
    assert len(slack.messages) == 1


def test_a_reply_that_was_taken_and_not_answered_is_not_posted_again(channel: SlackChannel, slack: SlackServer) -> None:
    asked = approval(root=_begun(channel))
    slack.trouble(Trouble("chat.postMessage", taken=True))
    with pytest.raises(Unavailable):
        channel.send(asked)
    again = channel.send(asked)
    (reply,) = _thread(slack)
    assert again.reference == f"{CHANNEL}:{reply.ts}"


def test_the_same_message_by_another_worker_is_one_message(slack: SlackServer) -> None:
    for _ in range(3):
        _channel(slack).send(a_message())
    assert (len(slack.messages), len(_thread(slack))) == (2, 1)


def test_the_mark_of_a_message_that_another_app_wrote_counts_for_nothing(
    channel: SlackChannel, slack: SlackServer
) -> None:
    """Any app in the channel can write the same metadata; what it said is not what we had to say."""
    root = _begun(channel)
    news = a_message(2, moment=Moment.UPDATE, news=("x",), root=root)
    mark = Mark(key=news.key, at=news.view.updated_at).metadata
    slack.workspace.post(
        {"channel": CHANNEL, "thread_ts": root.partition(":")[2], "text": "theirs", "metadata": mark}, bot="B0OTHER"
    )
    channel.send(news)
    assert [m.text for m in _thread(slack)][-2:] == ["theirs", "x"]


def test_a_thread_of_hundreds_is_searched_to_its_end(channel: SlackChannel, slack: SlackServer) -> None:
    root = _begun(channel)
    ts = root.partition(":")[2]
    for number in range(250):
        slack.workspace.post({"channel": CHANNEL, "thread_ts": ts, "text": f"people talk {number}"})
    channel.send(a_message(2, moment=Moment.UPDATE, news=("x",), root=root))
    channel.send(a_message(2, moment=Moment.UPDATE, news=("x",), root=root))
    assert sum(m.text == "x" for m in slack.messages) == 1


def test_what_is_older_never_replaces_what_is_newer(channel: SlackChannel, slack: SlackServer) -> None:
    root = _begun(channel)
    channel.send(a_message(2, moment=Moment.EDIT, root=root, state=State.WATCHING, **later(by=2)))
    channel.send(a_message(3, moment=Moment.EDIT, root=root, state=State.DIAGNOSED, **later(by=1)))
    assert "watching" in _root(slack).everything


def test_a_root_that_somebody_deleted_is_begun_anew(channel: SlackChannel, slack: SlackServer) -> None:
    root = _begun(channel)
    slack.workspace.delete(root.partition(":")[2])
    receipt = channel.send(a_message(2, told=told(), root=root))
    assert receipt.reference == f"{CHANNEL}:{_root(slack).ts}"
    channel.send(a_message(3, told=told(Reason.NOT_ACKNOWLEDGED), root=root))
    assert len(_thread(slack)) == 2


# -- trouble ----------------------------------------------------------------------------------------------------------


def test_too_many_messages_wait_as_long_as_slack_says(channel: SlackChannel, slack: SlackServer) -> None:
    slack.trouble(Trouble("chat.postMessage", status=429, retry_after=17))
    with pytest.raises(Unavailable, match="429") as caught:
        channel.send(a_message())
    assert caught.value.retry_after_s == 17


@pytest.mark.parametrize("method", ["chat.postMessage", "conversations.history"])
@pytest.mark.parametrize(
    "trouble",
    [{"status": 500}, {"status": 503}, {"error": "internal_error"}, {"error": "fatal_error"}, {"hang": True}],
    ids=str,
)
def test_trouble_of_slacks_own_is_worth_a_retry(slack: SlackServer, method: str, trouble: dict[str, object]) -> None:
    slack.trouble(Trouble(method, **trouble))  # pyright: ignore[reportArgumentType]
    with pytest.raises(Unavailable, match="slack"):
        _channel(slack, timeout_s=1).send(a_message())


def test_a_slack_that_is_not_there_is_unavailable() -> None:
    channel = SlackChannel(SecretStr("xoxb-1"), CHANNEL, url="http://127.0.0.1:9/api", every_s=0)
    with pytest.raises(Unavailable, match="does not answer"):
        channel.send(a_message())


@pytest.mark.parametrize(
    ("error", "remedy"),
    [
        ("channel_not_found", "SLACK_CHANNEL"), ("not_in_channel", "/invite"), ("is_archived", "archived"),
        ("invalid_auth", "SLACK_BOT_TOKEN"), ("token_revoked", "SLACK_BOT_TOKEN"), ("missing_scope", "chat:write"),
        ("something_new", "gave no reason"),
    ],
)  # fmt: skip
def test_what_slack_refuses_is_rejected_with_the_remedy(slack: SlackServer, error: str, remedy: str) -> None:
    slack.trouble(Trouble("chat.postMessage", error=error))
    with pytest.raises(Rejected, match=remedy):
        _channel(slack).send(a_message())


def test_a_wrong_token_is_rejected_and_never_repeated(slack: SlackServer) -> None:
    with pytest.raises(Rejected, match="SLACK_BOT_TOKEN") as caught:
        _channel(slack, token=SecretStr("xoxb-secret-token")).send(a_message())
    assert "xoxb-secret" not in str(caught.value)


def test_a_channel_without_the_app_is_rejected(slack: SlackServer) -> None:
    slack.workspace.channels[CHANNEL] = False
    with pytest.raises(Rejected, match="/invite"):
        _channel(slack).send(a_message())


def test_a_layout_that_slack_refuses_costs_the_layout_and_not_the_message(
    channel: SlackChannel, slack: SlackServer
) -> None:
    root = _begun(channel)
    slack.trouble(Trouble("chat.postMessage", error="invalid_blocks"))
    channel.send(approval(root=root))
    (plain,) = _thread(slack)
    assert (plain.blocks, plain.broadcast) == ([], True)
    assert "Decision by 12:05 UTC" in plain.text


def test_a_call_is_out_even_when_what_stands_there_cannot_be_edited(channel: SlackChannel, slack: SlackServer) -> None:
    root = _begun(channel)
    slack.trouble(Trouble("chat.update", error="edit_window_closed"))
    receipt = channel.send(a_message(2, told=told(), root=root))
    assert receipt.delivered
    assert "could not be edited" in receipt.detail
    assert len(_thread(slack)) == 1


def test_an_edit_that_is_refused_is_rejected(channel: SlackChannel, slack: SlackServer) -> None:
    root = _begun(channel)
    slack.trouble(Trouble("chat.update", error="edit_window_closed"))
    with pytest.raises(Rejected, match="edited"):
        channel.send(a_message(2, moment=Moment.EDIT, root=root))


def test_the_doctors_question_says_nothing(channel: SlackChannel, slack: SlackServer) -> None:
    assert channel.whoami() == "nightshift of Local"
    assert slack.messages == []


# -- outside texts ----------------------------------------------------------------------------------------------------

HOSTILE = (
    "<!channel> wake up", "<!here|here>", "<@U0MIA> you", "<https://evil.example|our runbook>", "</section><script>x",
    "&lt;!channel&gt;", "*bold* _it_ ~gone~ `code` ```block```", "a\n&gt; quote\n*Status* closed", "x" * 5_000,
    "&" * 5_000, "<" * 5_000, "\u202egnihtemos\u202c \x00\x1b[31m", "half \ud800 a character", ">|<!subteam^S0LEADS>",
)  # fmt: skip


def _hostile(text: str, root: str | None) -> Message:
    waiting = approval().view.waiting
    assert waiting is not None
    asked = waiting.model_copy(update={"sentence": text, "reason": text, "undo": text, "approvers": (text,)})
    return approval(root=root, title=text, service=text, waiting=asked, runbook=text, **later())


@pytest.mark.parametrize("text", HOSTILE, ids=lambda text: repr(text[:24]))
def test_a_text_from_outside_mentions_nobody_links_nowhere_and_breaks_no_limit(
    channel: SlackChannel, slack: SlackServer, text: str
) -> None:
    channel.send(_hostile(text, _begun(channel)))
    for message in slack.messages:
        assert message.blocks
        assert set(message.mentions) <= {"<!subteam^S0APPROVERS>"}
        assert set(message.links) <= {"https://night.example.com/incidents/1"}


def test_what_is_cut_says_so(channel: SlackChannel, slack: SlackServer) -> None:
    channel.send(_hostile("long " * 2_000, _begun(channel)))
    assert "(cut: the whole is on the incident's page)" in _thread(slack)[0].everything


def test_addresses_and_passwords_stay_out(channel: SlackChannel, slack: SlackServer) -> None:
    channel.send(a_message(title="orders: login of eve@example.com with password=hunter2 fails"))
    for message in slack.messages:
        assert "hunter2" not in message.everything
        assert "eve@" not in message.everything
