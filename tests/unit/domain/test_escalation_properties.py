"""Whatever happens in whatever order, the clock goes forward, says what is due once, and ends in a page or silence."""

from datetime import datetime, timedelta
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from domain.escalation import BREAKS_A_SNOOZE, Clock, Reason, Told, channels, next_due, schedule, tell
from domain.levels import Severity
from domain.policy import Calendar, Escalation, EscalationTable, Policy
from tests.unit.domain.examples import NOW, clock, minutes
from tests.unit.domain.test_escalation import Turn, acknowledged, becomes, raises, recovered, relapsed, snoozed

CALENDARS = st.builds(
    Calendar,
    zone=st.sampled_from(["UTC", "Europe/Berlin", "America/New_York", "Asia/Kathmandu"]),
    weekdays=st.sampled_from([(0, 1, 2, 3, 4), (6, 0, 1, 2, 3), (2,)]),
)
TABLES = st.builds(
    EscalationTable,
    HIGH=st.builds(
        Escalation, tell_below=st.just(0.7), attempts=st.just(2), delay_min=st.sampled_from([0, 0.5, 5]),
        channels=st.sampled_from([("slack", "email"), ("email",), ("pagerduty",)]), tier=st.integers(1, 3),
        acknowledge_min=st.sampled_from([None, 1, 10]), mttr_target_min=st.just(60), decide_min=st.just(15),
    ),
)  # fmt: skip
POLICIES = st.builds(Policy, calendar=CALENDARS, escalation=TABLES)
STARTS = st.integers(0, 14 * 24 * 60).map(lambda n: NOW + minutes(n))
# The others are the clock's own: nothing in an incident's life raises them.
EVENTS = [r for r in Reason if r not in {
    Reason.ANNOUNCED, Reason.CRITICAL, Reason.UNRESOLVED, Reason.SLA_AT_RISK, Reason.SLA_MISSED,
    Reason.NOT_ACKNOWLEDGED, Reason.REMINDER,
}]  # fmt: skip
TURNS: st.SearchStrategy[Turn] = st.one_of(
    st.sampled_from(EVENTS).map(raises),
    st.sampled_from(Severity).map(becomes),
    st.sampled_from([acknowledged, recovered, relapsed, snoozed(1), snoozed(120)]),
)
STEPS = st.lists(st.tuples(st.integers(0, 300), TURNS | st.none()), max_size=12)


@st.composite
def _clocks(draw: st.DrawFn) -> tuple[Clock, Policy, datetime]:
    """A clock after some turns, in which the workflow said what was due or was late, and the moment that it is now."""
    policy, start = draw(POLICIES), draw(STARTS)
    now, at = clock(draw(st.sampled_from(Severity)), detected_at=start), start
    for pause, turn in draw(STEPS):
        at += minutes(pause)
        said = tell(now, policy, at)
        now = turn(now, at) if turn is not None else said[0] if said else now
    return now, policy, at


@given(_clocks())
def test_the_schedule_is_in_order_and_never_before_the_first_detection(made: tuple[Clock, Policy, datetime]) -> None:
    now, policy, _ = made
    times = [due.at for due in schedule(now, policy)]
    assert times == sorted(times)
    assert all(at >= now.detected_at for at in times)


@given(_clocks(), st.integers(0, 10_000))
def test_at_or_after_what_is_due_something_is_said_and_before_it_nothing(
    made: tuple[Clock, Policy, datetime], late: int
) -> None:
    now, policy, _ = made
    due = next_due(now, policy)
    if due is None:
        assert tell(now, policy, NOW + timedelta(days=400)) is None
        return
    assert tell(now, policy, due + minutes(late)) is not None
    assert tell(now, policy, due - timedelta(microseconds=1)) is None


@given(_clocks())
def test_one_message_covers_all_that_is_due(made: tuple[Clock, Policy, datetime]) -> None:
    """Otherwise the workflow, which sleeps until the next due time, would spin."""
    now, policy, at = made
    said = tell(now, policy, at)
    if said is not None:
        following = next_due(said[0], policy)
        assert following is None or following > at


@given(_clocks())
def test_after_an_acknowledgement_only_reminders_are_left(made: tuple[Clock, Policy, datetime]) -> None:
    """Each reason is said once for the severity that holds now, and once for each time that it came up. Then who has
    it is reminded, at most every half hour, and at the end of a snooze: an incident that stays open must not be
    forgotten (spec section 6), and a silent clock would do just that.
    """
    now, policy, at = made
    now = now.running_on().acknowledging("ada", at)
    said: list[Told] = []
    for _ in range(2 * (len(Reason) + len(now.raised))):
        at = max(next_due(now, policy) or at, at)
        if (answer := tell(now, policy, at)) is not None:
            now = answer[0]
            said.append(answer[1])
    news = [told for told in said if told.reasons != (Reason.REMINDER,)]
    assert len(news) <= len(Reason) + len(now.raised)
    assert said[-1].reasons == (Reason.REMINDER,)
    assert not any(told.awaits for told in said if told.reasons == (Reason.REMINDER,))
    assert all(
        later.at - earlier.at >= minutes(30)
        for earlier, later in pairwise(said)
        if later.reasons == (Reason.REMINDER,) and later.at != now.snoozed_until
    )


@given(_clocks())
def test_an_escalation_that_nobody_acknowledges_ends_in_a_page_and_goes_on(
    made: tuple[Clock, Policy, datetime],
) -> None:
    now, policy, at = made
    now = now.model_copy(update={"acknowledged_at": None, "snoozed_until": None, "stopped_at": None})
    before = len(now.told)
    for _ in range(2 * len(Reason) + len(now.raised)):
        due = next_due(now, policy)
        assert due is not None
        at = max(due, at)
        said = tell(now, policy, at)
        assert said is not None
        now = said[0]
    pages = [t for t in now.told[before:] if t.awaits and "pagerduty" in channels(now, policy, t)]
    assert pages
    assert pages[-1].tier == 1


@given(_clocks())
def test_the_tier_never_goes_down(made: tuple[Clock, Policy, datetime]) -> None:
    now, _, _ = made
    tiers = [told.tier for told in now.told if told.awaits]
    assert tiers == sorted(tiers, reverse=True)


@given(_clocks())
def test_a_clock_that_has_stopped_says_nothing(made: tuple[Clock, Policy, datetime]) -> None:
    now, policy, at = made
    stopped = now.stopping(at)
    assert schedule(stopped, policy) == ()
    assert tell(stopped, policy, at + timedelta(days=400)) is None


@given(_clocks(), st.integers(1, 240))
def test_a_snooze_is_quiet_but_for_what_breaks_through_and_always_ends(
    made: tuple[Clock, Policy, datetime], length: int
) -> None:
    now, policy, at = made
    until = at + minutes(length)
    quiet = now.running_on().snoozing("ada", at, until)
    assert {due.reason for due in schedule(quiet, policy) if due.at < until} <= BREAKS_A_SNOOZE
    after = tell(quiet, policy, until)
    assert after is not None
    following = next_due(after[0], policy)
    assert following is not None
    assert following > until
