"""The MTTR target, and how long a person may take to decide within it."""

from datetime import datetime, timedelta

from domain.business import add_business_time
from domain.escalation.clock import Clock
from domain.levels import Severity
from domain.policy import Policy

AT_RISK = 0.75
"""Share of the MTTR target at which the target counts as at risk (spec section 6)."""


def target_at(clock: Clock, policy: Policy, share: float = 1.0) -> datetime:
    """When `share` of the MTTR target is used. LOW counts business hours."""
    return _after(clock, policy, clock.detected_at, policy.escalation.row(clock.severity).mttr_target_min * share)


def decide_by(clock: Clock, policy: Policy, now: datetime) -> datetime:
    """Until when a plan that is asked now waits for a decision: the severity's time, never past 75 % of the target.

    A question that comes up later than that would be over before anybody has read it, so it gets the policy's least
    time all the same, also after the target: what nobody could answer is worse than what is answered late. LOW counts
    business hours: in others nobody hears of it.
    """
    wanted = _after(clock, policy, now, policy.escalation.row(clock.severity).decide_min)
    least = _after(clock, policy, now, policy.decide_at_least_min)
    return min(wanted, max(target_at(clock, policy, AT_RISK), least))


def extend_to(clock: Clock, policy: Policy, deadline: datetime) -> datetime | None:
    """Where the deadline of a decision may be moved, once: by the policy's time, never past 75 % of the target.

    None: nowhere, since the policy gives no time, or there is none left.
    """
    wanted = _after(clock, policy, deadline, policy.extend_min)
    latest = min(wanted, target_at(clock, policy, AT_RISK))
    return latest if latest > deadline else None


def _after(clock: Clock, policy: Policy, start: datetime, minutes: float) -> datetime:
    """LOW counts business hours."""
    amount = timedelta(minutes=minutes)
    return add_business_time(policy.calendar, start, amount) if clock.severity is Severity.LOW else start + amount
