"""When an incident that nobody has solved may end as *unresolved*."""

from collections.abc import Iterable
from datetime import datetime, timedelta

from domain.escalation.clock import Clock
from domain.escalation.telling import HIGHEST_TIER
from domain.policy import Policy


def may_give_up(
    clock: Clock, policy: Policy, last_seen: datetime, now: datetime, delivered: Iterable[tuple[str, datetime]]
) -> bool:
    """A while after the last sighting, and never before its escalation was acknowledged or paged.

    `delivered` are the channels that took a message of it, and when. A page is one that PagerDuty took since people
    were first called, or one to tier 1 by whatever channel: an installation without a pager has none that is louder.
    """
    if now - last_seen < timedelta(hours=policy.give_up_h) or clock.escalated_at is None:
        return False
    if clock.acknowledged_at is not None:
        return True
    tier_1 = next((t.at for t in clock.told if t.awaits and t.tier == HIGHEST_TIER), None)
    return any(
        (channel == "pagerduty" and at >= clock.escalated_at) or (tier_1 is not None and at >= tier_1)
        for channel, at in delivered
    )
