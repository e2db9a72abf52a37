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
    amount = timedelta(minutes=policy.escalation.row(clock.severity).mttr_target_min * share)
    if clock.severity is Severity.LOW:
        return add_business_time(policy.calendar, clock.detected_at, amount)
    return clock.detected_at + amount


def decide_by(clock: Clock, policy: Policy, now: datetime) -> datetime:
    """Until when a plan that is asked now waits for a decision: the severity's time, never past 75 % of the target.

    A question that comes up later than that would be over before anybody has read it, so it gets the policy's least
    time all the same, but never beyond the target itself. After the target it is over at once: then people act.
    """
    wanted = now + timedelta(minutes=policy.escalation.row(clock.severity).decide_min)
    least = now + timedelta(minutes=policy.decide_at_least_min)
    latest = min(max(target_at(clock, policy, AT_RISK), least), target_at(clock, policy))
    return max(now, min(wanted, latest))


def extend_to(clock: Clock, policy: Policy, deadline: datetime) -> datetime | None:
    """Where the deadline of a decision may be moved, once: by the policy's time, never past 75 % of the target.

    None: nowhere, since the policy gives no time, or there is none left.
    """
    wanted = deadline + timedelta(minutes=policy.extend_min)
    latest = min(wanted, target_at(clock, policy, AT_RISK))
    return latest if latest > deadline else None
