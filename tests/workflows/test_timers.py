"""Every timer of escalation, through the workflow: who is told at which minute, and by which channel."""

from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta

import pytest

from domain.command import CommandName
from domain.escalation import Reason
from domain.incident import State
from domain.levels import Severity
from domain.listing import untold
from domain.message import Moment
from domain.policy import Calendar
from domain.timeline import Kind
from domain.view import IncidentView
from integrations.ports import Unavailable
from tests.fakes import FakeChannel
from tests.workflows.conftest import NightOf
from tests.workflows.night import Night, texts, view
from tests.workflows.telling import Message, dark, in_the_dark, minutes, said, tells, told, unhurried
from tests.workflows.test_synchronised import word
from tests.workflows.world import World

ANNOUNCED, UNRESOLVED, SILENCE = Reason.ANNOUNCED, Reason.UNRESOLVED, Reason.NOT_ACKNOWLEDGED
OFFICE = Calendar(opens=time(9), closes=time(17), weekdays=(0, 1, 2, 3, 4))


@dataclass(frozen=True)
class Story:
    """What a severity sends while it lasts. `acknowledged`: somebody has answered before the first message."""

    name: str
    severity: Severity
    messages: tuple[Message, ...]
    acknowledged: bool = False


STORIES = (
    Story(
        name="CRITICAL calls tier 1 at once, and again every 5 minutes until somebody answers",
        severity=Severity.CRITICAL,
        messages=(
            said(0, Reason.CRITICAL, tier=1), said(5, SILENCE, tier=1), said(10, SILENCE, tier=1),
            said(11.25, Reason.SLA_AT_RISK, tier=1),
        ),
    ),
    Story(
        name="HIGH is announced at 5 minutes, escalated at 10, and goes to tier 1 and stays there",
        severity=Severity.HIGH,
        messages=(
            said(5, ANNOUNCED, tier=2), said(10, UNRESOLVED, tier=2), said(20, SILENCE, tier=1),
            said(30, SILENCE, tier=1), said(40, SILENCE, tier=1), said(45, Reason.SLA_AT_RISK, tier=1),
            said(50, SILENCE, tier=1),
        ),
    ),
    Story(
        name="MEDIUM is announced at 15 minutes, escalated at 30, and climbs from tier 3 by 2 to 1",
        severity=Severity.MEDIUM,
        messages=(
            said(15, ANNOUNCED, tier=3), said(30, UNRESOLVED, tier=3), said(60, SILENCE, tier=2),
            said(90, SILENCE, tier=1), said(120, SILENCE, tier=1), said(150, SILENCE, tier=1),
        ),
    ),
    Story(
        name="CRITICAL that somebody has hears of three quarters of the target, and of its end, and of nothing else",
        severity=Severity.CRITICAL,
        acknowledged=True,
        messages=(
            said(0, Reason.CRITICAL, tier=1), said(11.25, Reason.SLA_AT_RISK, tier=1),
            said(15, Reason.SLA_MISSED, tier=1),
        ),
    ),
    Story(
        name="HIGH that somebody has goes up a tier when its target of an hour passes",
        severity=Severity.HIGH,
        acknowledged=True,
        messages=(
            said(5, ANNOUNCED, tier=2), said(10, UNRESOLVED, tier=2), said(45, Reason.SLA_AT_RISK, tier=2),
            said(60, Reason.SLA_MISSED, tier=1),
        ),
    ),
    Story(
        name="MEDIUM that somebody has goes up a tier when its target of four hours passes",
        severity=Severity.MEDIUM,
        acknowledged=True,
        messages=(
            said(15, ANNOUNCED, tier=3), said(30, UNRESOLVED, tier=3), said(180, Reason.SLA_AT_RISK, tier=3),
            said(240, Reason.SLA_MISSED, tier=2),
        ),
    ),
    Story(
        name="LOW that somebody has is announced at an hour, and has a day",
        severity=Severity.LOW,
        acknowledged=True,
        messages=(
            said(60, ANNOUNCED, tier=3), said(120, UNRESOLVED, tier=3), said(1080, Reason.SLA_AT_RISK, tier=3),
            said(1440, Reason.SLA_MISSED, tier=2),
        ),
    ),
)  # fmt: skip


@pytest.mark.parametrize("story", STORIES, ids=lambda story: story.name)
async def test_the_table_of_escalation(night_of: NightOf, story: Story) -> None:
    """Every message, its minute and its tier, and nothing besides."""
    async with night_of(dark()) as night:
        handle = await in_the_dark(night, story.severity)
        if story.acknowledged:
            await handle.signal("ack", {"who": "mia"})
        seen = await tells(night, handle, len(story.messages), step_s=max(15, story.messages[-1][0]))
    assert told(seen) == list(story.messages)


async def _until_office(night: Night, weekday: int, hour: int) -> datetime:
    """Let time pass until the next such weekday at that hour (UTC). Returns its midnight."""
    now = await night.now()
    day = datetime(now.year, now.month, now.day, tzinfo=UTC) + timedelta(days=(weekday - now.weekday()) % 7)
    if day + timedelta(hours=hour) <= now:
        day += timedelta(days=7)
    await night.pass_time(seconds=(day + timedelta(hours=hour) - now).total_seconds())
    return day


def _at(days: int, hours: int, *reasons: Reason, tier: int) -> Message:
    return said(days * 1440 + hours * 60, *reasons, tier=tier)


@pytest.mark.parametrize(
    ("hour", "messages"),
    [
        pytest.param(
            10,
            [
                _at(0, 11, ANNOUNCED, tier=3), _at(0, 12, UNRESOLVED, tier=3), _at(1, 9, SILENCE, tier=2),
                _at(2, 9, SILENCE, tier=1), _at(2, 12, Reason.SLA_AT_RISK, tier=1), _at(3, 9, SILENCE, tier=1),
                _at(3, 10, Reason.SLA_MISSED, tier=1), _at(6, 9, SILENCE, tier=1),
            ],
            id="in business hours, then each business morning, with a target in business hours",
        ),
        pytest.param(
            18,
            [_at(1, 9, UNRESOLVED, tier=3), _at(2, 9, SILENCE, tier=2), _at(3, 9, SILENCE, tier=1)],
            id="in the evening it waits for the morning, and is said once then",
        ),
    ],
)  # fmt: skip
async def test_low_waits_for_business_mornings(night_of: NightOf, hour: int, messages: list[Message]) -> None:
    """From a Tuesday on. Nobody answers: it ends at tier 1 all the same, a morning at a time."""
    async with night_of(dark(policy=unhurried(OFFICE))) as night:
        midnight = await _until_office(night, weekday=1, hour=hour)
        handle = await in_the_dark(night, Severity.LOW)
        seen = await tells(night, handle, len(messages), step_s=900)
    assert told(seen, since=midnight) == messages
    at_risk = [t.at for t in seen.clock.told if Reason.SLA_AT_RISK in t.reasons]
    assert [minutes(seen.at_risk_from, at) for at in at_risk] == [0] * len(at_risk), "lists and pages know the same"


async def test_low_waits_for_the_teams_own_morning_and_a_holiday_has_none(night_of: NightOf) -> None:
    """A Tuesday evening in Tokyo, whose office opens at midnight UTC; on Wednesday nobody is there."""
    async with night_of(dark(policy=unhurried(OFFICE))) as night:
        midnight = await _until_office(night, weekday=1, hour=10)
        holiday = f"{midnight + timedelta(days=1):%Y-%m-%d}"
        tokyo = OFFICE.model_copy(update={"zone": "Asia/Tokyo", "holidays": (holiday,)})
        night.world.policy = unhurried(tokyo)
        handle = await in_the_dark(night, Severity.LOW)
        seen = await tells(night, handle, 2, step_s=900)
    assert told(seen, since=midnight) == [_at(2, 0, UNRESOLVED, tier=3), _at(3, 0, SILENCE, tier=2)]


@pytest.mark.parametrize(
    ("hour", "channels"),
    [
        pytest.param(10, [{"slack", "email"}, {"slack", "email"}, {"pagerduty", "slack", "email"}], id="by day"),
        pytest.param(20, [{"slack", "email"}, {"pagerduty", "slack", "email"}], id="at night"),
    ],
)
async def test_high_pages_at_night_and_by_day_when_nobody_answers(
    night_of: NightOf, hour: int, channels: list[set[str]]
) -> None:
    """Announced, escalated at 10 minutes, and by day once more at 20 minutes, when tier 1 is called."""
    async with night_of(dark(policy=unhurried(OFFICE))) as night:
        await _until_office(night, weekday=2, hour=hour)
        handle = await in_the_dark(night, Severity.HIGH)
        await tells(night, handle, len(channels))
        await night.pass_time(seconds=15)
        seen = await view(handle)
    assert _channels(seen) == channels


def _channels(seen: IncidentView) -> list[set[str]]:
    """Per message of the clock, the channels on which it was tried before the next one."""
    ends = [*(t.at for t in seen.clock.told[1:]), datetime.max.replace(tzinfo=UTC)]
    spans = zip(seen.clock.told, ends, strict=True)
    return [{d.channel for d in seen.deliveries if t.at <= d.at < end} for t, end in spans]


async def test_the_clock_stops_at_the_verified_recovery(night_of: NightOf) -> None:
    """Announced at 5 minutes, well before 10: neither an escalation nor a missed target in two hours of watching."""
    policy = unhurried().model_copy(update={"recheck_s": 60, "watch_s": 7200})
    async with night_of(dark(policy=policy)) as night:
        handle = await in_the_dark(night, Severity.HIGH)
        await tells(night, handle, 1)
        night.world.value = 0.0
        await night.pass_time(minutes=90)
        seen = await view(handle)
        assert seen.clock.stopped_at is not None
        await night.end(handle)
        last = await view(handle)
    assert told(seen) == told(last) == [said(5, ANNOUNCED, tier=2)]
    assert {d.subject for d in last.deliveries if d.calls and d.at > seen.clock.stopped_at} == {"it is over"}


async def test_a_relapse_lets_the_clock_run_on_from_the_first_detection(night_of: NightOf) -> None:
    """Well at 6 minutes, sick again after 40: what fell due meanwhile is one message, the target is the first one's."""
    policy = unhurried().model_copy(update={"recheck_s": 60, "watch_s": 7200})
    async with night_of(World(policy=policy)) as night:
        handle = await night.open()
        await handle.signal("take", {"who": "mia"})
        await night.pass_time(minutes=6)
        night.world.value = 0.0
        await night.pass_time(minutes=40)
        assert (await view(handle)).clock.stopped_at is not None
        night.world.value = 0.4
        seen = await tells(night, handle, 4, step_s=15)
    first, relapse, silence, missed = told(seen)
    assert first == said(5, ANNOUNCED, tier=2)
    assert relapse[1] == {UNRESOLVED, Reason.SLA_AT_RISK}
    assert relapse[0] >= 46
    assert silence == said(relapse[0] + 10, SILENCE, tier=1), "that mia took it is void since it had recovered"
    assert missed == said(60, Reason.SLA_MISSED, tier=1)


async def test_who_had_it_is_called_again_by_a_relapse_on_every_channel_and_until_they_answer(
    night_of: NightOf,
) -> None:
    """Ana acknowledged, it recovered, she went to bed. It is back: all channels call, and say why; her answer to that
    is told to the page again, which rings again.
    """
    by = [FakeChannel(name) for name in ("pagerduty", "slack", "email")]
    policy = unhurried().model_copy(update={"recheck_s": 60, "watch_s": 7200})
    async with night_of(World(policy=policy, channels=by)) as night:
        handle = await night.open(await night.alert(severity=Severity.CRITICAL))
        await handle.signal("take", {"who": "ana"})
        await night.until(handle, lambda v: v.escalated, "called", step_s=1)
        night.world.value = 0.0
        await night.until(handle, lambda v: v.state is State.WATCHING, "well again")
        await night.pass_time(minutes=1)
        night.world.value = 0.4
        relapsed = await night.until(handle, lambda v: _says(v, Reason.RELAPSED), "the relapse is told")
        await night.pass_time(seconds=15)
        await night.until(handle, lambda v: SILENCE in v.clock.told[-1].reasons, "called again")
        await handle.signal("ack", {"who": "ana"})
        await night.pass_time(seconds=30)
        seen, pager = await view(handle), [m.moment for m in by[0].sent.values()]
    assert next(t for t in relapsed.clock.told if Reason.RELAPSED in t.reasons).awaits
    assert relapsed.needs == "ack"
    for channel in by:
        assert any("it had recovered, and is back" in message.text for message in channel.sent.values()), channel.name
    assert seen.clock.acknowledged_by == "ana (claimed)"
    assert pager.count(Moment.ACKNOWLEDGED) == 2
    assert pager[-1] is Moment.ACKNOWLEDGED


def _says(seen: IncidentView, reason: Reason) -> bool:
    return any(reason in t.reasons for t in seen.clock.told)


async def test_what_was_acknowledged_before_a_raise_can_be_acknowledged_again(night_of: NightOf) -> None:
    """MEDIUM, Ana has it, then CRITICAL: tier 1 is called, and again 5 minutes later; what she had acknowledged at the
    pager before is no news, Mia's word there after it is.
    """
    async with night_of(dark()) as night:
        handle = await in_the_dark(night, Severity.MEDIUM)
        await night.pass_time(minutes=31)
        acknowledged_at = await night.now()
        await handle.signal("ack", {"who": "ana"})
        await night.pass_time(minutes=4)
        await night.report(handle, await night.alert("Down", severity=Severity.CRITICAL, resolved=True))
        seen = await tells(night, handle, 4, step_s=15)
        await handle.signal("synchronise", word(CommandName.ACK, acknowledged_at, "echo", "Nightshift"))
        await night.pass_time(seconds=5)
        unheard = await view(handle)
        await handle.signal("synchronise", word(CommandName.ACK, await night.now(), "mia"))
        await night.pass_time(minutes=10)
        last = await view(handle)
    assert [(minute, tier) for minute, _, tier in told(seen)[2:]] == [(35, 1), (40, 1)]
    assert unheard.clock.acknowledged_by is None
    assert last.clock.acknowledged_by == "Mia Maier (claimed)"
    assert told(last) == told(seen)


async def test_an_acknowledgement_stops_the_paging(night_of: NightOf) -> None:
    """Between the first silence and the second: tier 1 is not called again before the target is at risk."""
    async with night_of(dark()) as night:
        handle = await in_the_dark(night, Severity.HIGH)
        await tells(night, handle, 3)
        await handle.signal("ack", {"who": "ana"})
        seen = await tells(night, handle, 4)
    assert told(seen)[-2:] == [said(20, SILENCE, tier=1), said(45, Reason.SLA_AT_RISK, tier=1)]


async def test_who_has_it_is_reminded_every_half_hour_until_it_is_over(night_of: NightOf) -> None:
    """HIGH, acknowledged at 12 minutes: at 42, and half an hour after each later word, without calling anybody anew."""
    async with night_of(dark()) as night:
        handle = await in_the_dark(night, Severity.HIGH)
        await night.pass_time(minutes=12)
        await handle.signal("ack", {"who": "ana"})
        await night.pass_time(minutes=140)
        seen = await view(handle)
    detected = seen.clock.detected_at
    reminders = [t for t in seen.clock.told if t.reasons == (Reason.REMINDER,)]
    assert [minutes(detected, t.at) for t in reminders] == [42, 90, 120, 150]
    assert not any(t.awaits for t in reminders)


# -- channels ---------------------------------------------------------------------------------------------------------


def _dead(name: str) -> FakeChannel:
    channel = FakeChannel(name)
    channel.error = Unavailable(f"{name} does not answer")
    return channel


async def test_a_dead_channel_does_not_hold_another_back(night_of: NightOf) -> None:
    """Slack fails for ever: mail has the message before Slack is given up, and every message is on time."""
    async with night_of(dark(_dead("slack"), FakeChannel("email"))) as night:
        handle = await in_the_dark(night, Severity.HIGH)
        await tells(night, handle, 2)
        await night.pass_time(seconds=90)
        seen, inbox = await view(handle), len(night.world.channels[1].sent)
    assert told(seen) == [said(5, ANNOUNCED, tier=2), said(10, UNRESOLVED, tier=2)]
    assert [(d.channel, d.delivered) for d in seen.deliveries] == [("email", True), ("slack", False)] * 2
    assert inbox == 2


async def test_an_announcement_goes_by_another_channel_but_wakes_nobody_up(night_of: NightOf) -> None:
    """MEDIUM speaks by Slack only, which nobody configured. The end is told where the story was told, once."""
    policy = unhurried().model_copy(update={"recheck_s": 60})
    async with night_of(dark(FakeChannel("email"), FakeChannel("pagerduty"), policy=policy)) as night:
        handle = await in_the_dark(night, Severity.MEDIUM)
        await night.until(handle, lambda v: any(d.delivered for d in v.deliveries), "told")
        seen = await view(handle)
        night.world.value = 0.0
        await night.end(handle)
        last = await view(handle)
    assert [d.channel for d in seen.deliveries] == ["slack", "email"]
    assert minutes(seen.clock.detected_at, seen.deliveries[-1].at) == 15
    assert [(d.channel, d.subject) for d in last.deliveries[2:]] == [("email", "it is over")]


async def test_an_escalation_whose_channels_are_dead_ends_in_a_page_and_goes_on_there(night_of: NightOf) -> None:
    """MEDIUM, Slack dead: nobody hears of the announcement, the escalation pages, and so does what follows."""
    pager = FakeChannel("pagerduty")
    async with night_of(dark(_dead("slack"), pager)) as night:
        handle = await in_the_dark(night, Severity.MEDIUM)
        await tells(night, handle, 3)
        await night.pass_time(minutes=2)
        seen = await view(handle)
    assert told(seen) == [said(15, ANNOUNCED, tier=3), said(30, UNRESOLVED, tier=3), said(60, SILENCE, tier=2)]
    paged = [(minutes(seen.clock.detected_at, d.at), d.delivered) for d in seen.deliveries if d.channel == "pagerduty"]
    assert [(at >= due, delivered) for (at, delivered), due in zip(paged, (30, 60), strict=True)] == [(True, True)] * 2
    assert [message.page for message in pager.sent.values() if message.moment is Moment.CALL] == [True, True]
    assert sum("nobody has been told" in text for text in texts(seen, Kind.NOTIFICATION)) == 1


async def test_low_with_a_dead_mailbox_pages_after_its_morning(night_of: NightOf) -> None:
    """Called on a Tuesday at 12:00, in vain; on Wednesday at 09:00 somebody should have answered."""
    pager = FakeChannel("pagerduty")
    async with night_of(dark(_dead("email"), pager, policy=unhurried(OFFICE))) as night:
        midnight = await _until_office(night, weekday=1, hour=10)
        handle = await in_the_dark(night, Severity.LOW)
        await tells(night, handle, 2, step_s=900)
        await night.pass_time(minutes=5)
        assert not pager.sent
        seen = await tells(night, handle, 3, step_s=900)
        await night.pass_time(minutes=5)
        seen = await view(handle)
    assert told(seen, since=midnight)[-1] == _at(1, 9, SILENCE, tier=2)
    assert [message.page for message in pager.sent.values() if message.moment is Moment.CALL] == [True]


# -- snooze -----------------------------------------------------------------------------------------------------------


async def test_a_snooze_holds_back_all_but_a_missed_target_and_ends_with_a_reminder(night_of: NightOf) -> None:
    """HIGH, called at 10 minutes, snoozed at 12 for an hour: 75 % of the target waits, its end at 60 does not."""
    async with night_of(dark()) as night:
        handle = await in_the_dark(night, Severity.HIGH)
        await night.pass_time(minutes=12)
        await handle.signal("snooze", {"who": "ana", "for": "1h", "comment": "driving"})
        await night.pass_time(minutes=62)
        seen = await view(handle)
    assert told(seen) == [
        said(5, ANNOUNCED, tier=2), said(10, UNRESOLVED, tier=2), said(60, Reason.SLA_MISSED, tier=1),
        said(72, Reason.SLA_AT_RISK, tier=1),
    ]  # fmt: skip
    assert seen.clock.acknowledged_by == "ana (claimed)"
    assert "by ana (claimed): driving" in (seen.last_decision or "")


async def test_a_raise_breaks_through_a_snooze(night_of: NightOf) -> None:
    async with night_of(dark()) as night:
        handle = await in_the_dark(night, Severity.HIGH)
        await night.pass_time(minutes=12)
        await handle.signal("snooze", {"who": "ana", "for": "2h"})
        await night.pass_time(minutes=8)
        await night.report(handle, await night.alert("Down", severity=Severity.CRITICAL, resolved=True))
        seen = await tells(night, handle, 3, step_s=5)
    assert told(seen)[-1] == said(20, Reason.CRITICAL, Reason.SLA_AT_RISK, Reason.SLA_MISSED, tier=1)


@pytest.mark.parametrize(
    ("payload", "said"),
    [
        ({"who": "ana"}, "a snooze has an end"),
        ({"who": "ana", "for": "for ever"}, "a snooze has an end"),
        ({"who": "ana", "for": "5h"}, "a snooze of 5h is not between 1s and 4h"),
        ({"who": "ana", "for": "0m"}, "is not between 1s and 4h"),
        (None, "it came without data"),
    ],
)
async def test_a_snooze_without_an_end_within_the_policys_is_refused(
    night_of: NightOf, payload: object, said: str
) -> None:
    async with night_of(dark()) as night:
        handle = await in_the_dark(night, Severity.HIGH)
        await handle.signal("snooze", *([] if payload is None else [payload]))
        await night.pass_time(seconds=1)
        seen = await view(handle)
    assert said in (seen.last_decision or "")
    assert (seen.clock.snoozed_until, seen.clock.acknowledged_at) == (None, None)


@pytest.mark.parametrize(
    "channels",
    [
        pytest.param((_dead("pagerduty"), _dead("slack"), _dead("email")), id="all of them dead"),
        pytest.param((_dead("slack"),), id="the only one dead"),
    ],
)
async def test_when_no_channel_delivers_the_timeline_says_that_nobody_has_been_told(
    night_of: NightOf, channels: tuple[FakeChannel, ...]
) -> None:
    """All are tried, the clock goes on, and silence still leads to tier 1."""
    async with night_of(dark(*channels)) as night:
        handle = await in_the_dark(night, Severity.HIGH)
        seen = await tells(night, handle, 3)
        await night.pass_time(minutes=1)
        seen = await view(handle)
    assert told(seen)[-1] == said(20, SILENCE, tier=1)
    assert not any(d.delivered for d in seen.deliveries)
    assert {d.channel for d in seen.deliveries} == {"pagerduty", "slack", "email"}
    assert sum("nobody has been told" in text for text in texts(seen, Kind.NOTIFICATION)) > 3


async def test_a_call_that_no_channel_took_is_made_again_until_one_does(night_of: NightOf) -> None:
    """HIGH at 10 minutes, all channels dead: at 14 minutes mail works again, and has the call two minutes later, long
    before silence would lead to tier 1. Then it is not said again.
    """
    email = _dead("email")
    async with night_of(dark(_dead("pagerduty"), _dead("slack"), email)) as night:
        handle = await in_the_dark(night, Severity.HIGH)
        await night.pass_time(minutes=14)
        assert untold(await view(handle))
        email.error = None
        await night.pass_time(minutes=5)
        seen, (call,) = await view(handle), email.sent.values()
    assert "unresolved for more than twice the delay" in call.text
    assert call.awaits
    assert not untold(seen)
    assert told(seen) == [said(5, ANNOUNCED, tier=2), said(10, UNRESOLVED, tier=2)]


async def test_a_page_that_was_away_learns_a_little_later_that_somebody_has_it_and_that_it_is_over(
    night_of: NightOf,
) -> None:
    """It would ring on. Both words are tried again for some minutes."""
    pager, email = FakeChannel("pagerduty"), FakeChannel("email")
    policy = unhurried().model_copy(update={"recheck_s": 60})
    async with night_of(dark(pager, email, policy=policy)) as night:
        handle = await in_the_dark(night, Severity.CRITICAL)
        await night.until(handle, lambda _: bool(pager.sent), "a page", step_s=1)
        for word_of_ana, moment in (("ack", Moment.ACKNOWLEDGED), ("resolve", Moment.CLOSED)):
            pager.error = Unavailable("PagerDuty: 503")
            await handle.signal(word_of_ana, {"who": "ana"})
            await night.pass_time(minutes=2)
            assert moment not in [m.moment for m in pager.sent.values()]
            pager.error = None
            await night.pass_time(minutes=3)
            assert [m.moment for m in pager.sent.values()].count(moment) == 1


async def test_without_any_channel_nobody_is_told_of_the_end_either(night_of: NightOf) -> None:
    """Nothing is configured: it says so when somebody should have known (an announcement, which tries no page), and
    ends as quietly.
    """
    policy = unhurried().model_copy(update={"recheck_s": 60})
    world = World(value=None, channels=(), policy=policy)
    async with night_of(world) as night:
        handle = await in_the_dark(night, Severity.HIGH)
        await tells(night, handle, 1)
        world.value = 0.0
        await night.end(handle)
        seen = await view(handle)
    assert [d.detail for d in seen.deliveries] == ["not configured"] * 2
    assert sum("nobody has been told" in text for text in texts(seen, Kind.NOTIFICATION)) == 1


async def test_the_end_is_told_on_the_channels_that_delivered(night_of: NightOf) -> None:
    """Slack was dead while it lasted: who never heard of it is not told that it is over."""
    policy = unhurried().model_copy(update={"recheck_s": 60})
    slack, mail = _dead("slack"), FakeChannel("email")
    async with night_of(dark(slack, mail, policy=policy)) as night:
        handle = await in_the_dark(night, Severity.HIGH)
        await tells(night, handle, 1)
        await night.pass_time(seconds=30)
        slack.error = None
        night.world.value = 0.0
        await night.end(handle)
        seen = await view(handle)
    assert len(mail.sent) == 2
    assert not slack.sent
    assert [(d.channel, d.delivered) for d in seen.deliveries] == [("email", True), ("slack", False), ("email", True)]
