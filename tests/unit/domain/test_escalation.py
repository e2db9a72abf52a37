"""The escalation clock: for each severity and turn of events, every message that goes out, when, to whom and why."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime

import pytest

from domain.escalation import (
    WORDS,
    Clock,
    Reason,
    Told,
    channels,
    decide_by,
    extend_to,
    instead,
    may_give_up,
    next_due,
    schedule,
    target_at,
    tell,
)
from domain.escalation.clock import Acknowledgement
from domain.levels import Severity
from domain.policy import Calendar, ChannelName, Escalation, Policy
from tests.unit.domain.examples import NOW, clock, minutes, rows

POLICY = Policy()
CRITICAL, HIGH, MEDIUM, LOW = Severity.CRITICAL, Severity.HIGH, Severity.MEDIUM, Severity.LOW
ANNOUNCED, AT_ONCE, UNRESOLVED = Reason.ANNOUNCED, Reason.CRITICAL, Reason.UNRESOLVED
AT_RISK, MISSED, SILENCE = Reason.SLA_AT_RISK, Reason.SLA_MISSED, Reason.NOT_ACKNOWLEDGED
UNSURE, NO_PLAN, REMINDER = Reason.LOW_CONFIDENCE, Reason.NO_PLAN, Reason.REMINDER
RELAPSED = Reason.RELAPSED

PAGE_TOO: tuple[ChannelName, ...] = ("pagerduty", "slack", "email")
SLACK_MAIL: tuple[ChannelName, ...] = ("slack", "email")
SLACK: tuple[ChannelName, ...] = ("slack",)
MAIL: tuple[ChannelName, ...] = ("email",)
HOUR, DAY = 60, 24 * 60
# The night before a Thursday; business begins at 09:00 UTC, 13 hours later.
EVENING = datetime(2026, 2, 4, 20, 0, tzinfo=UTC)
TO_MORNING = 13 * HOUR


@dataclass(frozen=True)
class Said:
    """A message, so many minutes after the first detection. `calls`: somebody is called upon, and awaited."""

    minute: float
    reasons: tuple[Reason, ...]
    tier: int
    by: tuple[str, ...]
    calls: bool = True


Turn = Callable[[Clock, datetime], Clock]


def raises(reason: Reason) -> Turn:
    return lambda c, at: c.raising(reason, at)


def becomes(severity: Severity) -> Turn:
    return lambda c, at: c.escalating_to(severity, at)


def acknowledged(c: Clock, at: datetime) -> Clock:
    return c.acknowledging("ada", at)


def snoozed(length: float) -> Turn:
    return lambda c, at: c.snoozing("ada", at, at + minutes(length))


def recovered(c: Clock, at: datetime) -> Clock:
    return c.stopping(at)


def relapsed(c: Clock, at: datetime) -> Clock:
    return c.relapsing(at, "an alert fires anew")


def unheard(c: Clock, at: datetime) -> Clock:
    return c.unheard_again(c.told[-1], at)


@dataclass(frozen=True)
class Life:
    name: str
    severity: Severity
    until: float
    said: tuple[Said, ...]
    turns: tuple[tuple[float, Turn], ...] = ()
    start: datetime = NOW
    policy: Policy = POLICY


def live(life: Life) -> list[Said]:
    """The life as the workflow lives it: turns come in, and the clock tells when something is due."""
    now = clock(life.severity, detected_at=life.start)
    said: list[Said] = []
    for minute, turn in (*life.turns, (life.until, recovered)):
        at = life.start + minutes(minute)
        while (due := next_due(now, life.policy)) is not None and due < at:
            now = _say(now, life, due, said)
        now = turn(now, at)
        due = next_due(now, life.policy)
        if due is not None and due <= at:
            now = _say(now, life, at, said)
    return said


def _say(now: Clock, life: Life, at: datetime, said: list[Said]) -> Clock:
    answer = tell(now, life.policy, at)
    assert answer is not None
    after, told = answer
    minute = (at - life.start).total_seconds() / 60
    said.append(Said(minute, told.reasons, told.tier, channels(after, life.policy, told), told.awaits))
    return after


def _high(**changes: object) -> Policy:
    row: Escalation = POLICY.escalation.HIGH.model_copy(update=changes)
    return POLICY.model_copy(update={"escalation": POLICY.escalation.model_copy(update={"HIGH": row})})


LIVES = (
    Life(
        "CRITICAL calls tier 1 by all channels at once, and again every 5 minutes until somebody answers",
        CRITICAL, 16,
        (
            Said(0, (AT_ONCE,), 1, PAGE_TOO),
            Said(5, (SILENCE,), 1, PAGE_TOO),
            Said(10, (SILENCE,), 1, PAGE_TOO),
            Said(11.25, (AT_RISK,), 1, PAGE_TOO, calls=False),
            Said(15, (MISSED, SILENCE), 1, PAGE_TOO),
        ),
    ),
    Life(
        "HIGH is announced after 5 minutes and escalated after 10; silence goes up to tier 1 and ends in pages",
        HIGH, 41,
        (
            Said(5, (ANNOUNCED,), 2, SLACK_MAIL, calls=False),
            Said(10, (UNRESOLVED,), 2, SLACK_MAIL),
            Said(20, (SILENCE,), 1, PAGE_TOO),
            Said(30, (SILENCE,), 1, PAGE_TOO),
            Said(40, (SILENCE,), 1, PAGE_TOO),
        ),
    ),
    Life(
        "MEDIUM is announced after 15 minutes, escalated after 30, and climbs 3, 2, 1, then again at 1 with a page",
        MEDIUM, 121,
        (
            Said(15, (ANNOUNCED,), 3, SLACK, calls=False),
            Said(30, (UNRESOLVED,), 3, SLACK),
            Said(60, (SILENCE,), 2, SLACK),
            Said(90, (SILENCE,), 1, ("pagerduty", "slack")),
            Said(120, (SILENCE,), 1, ("pagerduty", "slack")),
        ),
    ),
    Life(
        "LOW by day is announced after an hour, and waits for an answer until the next business morning",
        LOW, 2 * DAY,
        (
            Said(1 * HOUR, (ANNOUNCED,), 3, MAIL, calls=False),
            Said(2 * HOUR, (UNRESOLVED,), 3, MAIL),
            Said(23 * HOUR, (SILENCE,), 2, MAIL),
            Said(47 * HOUR, (SILENCE,), 1, ("pagerduty", "email")),
        ),
    ),
    Life(
        "LOW in the evening waits for the morning, and says in one message what came up in the night",
        LOW, TO_MORNING + 1,
        (Said(TO_MORNING, (UNRESOLVED, UNSURE), 3, MAIL),),
        turns=((1, raises(UNSURE)),),
        start=EVENING,
    ),
    Life(
        "LOW that is acknowledged at a quarter to nine is not reminded at nine, but the morning after",
        LOW, 47 * HOUR + 1,
        (
            Said(1 * HOUR, (ANNOUNCED,), 3, MAIL, calls=False),
            Said(2 * HOUR, (UNRESOLVED,), 3, MAIL),
            Said(47 * HOUR, (REMINDER,), 3, MAIL, calls=False),
        ),
        turns=((22 * HOUR + 45, acknowledged),),
    ),
    Life(
        "LOW counts business hours: at risk after 18 of them, missed after 24, on the Monday",
        LOW, 5 * DAY + 1,
        (
            Said(1 * HOUR, (ANNOUNCED,), 3, MAIL, calls=False),
            Said(2 * HOUR, (UNRESOLVED,), 3, MAIL),
            Said(23 * HOUR, (REMINDER,), 3, MAIL, calls=False),
            Said(DAY + 23 * HOUR, (REMINDER,), 3, MAIL, calls=False),
            Said(2 * DAY + 2 * HOUR, (AT_RISK,), 3, MAIL, calls=False),
            Said(4 * DAY + 23 * HOUR, (REMINDER,), 3, MAIL, calls=False),
            Said(5 * DAY, (MISSED,), 2, MAIL),
        ),
        turns=((3 * HOUR, acknowledged),),
    ),
    Life(
        "HIGH in the evening pages as well, but an announcement wakes nobody",
        HIGH, 15,
        (
            Said(5, (ANNOUNCED,), 2, SLACK_MAIL, calls=False),
            Said(10, (UNRESOLVED,), 2, PAGE_TOO),
        ),
        start=EVENING,
    ),
    Life(
        "once there is a page, further reasons are said there too",
        HIGH, 15,
        (
            Said(1, (UNSURE,), 2, PAGE_TOO),
            Said(2, (NO_PLAN,), 2, PAGE_TOO, calls=False),
            Said(10, (UNRESOLVED,), 2, PAGE_TOO, calls=False),
        ),
        turns=((1, raises(UNSURE)), (2, raises(NO_PLAN)), (3, acknowledged)),
        start=EVENING,
    ),
    Life(
        "MEDIUM in the evening pages nobody at first",
        MEDIUM, 31,
        (
            Said(15, (ANNOUNCED,), 3, SLACK, calls=False),
            Said(30, (UNRESOLVED,), 3, SLACK),
        ),
        start=EVENING,
    ),
    Life(
        "what was no page before a raise does not become one by it",
        MEDIUM, 62,
        (
            Said(15, (ANNOUNCED,), 3, SLACK, calls=False),
            Said(30, (UNRESOLVED,), 3, SLACK),
            Said(61, (UNRESOLVED, AT_RISK, MISSED), 2, SLACK_MAIL),
        ),
        turns=((31, acknowledged), (61, becomes(HIGH))),
        start=datetime(2026, 2, 4, 8, 0, tzinfo=UTC),
    ),
    Life(
        "an acknowledgement ends the calls; a missed target is still told, one tier higher, and who has it is reminded",
        HIGH, 2 * HOUR + 1,
        (
            Said(5, (ANNOUNCED,), 2, SLACK_MAIL, calls=False),
            Said(10, (UNRESOLVED,), 2, SLACK_MAIL),
            Said(42, (REMINDER,), 2, SLACK_MAIL, calls=False),
            Said(45, (AT_RISK,), 2, SLACK_MAIL, calls=False),
            Said(60, (MISSED,), 1, SLACK_MAIL),
            Said(90, (REMINDER,), 2, SLACK_MAIL, calls=False),
            Said(120, (REMINDER,), 2, SLACK_MAIL, calls=False),
        ),
        turns=((12, acknowledged),),
    ),
    Life(
        "who has acknowledged at tier 1 is told of a missed target and not called again, until it recovers",
        CRITICAL, 3 * HOUR,
        (
            Said(0, (AT_ONCE,), 1, PAGE_TOO),
            Said(11.25, (AT_RISK,), 1, PAGE_TOO, calls=False),
            Said(15, (MISSED,), 1, PAGE_TOO, calls=False),
            Said(45, (REMINDER,), 1, PAGE_TOO, calls=False),
        ),
        turns=((1, acknowledged), (50, recovered)),
    ),
    Life(
        "a raise within one tier calls again who has acknowledged at the lower severity; silence goes up",
        LOW, 3 * HOUR,
        (
            Said(1, (UNSURE,), 3, MAIL),
            Said(40, (UNRESOLVED,), 3, SLACK),
            Said(70, (SILENCE,), 2, SLACK),
        ),
        turns=((1, raises(UNSURE)), (2, acknowledged), (40, becomes(MEDIUM)), (71, recovered)),
    ),
    Life(
        "what was acknowledged as MEDIUM is called until somebody acknowledges it as CRITICAL",
        MEDIUM, 90,
        (
            Said(15, (ANNOUNCED,), 3, SLACK, calls=False),
            Said(30, (UNRESOLVED,), 3, SLACK),
            Said(40, (AT_ONCE, AT_RISK, MISSED), 1, PAGE_TOO),
            Said(45, (SILENCE,), 1, PAGE_TOO),
            Said(50, (SILENCE,), 1, PAGE_TOO),
            Said(81, (REMINDER,), 1, PAGE_TOO, calls=False),
        ),
        turns=((31, acknowledged), (40, becomes(CRITICAL)), (51, acknowledged)),
    ),
    Life(
        "an acknowledgement that comes after a raise is one of the raised severity",
        LOW, 3 * HOUR,
        (
            Said(1, (UNSURE,), 3, MAIL),
            Said(30, (UNRESOLVED,), 3, SLACK, calls=False),
            Said(60, (REMINDER,), 3, SLACK, calls=False),
        ),
        turns=((1, raises(UNSURE)), (2, acknowledged), (5, becomes(MEDIUM)), (6, acknowledged), (61, recovered)),
    ),
    Life(
        "after a relapse who had acknowledged is called anew, and again, until somebody acknowledges that",
        HIGH, 2 * HOUR,
        (
            Said(5, (ANNOUNCED,), 2, SLACK_MAIL, calls=False),
            Said(10, (UNRESOLVED,), 2, SLACK_MAIL),
            Said(40, (RELAPSED,), 2, SLACK_MAIL),
            Said(45, (AT_RISK,), 2, SLACK_MAIL, calls=False),
            Said(50, (SILENCE,), 1, PAGE_TOO),
            Said(60, (MISSED, SILENCE), 1, PAGE_TOO),
            Said(91, (REMINDER,), 1, PAGE_TOO, calls=False),
        ),
        turns=((12, acknowledged), (20, recovered), (40, relapsed), (61, acknowledged), (92, recovered)),
    ),
    Life(
        "each relapse calls, also one that comes after all else has been said",
        HIGH, 4 * HOUR,
        (
            Said(1, (UNSURE,), 2, SLACK_MAIL),
            Said(120, (UNRESOLVED, AT_RISK, MISSED, RELAPSED), 1, SLACK_MAIL),
            Said(150, (RELAPSED,), 1, SLACK_MAIL),
        ),
        turns=(
            (1, raises(UNSURE)), (2, acknowledged), (3, recovered), (120, relapsed), (121, acknowledged),
            (122, recovered), (150, relapsed), (151, acknowledged), (152, recovered),
        ),
    ),
    Life(
        "a call that no channel took is made again, and silence counts from the first",
        HIGH, 21,
        (
            Said(5, (ANNOUNCED,), 2, SLACK_MAIL, calls=False),
            Said(10, (UNRESOLVED,), 2, SLACK_MAIL),
            Said(12, (UNRESOLVED,), 2, SLACK_MAIL),
            Said(14.5, (NO_PLAN,), 2, SLACK_MAIL, calls=False),
            Said(18, (UNRESOLVED,), 2, SLACK_MAIL),
            Said(20, (SILENCE,), 1, PAGE_TOO),
        ),
        turns=((11, unheard), (14, unheard), (14.5, raises(NO_PLAN))),
    ),
    Life(
        "a call that no channel took is made again also to who has acknowledged before",
        HIGH, 25,
        (
            Said(1, (UNSURE,), 2, SLACK_MAIL),
            Said(10, (UNRESOLVED,), 2, SLACK_MAIL, calls=False),
            Said(20, (Reason.UNDO_FAILED,), 2, PAGE_TOO),
            Said(22, (Reason.UNDO_FAILED,), 2, PAGE_TOO),
        ),
        turns=((1, raises(UNSURE)), (2, acknowledged), (20, raises(Reason.UNDO_FAILED)), (21, unheard)),
    ),
    Life(
        "who acknowledges on the page has heard, and after a recovery nobody has to",
        HIGH, 2 * HOUR,
        (
            Said(1, (UNSURE,), 2, SLACK_MAIL),
            Said(10, (UNRESOLVED,), 2, SLACK_MAIL, calls=False),
        ),
        turns=((1, raises(UNSURE)), (2, unheard), (2.5, acknowledged), (12, unheard), (12.5, recovered)),
    ),
    Life(
        "a relapse ends a snooze",
        HIGH, 45,
        (
            Said(5, (ANNOUNCED,), 2, SLACK_MAIL, calls=False),
            Said(10, (UNRESOLVED,), 2, SLACK_MAIL),
            Said(40, (RELAPSED,), 2, SLACK_MAIL),
        ),
        turns=((12, snoozed(200)), (20, recovered), (40, relapsed)),
    ),
    Life(
        "a relapse of LOW at night waits for the morning, and is no silence before it",
        LOW, 3 * DAY,
        (
            Said(1, (UNSURE,), 3, MAIL),
            Said(2 * HOUR, (UNRESOLVED,), 3, MAIL, calls=False),
            Said(23 * HOUR, (RELAPSED,), 3, MAIL),
            Said(DAY + 23 * HOUR, (SILENCE,), 2, MAIL),
        ),
        turns=(
            (1, raises(UNSURE)), (2, acknowledged), (3 * HOUR, recovered), (12 * HOUR, relapsed), (2 * DAY, recovered),
        ),
    ),
    Life(
        "a reminder of LOW waits for the business day",
        LOW, 5 * DAY,
        (
            Said(1, (UNSURE,), 3, MAIL),
            Said(2 * HOUR, (UNRESOLVED,), 3, MAIL, calls=False),
            Said(2 * DAY + 23 * HOUR, (REMINDER,), 3, MAIL, calls=False),
        ),
        turns=((1, raises(UNSURE)), (2, acknowledged), (3 * DAY, recovered)),
        start=datetime(2026, 2, 6, 10, 0, tzinfo=UTC),
    ),
    Life(
        "a reason escalates at once, and there is nothing left to announce",
        HIGH, 9,
        (Said(2, (UNSURE,), 2, SLACK_MAIL),),
        turns=((2, raises(UNSURE)),),
    ),
    Life(
        "a further reason updates the same escalation and does not restart the wait",
        HIGH, 13,
        (
            Said(2, (UNSURE,), 2, SLACK_MAIL),
            Said(4, (NO_PLAN,), 2, SLACK_MAIL, calls=False),
            Said(10, (UNRESOLVED,), 2, SLACK_MAIL, calls=False),
            Said(12, (SILENCE,), 1, PAGE_TOO),
        ),
        turns=((2, raises(UNSURE)), (4, raises(NO_PLAN))),
    ),
    Life(
        "each plan that waits for a decision is told",
        HIGH, 9,
        (
            Said(1, (Reason.APPROVAL_NEEDED,), 2, SLACK_MAIL),
            Said(5, (Reason.APPROVAL_NEEDED,), 2, SLACK_MAIL, calls=False),
        ),
        turns=((1, raises(Reason.APPROVAL_NEEDED)), (2, acknowledged), (5, raises(Reason.APPROVAL_NEEDED))),
    ),
    Life(
        "raised to CRITICAL, everything overdue since the first detection is one message to tier 1",
        MEDIUM, 21,
        (
            Said(15, (ANNOUNCED,), 3, SLACK, calls=False),
            Said(20, (AT_ONCE, AT_RISK, MISSED), 1, PAGE_TOO),
        ),
        turns=((20, becomes(CRITICAL)),),
    ),
    Life(
        "raised to HIGH, the new channels and tier are told what the old ones knew",
        MEDIUM, 47,
        (
            Said(15, (ANNOUNCED,), 3, SLACK, calls=False),
            Said(30, (UNRESOLVED,), 3, SLACK),
            Said(36, (UNRESOLVED,), 2, SLACK_MAIL),
            Said(45, (AT_RISK,), 2, SLACK_MAIL, calls=False),
            Said(46, (SILENCE,), 1, PAGE_TOO),
        ),
        turns=((36, becomes(HIGH)),),
    ),
    Life(
        "raised after a silence it goes to the tier of the new severity, and skips nobody there",
        MEDIUM, 49,
        (
            Said(15, (ANNOUNCED,), 3, SLACK, calls=False),
            Said(30, (UNRESOLVED,), 3, SLACK),
            Said(42, (UNRESOLVED, SILENCE), 2, SLACK_MAIL),
            Said(45, (AT_RISK,), 2, SLACK_MAIL, calls=False),
        ),
        turns=((42, becomes(HIGH)),),
    ),
    Life(
        "raised to CRITICAL it pages even when somebody has acknowledged it at a lower severity",
        HIGH, 6,
        (
            Said(1, (UNSURE,), 2, SLACK_MAIL),
            Said(5, (AT_ONCE,), 1, PAGE_TOO),
        ),
        turns=((1, raises(UNSURE)), (2, acknowledged), (5, becomes(CRITICAL))),
    ),
    Life(
        "raised to CRITICAL at tier 1 it pages again",
        HIGH, 26,
        (
            Said(5, (ANNOUNCED,), 2, SLACK_MAIL, calls=False),
            Said(10, (UNRESOLVED,), 2, SLACK_MAIL),
            Said(20, (SILENCE,), 1, PAGE_TOO),
            Said(22, (AT_ONCE, AT_RISK, MISSED), 1, PAGE_TOO),
        ),
        turns=((21, acknowledged), (22, becomes(CRITICAL))),
    ),
    Life("a severity never falls", CRITICAL, 1, (Said(0, (AT_ONCE,), 1, PAGE_TOO),), turns=((0, becomes(LOW)),)),
    Life(
        "the clocks stop at recovery",
        HIGH, 9 * HOUR,
        (Said(5, (ANNOUNCED,), 2, SLACK_MAIL, calls=False),),
        turns=((7, recovered),),
    ),
    Life(
        "a recovery before the delay tells nobody",
        HIGH, 9 * HOUR,
        (),
        turns=((4, recovered),),
    ),
    Life(
        "after a relapse they run on from the first detection, and what is overdue is one message",
        HIGH, 105,
        (
            Said(5, (ANNOUNCED,), 2, SLACK_MAIL, calls=False),
            Said(100, (UNRESOLVED, AT_RISK, MISSED), 2, SLACK_MAIL),
        ),
        turns=((7, recovered), (100, relapsed)),
    ),
    Life(
        "with a delay of none it is escalated at once",
        HIGH, 9,
        (Said(0, (UNRESOLVED,), 2, SLACK_MAIL),),
        policy=_high(delay_min=0),
    ),
    Life(
        "a snooze holds reminders and re-pages back, and at its end who asked for it is reminded",
        HIGH, 45,
        (
            Said(5, (ANNOUNCED,), 2, SLACK_MAIL, calls=False),
            Said(10, (UNRESOLVED,), 2, SLACK_MAIL),
            Said(35, (REMINDER,), 2, SLACK_MAIL, calls=False),
        ),
        turns=((15, snoozed(20)),),
    ),
    Life(
        "what comes up during a snooze is said at its end, in one message",
        HIGH, 50,
        (
            Said(1, (UNSURE,), 2, SLACK_MAIL),
            Said(45, (UNRESOLVED, AT_RISK, NO_PLAN), 2, SLACK_MAIL, calls=False),
        ),
        turns=((1, raises(UNSURE)), (2, snoozed(43)), (4, raises(NO_PLAN))),
    ),
    Life(
        "a missed target breaks through a snooze, which goes on for the rest",
        HIGH, 95,
        (
            Said(1, (UNSURE,), 2, SLACK_MAIL),
            Said(60, (MISSED,), 1, SLACK_MAIL),
            Said(90, (UNRESOLVED, AT_RISK), 1, SLACK_MAIL, calls=False),
        ),
        turns=((1, raises(UNSURE)), (2, snoozed(88))),
    ),
    Life(
        "a raise of the severity ends a snooze",
        MEDIUM, 25,
        (
            Said(1, (UNSURE,), 3, SLACK),
            Said(20, (AT_ONCE, AT_RISK, MISSED), 1, PAGE_TOO),
        ),
        turns=((1, raises(UNSURE)), (2, snoozed(200)), (20, becomes(CRITICAL))),
    ),
    Life(
        "a plan that waits for a decision breaks through a snooze, or it would expire unread",
        HIGH, 12,
        (
            Said(1, (UNSURE,), 2, SLACK_MAIL),
            Said(4, (Reason.APPROVAL_NEEDED,), 2, SLACK_MAIL, calls=False),
        ),
        turns=((1, raises(UNSURE)), (2, snoozed(60)), (4, raises(Reason.APPROVAL_NEEDED))),
    ),
    Life(
        "snoozed before anybody was called, it calls at the end of the snooze",
        HIGH, 40,
        (Said(31, (UNRESOLVED,), 2, SLACK_MAIL),),
        turns=((1, snoozed(30)),),
    ),
    Life(
        "HIGH on a holiday pages, though it is a Wednesday morning",
        HIGH, 15,
        (
            Said(5, (ANNOUNCED,), 2, SLACK_MAIL, calls=False),
            Said(10, (UNRESOLVED,), 2, PAGE_TOO),
        ),
        policy=POLICY.model_copy(update={"calendar": Calendar(holidays=("2026-02-04",))}),
    ),
    Life(
        "LOW on the eve of a holiday waits for the day after it",
        LOW, 3 * DAY,
        (Said(TO_MORNING + DAY, (UNRESOLVED,), 3, MAIL),),
        start=EVENING,
        policy=POLICY.model_copy(update={"calendar": Calendar(holidays=("2026-02-05",))}),
        turns=((2 * DAY, recovered),),
    ),
    Life(
        "off-hours are those of the team's zone: 10:00 UTC is night in Los Angeles",
        HIGH, 11,
        (
            Said(5, (ANNOUNCED,), 2, SLACK_MAIL, calls=False),
            Said(10, (UNRESOLVED,), 2, PAGE_TOO),
        ),
        policy=POLICY.model_copy(update={"calendar": Calendar(zone="America/Los_Angeles")}),
    ),
    Life(
        "LOW in the night in which the clocks go forward waits for 09:00 local time, an hour less",
        LOW, 3 * DAY,
        (Said(2 * DAY + 11 * HOUR, (UNRESOLVED,), 3, MAIL),),
        # From Friday 21:00 in Berlin to Monday 09:00 there: 60 hours by the clocks on the wall, 59 that pass.
        start=datetime(2026, 3, 27, 20, 0, tzinfo=UTC),
        policy=POLICY.model_copy(update={"calendar": Calendar(zone="Europe/Berlin")}),
        turns=((2 * DAY + 12 * HOUR, recovered),),
    ),
    Life(
        "after a long absence of the worker one message says all, and none that automation is at work",
        HIGH, 50,
        (Said(50, (UNRESOLVED, AT_RISK), 2, SLACK_MAIL),),
        turns=((4, recovered), (50, relapsed)),
    ),
)  # fmt: skip


@pytest.mark.parametrize("life", rows(LIVES))
def test_life(life: Life) -> None:
    assert tuple(live(life)) == life.said


def test_an_announcement_awaits_nobody_and_is_no_escalation() -> None:
    answer = tell(clock(HIGH), POLICY, NOW + minutes(5))
    assert answer is not None
    after, told = answer
    assert told.reasons == (ANNOUNCED,)
    assert (after.escalated_at, after.tier) == (None, None)
    assert SILENCE not in {due.reason for due in schedule(after, POLICY)}


def test_the_first_escalation_is_when_people_were_first_called() -> None:
    answer = tell(clock(MEDIUM), POLICY, NOW + minutes(31))
    assert answer is not None
    assert answer[0].escalated_at == NOW + minutes(31)


def test_who_acknowledged_first_stays() -> None:
    twice = clock(HIGH).acknowledging("ada", NOW).acknowledging("grace", NOW + minutes(1))
    assert (twice.acknowledged_by, twice.acknowledged_at) == ("ada", NOW)


def test_after_a_raise_the_next_who_acknowledges_has_it_and_who_answered_first_is_known() -> None:
    raised = clock(MEDIUM).acknowledging("ada", NOW).escalating_to(CRITICAL, NOW + minutes(1))
    assert (raised.acknowledged_by, raised.acknowledged_at) == (None, None)
    again = raised.acknowledging("grace", NOW + minutes(2))
    assert (again.acknowledged_by, again.acknowledged_at) == ("grace", NOW + minutes(2))
    assert again.acknowledged_first == Acknowledgement(by="ada", at=NOW)


def test_nothing_is_told_before_it_is_due() -> None:
    assert tell(clock(HIGH), POLICY, NOW + minutes(4.99)) is None


@pytest.mark.parametrize(("severity", "target"), [(CRITICAL, 15), (HIGH, 60), (MEDIUM, 240)])
def test_the_target_is_that_of_the_table_by_day_and_night(severity: Severity, target: float) -> None:
    for start in (NOW, EVENING):
        assert target_at(clock(severity, detected_at=start), POLICY) == start + minutes(target)
        assert target_at(clock(severity, detected_at=start), POLICY, 0.75) == start + minutes(target * 0.75)


def test_the_target_of_low_counts_business_hours() -> None:
    """24 of them from Wednesday 10:00: 7 + 8 + 8, and one on Monday."""
    assert target_at(clock(LOW), POLICY) == datetime(2026, 2, 9, 10, 0, tzinfo=UTC)


@pytest.mark.parametrize("reason", Reason)
def test_every_reason_has_words_of_its_own(reason: Reason) -> None:
    assert WORDS[reason]
    assert list(WORDS.values()).count(WORDS[reason]) == 1


def test_a_message_says_at_which_severity_it_was_sent() -> None:
    answer = tell(clock(CRITICAL), POLICY, NOW)
    assert answer is not None
    assert answer[1] == Told(at=NOW, tier=1, reasons=(AT_ONCE,), awaits=True, severity=CRITICAL)


def test_a_snooze_counts_as_an_acknowledgement_of_who_had_not_given_one() -> None:
    quiet = clock(HIGH).snoozing("ada", NOW, NOW + minutes(30))
    assert (quiet.acknowledged_by, quiet.snoozed_until) == ("ada", NOW + minutes(30))
    assert quiet.snoozing("grace", NOW + minutes(1), NOW + minutes(5)).acknowledged_by == "ada"


# -- dead channels ----------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Dead:
    """None of `wanted` has delivered a message: who is asked instead, one after the other."""

    name: str
    severity: Severity
    reasons: tuple[Reason, ...]
    wanted: tuple[ChannelName, ...]
    instead: tuple[str, ...]
    calls: bool = True


DEAD = (
    Dead("an escalation whose channels are dead ends in a page", HIGH, (UNRESOLVED,), SLACK_MAIL, ("pagerduty",)),
    Dead("also where its policy names no page at all", MEDIUM, (UNRESOLVED,), SLACK, ("pagerduty", "email")),
    Dead("a page that fails goes to the others", CRITICAL, (AT_ONCE,), ("pagerduty",), ("slack", "email")),
    Dead("an announcement wakes nobody up", HIGH, (ANNOUNCED,), SLACK_MAIL, (), calls=False),
    Dead("nor does a reminder", MEDIUM, (REMINDER,), SLACK, ("email",), calls=False),
    Dead("a plan that waits for a decision does", MEDIUM, (Reason.APPROVAL_NEEDED,), SLACK, ("pagerduty", "email"),
         calls=False),
    Dead("LOW does not, on its day", LOW, (UNRESOLVED,), MAIL, ("slack",)),
    Dead("LOW does after its morning", LOW, (SILENCE,), MAIL, ("pagerduty", "slack")),
    Dead("LOW does when its target is at risk", LOW, (AT_RISK,), MAIL, ("pagerduty", "slack")),
    Dead("when all are dead there is nobody left", CRITICAL, (AT_ONCE,), PAGE_TOO, ()),
)  # fmt: skip


@pytest.mark.parametrize("case", rows(DEAD))
def test_dead_channels(case: Dead) -> None:
    told = Told(at=NOW, tier=2, reasons=case.reasons, awaits=case.calls, severity=case.severity)
    assert instead(clock(case.severity), told, case.wanted) == case.instead


def test_once_dead_channels_led_to_a_page_what_follows_is_said_there_too() -> None:
    told = Told(at=NOW, tier=2, reasons=(NO_PLAN,), awaits=False, severity=HIGH)
    assert channels(clock(HIGH), POLICY, told, paged=True) == PAGE_TOO
    assert channels(clock(HIGH), POLICY, told) == SLACK_MAIL


# -- the time for a decision ------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Asked:
    """A plan is asked so many minutes after the first detection; until when, also in minutes."""

    name: str
    severity: Severity
    at: float
    until: float


ASKED = (
    Asked("a question gets the severity's time", HIGH, 1, 16),
    Asked("but never past 75 % of the target", HIGH, 40, 45),
    Asked("CRITICAL has 5 minutes", CRITICAL, 1, 6),
    Asked("at 75 % it still gets the least time", HIGH, 45, 47),
    Asked("a minute before, it gets the least time too", HIGH, 44, 46),
    Asked("and after it as well", HIGH, 55, 57),
    Asked("beyond the target too", HIGH, 59, 61),
    Asked("after the target a question still gets the least time", HIGH, 61, 63),
    Asked("CRITICAL as well, whose target a rollback often outlasts", CRITICAL, 17, 19),
    Asked("LOW by day has four hours", LOW, 1, 241),
    Asked("LOW in the evening has four hours of the morning", LOW, 8 * HOUR, DAY + 3 * HOUR),
    Asked(
        "after LOW's target in the evening it has the first two minutes of the next day",
        LOW,
        5 * DAY + 10 * HOUR,
        5 * DAY + 23 * HOUR + 2,
    ),
)


@pytest.mark.parametrize("case", rows(ASKED))
def test_a_decision_has_its_time(case: Asked) -> None:
    assert decide_by(clock(case.severity), POLICY, NOW + minutes(case.at)) == NOW + minutes(case.until)


def test_a_severity_that_gives_less_than_the_least_time_is_heeded() -> None:
    """The least time is for what comes late, not for what was meant to be short."""
    assert decide_by(clock(HIGH), _high(decide_min=1), NOW) == NOW + minutes(1)


@dataclass(frozen=True)
class Extended:
    name: str
    severity: Severity
    deadline: float
    until: float | None
    policy: Policy = POLICY


EXTENDED = (
    Extended("a deadline moves by the policy's time", HIGH, 15, 20),
    Extended("never past 75 % of the target", HIGH, 43, 45),
    Extended("at 75 % it does not move any more", HIGH, 45, None),
    Extended("after it neither", HIGH, 57, None),
    Extended("nor where the policy gives no time", HIGH, 15, None, POLICY.model_copy(update={"extend_min": 0})),
)


@pytest.mark.parametrize("case", rows(EXTENDED))
def test_a_deadline_is_moved_within_bounds(case: Extended) -> None:
    moved = extend_to(clock(case.severity), case.policy, NOW + minutes(case.deadline))
    assert moved == (None if case.until is None else NOW + minutes(case.until))


# -- unresolved -------------------------------------------------------------------------------------------------------

FIRST, SECOND = HOUR, 2 * HOUR
"""When tier 2 was called, and when tier 1, in minutes after the first detection."""


@dataclass(frozen=True)
class Old:
    """`delivered`: by which channel, at which minute. `after`: hours since the last sighting."""

    name: str
    given_up: bool
    delivered: tuple[tuple[str, float], ...] = ()
    after: float = 24
    acknowledged: bool = False
    called: bool = True


OLD = (
    Old("a day after the last sighting an acknowledged incident is given up", True, acknowledged=True),
    Old("not an hour before", False, acknowledged=True, after=23),
    Old("nor one that nobody was called for", False, acknowledged=True, called=False),
    Old("nor one that nobody acknowledged and no page reached", False, (("slack", FIRST),)),
    Old("a page that PagerDuty took was a page", True, (("pagerduty", FIRST),)),
    Old("what it took before anybody was called was none", False, (("pagerduty", FIRST - 1),)),
    Old("without a pager a call that reached tier 1 is the loudest there is", True, (("email", SECOND),)),
    Old("nothing delivered is nothing heard", False),
)


@pytest.mark.parametrize("case", rows(OLD))
def test_unresolved(case: Old) -> None:
    tiers = ((FIRST, 2), (SECOND, 1)) if case.called else ()
    told = tuple(Told(at=NOW + minutes(m), tier=t, reasons=(SILENCE,), awaits=True, severity=HIGH) for m, t in tiers)
    life = clock(HIGH, told=told)
    known = life.acknowledging("ada", NOW) if case.acknowledged else life
    delivered = [(channel, NOW + minutes(minute)) for channel, minute in case.delivered]
    assert may_give_up(known, POLICY, NOW, NOW + minutes(case.after * HOUR), delivered) is case.given_up


@pytest.mark.parametrize("severity", list(Severity))
def test_an_undo_that_failed_is_paged_at_once_whatever_the_severity_and_who_has_acknowledged(
    severity: Severity,
) -> None:
    at = NOW + minutes(1)
    told = clock(severity).acknowledging("ada", NOW).raising(Reason.UNDO_FAILED, at, "kubectl ...")
    said = tell(told, Policy(), at)
    assert said is not None
    after, message = said
    assert Reason.UNDO_FAILED in message.reasons
    assert message.awaits
    assert "pagerduty" in channels(after, Policy(), message)
