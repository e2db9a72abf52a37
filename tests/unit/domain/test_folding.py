"""A clock that is folded says from there on what the whole one would have said."""

from datetime import datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from domain.escalation import Clock, Reason, Told, channels, next_due, schedule, tell
from domain.folding import folded
from domain.levels import Severity
from domain.policy import Policy
from tests.unit.domain.examples import NOW, clock, minutes
from tests.unit.domain.test_escalation_properties import POLICIES, STEPS

KEPT = 2


@st.composite
def _long_lived(draw: st.DrawFn) -> tuple[Clock, Policy, datetime]:
    """A clock that has been followed for a while, with turns in between: it repeats itself often."""
    policy, at = draw(POLICIES), NOW
    now = clock(draw(st.sampled_from(Severity)))
    for pause, turn in draw(STEPS):
        for _ in range(draw(st.integers(0, 15))):
            at = max(at, next_due(now, policy) or at)
            said = tell(now, policy, at)
            now = said[0] if said else now
        at += minutes(pause)
        now = turn(now, at) if turn is not None else now
    return now, policy, at


@given(_long_lived(), st.integers(0, 30))
def test_nothing_that_is_said_later_depends_on_what_was_folded(
    made: tuple[Clock, Policy, datetime], steps: int
) -> None:
    """The next messages are the same, with their tiers, reasons and channels."""
    whole, policy, at = made
    short = folded(whole, KEPT)
    assert (short.escalated_at, short.tier) == (whole.escalated_at, whole.tier)
    for _ in range(steps):
        assert schedule(short, policy) == schedule(whole, policy)
        due = next_due(whole, policy)
        if due is None:
            return
        at = max(at, due)
        one, other = tell(whole, policy, at), tell(short, policy, at)
        assert one is not None
        assert other is not None
        assert one[1] == other[1]
        assert channels(one[0], policy, one[1]) == channels(other[0], policy, other[1])
        whole, short = one[0], folded(other[0], KEPT)


def _reminders(count: int) -> tuple[Told, ...]:
    return tuple(
        Told(at=NOW + timedelta(hours=n), tier=2, reasons=(Reason.REMINDER,), awaits=False, severity=Severity.HIGH)
        for n in range(count)
    )


def test_of_what_was_repeated_the_first_and_the_last_are_kept() -> None:
    told = _reminders(50)
    assert folded(clock(Severity.HIGH, told=told)).told == (*told[:10], *told[-10:])


def test_what_was_said_once_is_kept_wherever_it_stands() -> None:
    told = list(_reminders(50))
    missed = told[25].model_copy(update={"reasons": (Reason.SLA_MISSED,), "awaits": True})
    told[25] = missed
    assert missed in folded(clock(Severity.HIGH, told=tuple(told))).told


def test_a_clock_that_has_said_little_is_as_it_was() -> None:
    short = clock(Severity.HIGH, told=_reminders(20))
    assert folded(short) == short


def test_an_alert_that_flaps_for_a_week_leaves_a_clock_of_a_few_kilobytes() -> None:
    """Each time it relapses whoever has it is called anew, and the gate refuses anew."""
    flapping, at = clock(Severity.MEDIUM), NOW
    for _ in range(2_000):
        at += minutes(5)
        flapping = flapping.acknowledging("mia", at).stopping(at).relapsing(at, "5xx is back")
        flapping = flapping.raising(Reason.GATE_REFUSED, at, "automation only observes")
        while (said := tell(flapping, Policy(), at)) is not None:
            flapping = said[0]
        flapping = folded(flapping)
    assert len(flapping.model_dump_json()) < 30_000
    assert flapping.acknowledged_first is not None
    assert flapping.acknowledged_first.at == NOW + minutes(5)
