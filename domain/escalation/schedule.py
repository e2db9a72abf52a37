"""What is still to be said, and when."""

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta

from domain.business import next_opening, open_at
from domain.escalation.clock import Clock, Due
from domain.escalation.reasons import AT_ONCE, BREAKS_A_SNOOZE, FORESEEN, Reason
from domain.escalation.targets import AT_RISK, target_at
from domain.levels import Severity
from domain.policy import Policy

_REMIND_LEAST = timedelta(minutes=30)
COMPANY = timedelta(seconds=10)
CRITICAL_COMPANY = timedelta(seconds=5)
"""For so long what has come up waits for what comes right after it: one message that says all, not two that say half.

Two events within ten seconds are one message, as in the thread (`workflows/herald.py`). CRITICAL, for which people are
called out of bed, is told within five: enough for a cause that is named at once, and nothing beside their way to it.
"""


def schedule(clock: Clock, policy: Policy) -> tuple[Due, ...]:
    """Everything that is still to be said, by time. Empty when the clock has stopped."""
    if clock.stopped_at is not None:
        return ()
    return tuple(sorted((_heard(clock, due) for due in _candidates(clock, policy)), key=lambda due: due.at))


def next_due(clock: Clock, policy: Policy) -> datetime | None:
    """When the clock has to look again, None while nothing is scheduled."""
    return next((due.at for due in schedule(clock, policy)), None)


def speak_at(plan: Sequence[Due], noticed: datetime) -> datetime:
    """When the message goes out that says all that is due by then. `plan` is what is still to be said, not empty;
    `noticed` is since when somebody is there who could say it: what was due before waits from then on.

    What was foreseen waits for nothing that is not foreseen as well.
    """
    due = [(max(one.at, noticed), one.reason) for one in plan]
    latest = min(at + _company(reason) for at, reason in due)
    together = [(at, reason) for at, reason in due if at <= latest]
    return max(at for at, _ in together) if {reason for _, reason in together} <= FORESEEN else latest


def _company(reason: Reason) -> timedelta:
    if reason in AT_ONCE:
        return timedelta(0)
    return CRITICAL_COMPANY if reason is Reason.CRITICAL else COMPANY


def _candidates(clock: Clock, policy: Policy) -> Iterator[Due]:
    yield from _by_delay(clock, policy)
    yield from _by_target(clock, policy)
    yield from _by_events(clock, policy)
    yield from _by_silence(clock, policy)
    yield from _by_memory(clock, policy)
    if clock.again_at is not None:
        yield from (Due(reason=reason, at=clock.again_at, again=True) for reason in clock.unheard)


def _heard(clock: Clock, due: Due) -> Due:
    """While it is snoozed, most of it waits for the end of the snooze."""
    until = clock.snoozed_until
    if until is None or due.at >= until or due.reason in BREAKS_A_SNOOZE:
        return due
    return due.model_copy(update={"at": until})


def _by_delay(clock: Clock, policy: Policy) -> Iterator[Due]:
    if clock.severity is Severity.CRITICAL and not clock.said(Reason.CRITICAL):
        yield Due(reason=Reason.CRITICAL, at=clock.detected_at)
    delay = timedelta(minutes=policy.escalation.row(clock.severity).delay_min)
    if clock.severity is Severity.CRITICAL and not delay:
        return  # said at once, and by the severity's own name
    if delay and not clock.told:
        yield Due(reason=Reason.ANNOUNCED, at=_at_work(clock, policy, clock.detected_at + delay))
    if not clock.said(Reason.UNRESOLVED):
        yield Due(reason=Reason.UNRESOLVED, at=_at_work(clock, policy, clock.detected_at + 2 * delay))


def _by_target(clock: Clock, policy: Policy) -> Iterator[Due]:
    if not clock.said(Reason.SLA_AT_RISK):
        yield Due(reason=Reason.SLA_AT_RISK, at=target_at(clock, policy, AT_RISK))
    if not clock.said(Reason.SLA_MISSED):
        yield Due(reason=Reason.SLA_MISSED, at=target_at(clock, policy))


def _by_events(clock: Clock, policy: Policy) -> Iterator[Due]:
    for raised in clock.raised:
        if not clock.answered(raised):
            at_once = raised.reason is Reason.UNDO_FAILED
            yield Due(reason=raised.reason, at=raised.at if at_once else _at_work(clock, policy, raised.at))


def _by_silence(clock: Clock, policy: Policy) -> Iterator[Due]:
    asked = next((t for t in reversed(clock.told) if t.awaits and not t.repeats), None)
    if asked is None or clock.acknowledged_at is not None:
        return
    if clock.void_at is not None and asked.at < clock.void_at:
        return  # who was called then did answer; what has become of it is still to be said
    minutes = policy.escalation.row(clock.severity).acknowledge_min
    if minutes is None:
        yield Due(reason=Reason.NOT_ACKNOWLEDGED, at=next_opening(policy.calendar, asked.at))
    else:
        yield Due(reason=Reason.NOT_ACKNOWLEDGED, at=asked.at + timedelta(minutes=minutes))


def _by_memory(clock: Clock, policy: Policy) -> Iterator[Due]:
    """Who has acknowledged is reminded while it is open: an acknowledge window, at least half an hour, after the last
    word on either side; where the window is none, each business morning. Who has not is called again anyway.

    The end of a snooze is when who asked for it wants to hear of it again, so it is said then.
    """
    if clock.acknowledged_at is None or (clock.tier is None and clock.snoozed_until is None):
        return
    last = max((t.at for t in clock.told), default=clock.acknowledged_at)
    last = max(last, clock.acknowledged_at)
    if clock.snoozed_until is not None and last < clock.snoozed_until:
        yield Due(reason=Reason.REMINDER, at=clock.snoozed_until)
        return
    minutes = policy.escalation.row(clock.severity).acknowledge_min
    if minutes is None:
        # A word just before the morning is not repeated by it.
        yield Due(reason=Reason.REMINDER, at=next_opening(policy.calendar, last + _REMIND_LEAST))
    else:
        wait = max(timedelta(minutes=minutes), _REMIND_LEAST)
        yield Due(reason=Reason.REMINDER, at=_at_work(clock, policy, last + wait))


def _at_work(clock: Clock, policy: Policy, at: datetime) -> datetime:
    """LOW waits for business hours, unless its target is at risk (which is scheduled apart and counted in hours)."""
    if clock.severity is not Severity.LOW or open_at(policy.calendar, at):
        return at
    return next_opening(policy.calendar, at)
