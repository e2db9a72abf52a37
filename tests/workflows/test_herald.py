"""The herald, through the workflow: what a thread is told of an incident, in how many messages, delaying nothing."""

from datetime import timedelta
from itertools import pairwise

import pytest

from domain.escalation import Reason
from domain.levels import Severity
from domain.message import FOLLOWS, Message, Moment
from integrations.ports import Rejected, Unavailable
from tests.fakes import FakeChannel
from tests.workflows.asking import asked, decide, decision, frozen
from tests.workflows.conftest import NightOf
from tests.workflows.night import Night, texts, view
from tests.workflows.world import Handle, World

CHANNELS = ("pagerduty", "slack", "email")


def _channels() -> dict[str, FakeChannel]:
    return {name: FakeChannel(name) for name in CHANNELS}


def _told(channel: FakeChannel) -> list[Message]:
    """What people read as a message: an edit is none."""
    return [message for message in channel.sent.values() if message.moment is not Moment.EDIT]


def _moments(channel: FakeChannel) -> list[Moment]:
    return [message.moment for message in _told(channel)]


async def _open(night: Night, severity: Severity = Severity.CRITICAL) -> Handle:
    return await night.open(await night.alert(severity=severity))


async def test_a_thread_follows_an_incident_to_its_end(night_of: NightOf) -> None:
    """Called with the question, as it is CRITICAL and waits; then what is done, that it worked, and the end."""
    channels = _channels()
    async with night_of(frozen(World(channels=tuple(channels.values())))) as night:
        handle = await _open(night)
        await decide(handle, decision(await asked(night, handle)))
        await night.end(handle)
    said = " | ".join(message.post for message in _told(channels["slack"]))
    assert "cannot get connections: nightly-report holds 11 of 12" in said
    assert "Attempt 1: End at most" in said
    assert "Recovered, watching" in said
    assert _moments(channels["slack"])[0] is Moment.APPROVAL
    assert _moments(channels["slack"])[-1] is Moment.CLOSED
    assert len(_told(channels["slack"])) <= 9


async def test_every_channel_hears_what_it_follows_and_nothing_else(night_of: NightOf) -> None:
    channels = _channels()
    async with night_of(World(channels=tuple(channels.values()))) as night:
        handle = await _open(night)
        await handle.signal("ack", {"who": "mia"})
        await night.end(handle)
    for name, follows in FOLLOWS.items():
        assert {message.moment for message in channels[name].sent.values()} <= follows
    assert {Moment.ACKNOWLEDGED, Moment.RECOVERED} <= set(_moments(channels["pagerduty"]))


async def test_nothing_is_said_where_nothing_was_said_before(night_of: NightOf) -> None:
    """The herald calls nobody: an incident that is fixed before people are told stays silent."""
    channels = _channels()
    async with night_of(World(channels=tuple(channels.values()))) as night:
        await night.end(await _open(night, Severity.MEDIUM))
    assert [channel.sent for channel in channels.values()] == [{}, {}, {}]


async def test_what_happens_within_ten_seconds_is_one_message(night_of: NightOf) -> None:
    """Deciding, acting and the news of it come within a moment."""
    slack = FakeChannel("slack")
    async with night_of(frozen(World(channels=(slack,)))) as night:
        handle = await _open(night)
        await decide(handle, decision(await asked(night, handle)))
        await night.end(handle)
    (decided,) = [message for message in _told(slack) if message.moment is Moment.DECIDED]
    assert "ana (claimed) said approve to plan" in decided.news[0]
    assert any("Approved by ana" in sentence for sentence in decided.news)


async def test_a_question_is_asked_once_and_its_buttons_go_as_soon_as_it_is_decided(night_of: NightOf) -> None:
    slack = FakeChannel("slack")
    async with night_of(frozen(World(channels=(slack,)))) as night:
        handle = await _open(night)
        await decide(handle, decision(await asked(night, handle)))
        await night.end(handle)
    sent = list(slack.sent.values())
    asks = [number for number, message in enumerate(sent) if message.moment is Moment.APPROVAL]
    assert len(asks) == 1
    question, after = sent[asks[0]], sent[asks[0] + 1 :]
    assert question.ask is not None
    first = next(message for message in after if message.view.decisions)
    assert first.moment is Moment.EDIT
    assert first.view.waiting is None


async def test_who_has_it_and_a_severity_that_rises_are_told(night_of: NightOf) -> None:
    slack = FakeChannel("slack")
    async with night_of(World(value=0.4, cures=(0.4,), channels=(slack,))) as night:
        handle = await _open(night, Severity.HIGH)
        await night.until(handle, lambda v: any(d.delivered for d in v.deliveries), "an announcement")
        await handle.signal("ack", {"who": "mia"})
        await night.pass_time(seconds=30)
        await night.report(handle, await night.alert("Everything", severity=Severity.CRITICAL))
        await night.until(handle, lambda v: v.severity is Severity.CRITICAL, "a raise")
        await night.pass_time(minutes=1)
        await handle.signal("resolve", {"who": "mia"})
        await night.end(handle)
    said = [sentence for message in _told(slack) for sentence in message.news]
    assert any(sentence.startswith("mia (claimed) has orders") for sentence in said)
    # The clock calls at the raise, at once: then nothing is left to be said of it.
    calls = [m for m in _told(slack) if m.severity is Severity.CRITICAL and m.moment is Moment.CALL]
    assert calls
    assert not any(sentence.startswith("Raised") for sentence in said)


async def test_a_storm_of_500_alerts_is_a_root_and_at_most_ten_messages(night_of: NightOf) -> None:
    slack = FakeChannel("slack")
    async with night_of(World(channels=(slack,))) as night:
        handle = await _open(night)
        for burst in range(10):
            alerts = [await night.alert(f"Alert{burst}", fingerprint=f"{burst}-{n}") for n in range(50)]
            await night.report(handle, *alerts)
            await night.pass_time(seconds=3)
        await night.until(handle, lambda v: v.sightings > 500, "all alerts")
        await handle.signal("resolve", {"who": "mia"})
        await night.end(handle)
    assert len(_told(slack)) <= 11
    assert "×501" in list(slack.sent.values())[-1].board  # noqa: RUF001 - as it stands there


@pytest.mark.parametrize("broken", [Unavailable("slack: 503"), Rejected("slack: is_archived")], ids=str)
async def test_a_channel_that_dies_after_the_first_message_delays_nothing(
    night_of: NightOf, broken: Unavailable | Rejected
) -> None:
    """The incident ends as it would, the other channel is told, and each failure is a delivery."""
    slack, email = FakeChannel("slack"), FakeChannel("email")
    async with night_of(World(channels=(slack, email))) as night:
        handle = await _open(night)
        await night.until(handle, lambda v: any(d.delivered for d in v.deliveries), "a first message", step_s=1)
        slack.error = broken
        await night.end(handle)
        seen = await view(handle)
    failed = [d for d in seen.deliveries if d.channel == "slack" and not d.delivered]
    assert failed
    assert all(str(broken) in delivery.detail for delivery in failed)
    assert _moments(email)[-1] is Moment.CLOSED


async def test_what_a_channel_did_not_get_is_in_its_next_message(night_of: NightOf) -> None:
    slack = FakeChannel("slack")
    async with night_of(frozen(World(cures=(0.4,), channels=(slack,)))) as night:
        handle = await _open(night)
        await night.until(handle, lambda v: any(d.delivered for d in v.deliveries), "a first message", step_s=1)
        slack.error = Rejected("slack: not now")
        await decide(handle, decision(await asked(night, handle)))
        await night.until(handle, lambda v: bool(v.attempts) and v.attempts[0].executed is not None, "an action")
        await night.pass_time(seconds=50)
        slack.error = None
        await handle.signal("ack", {"who": "mia"})
        await night.pass_time(seconds=30)
        await handle.signal("resolve", {"who": "mia"})
        await night.end(handle)
    news = next(m.news for m in _told(slack) if any("mia (claimed) has" in sentence for sentence in m.news))
    assert any("Attempt 1: End at most" in sentence for sentence in news)


async def test_edits_are_ten_seconds_apart_and_the_older_ones_are_dropped(night_of: NightOf) -> None:
    slack = FakeChannel("slack")
    async with night_of(World(cures=(0.4,), channels=(slack,))) as night:
        handle = await _open(night)
        await night.until(handle, lambda v: any(d.delivered for d in v.deliveries), "a first message", step_s=1)
        for number in range(20):
            await night.report(handle, await night.alert(f"Alert{number}", fingerprint=str(number)))
            await night.pass_time(seconds=2)
        await handle.signal("resolve", {"who": "mia"})
        await night.end(handle)
    edits = [m.view.updated_at for m in slack.sent.values() if m.moment is Moment.EDIT]
    assert edits
    assert all(later - earlier >= timedelta(seconds=9) for earlier, later in pairwise(edits))


async def test_two_calls_while_a_channel_has_not_answered_begin_one_thread(night_of: NightOf) -> None:
    """The second waits for what the first one began."""
    slack = FakeChannel("slack")
    slack.error = Unavailable("slack: 503")
    async with night_of(World(confidence=0.3, channels=(slack,))) as night:
        handle = await _open(night)
        await night.until(handle, lambda v: len(v.clock.told) >= 2, "two calls", step_s=1)
        slack.error = None
        await night.until(handle, lambda v: len([d for d in v.deliveries if d.delivered]) >= 2, "both delivered")
        await handle.signal("resolve", {"who": "mia"})
        await night.end(handle)
    first, *others = list(slack.sent.values())
    assert first.root is None
    assert all(message.root is not None for message in others)


async def test_a_late_message_says_how_late_it_is_and_the_next_channel_was_tried_beside_it(night_of: NightOf) -> None:
    slack, email = FakeChannel("slack"), FakeChannel("email")
    slack.error = Unavailable("slack: too many messages (429)", retry_after_s=20)
    async with night_of(_on_slack_only(slack, email)) as night:
        handle = await _open(night, Severity.MEDIUM)
        await night.until(handle, lambda v: bool(v.clock.told), "an announcement")
        await night.pass_time(seconds=35)
        slack.error = None
        await night.until(handle, lambda v: any(d.channel == "slack" and d.delivered for d in v.deliveries), "slack")
        seen = await view(handle)
        await handle.signal("resolve", {"who": "mia"})
        await night.end(handle)
    late = next(d for d in seen.deliveries if d.channel == "slack" and d.delivered)
    assert "s late" in late.detail
    assert any(d.channel == "email" and d.delivered for d in seen.deliveries)
    assert any("slack: no answer in 30 s, the next channel is tried" in text for text in texts(seen))


def _on_slack_only(*channels: FakeChannel) -> World:
    """Nothing helps, and nobody can act: so a MEDIUM incident is announced, by Slack."""
    return World(cures=(0.4,), channels=channels)


async def test_critical_and_a_low_confidence_right_after_it_are_one_message(night_of: NightOf) -> None:
    """CRITICAL waits five seconds for what the first look at it brings, and no longer."""
    slack = FakeChannel("slack")
    async with night_of(World(confidence=0.75, channels=(slack,))) as night:
        handle = await _open(night)
        await night.until(handle, lambda v: any(d.delivered for d in v.deliveries), "a first message", step_s=1)
        first = (await view(handle)).clock.told[0]
        waited = first.at - (await view(handle)).clock.detected_at
    assert set(first.reasons) == {Reason.CRITICAL, Reason.LOW_CONFIDENCE}
    assert waited <= timedelta(seconds=night.world.policy.gather_s + 6)
