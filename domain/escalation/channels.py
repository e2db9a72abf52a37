"""By which channels a message goes, and by which others when those are dead."""

from domain.business import open_at
from domain.escalation.clock import Clock, Told
from domain.escalation.reasons import Reason
from domain.escalation.telling import HIGHEST_TIER
from domain.levels import Severity
from domain.policy import ChannelName, Policy

_LOUDEST_FIRST: tuple[ChannelName, ...] = ("pagerduty", "slack", "email")
_WORTH_A_PAGE_AT_LOW = frozenset({Reason.NOT_ACKNOWLEDGED, Reason.SLA_AT_RISK, Reason.SLA_MISSED, Reason.UNDO_FAILED})


def channels(clock: Clock, policy: Policy, told: Told, *, paged: bool = False) -> tuple[ChannelName, ...]:
    """The channels of a message: those of the severity; a page too for HIGH off-hours, when nobody answered, and when
    an undo failed.

    Once there is a page, what follows is said there too: it is one escalation. `paged`: there is one, because other
    channels were dead.
    """
    names = policy.escalation.row(clock.severity).channels
    if "pagerduty" not in names and (paged or any(_pages(clock, policy, t) for t in (*clock.told, told))):
        return ("pagerduty", *names)
    return names


def instead(clock: Clock, told: Told, wanted: tuple[str, ...]) -> tuple[ChannelName, ...]:
    """Where a message goes when none of the `wanted` channels delivered it, one after the other until one does.

    The loudest first for what calls upon people or waits for their decision. What calls nobody pages nobody either,
    and LOW not before its morning, when somebody should have answered, or its target is at risk.
    """
    others: tuple[ChannelName, ...] = tuple(name for name in _LOUDEST_FIRST if name not in wanted)
    low = (told.severity or clock.severity) is Severity.LOW
    calls = told.awaits or Reason.APPROVAL_NEEDED in told.reasons
    if calls and not (low and _WORTH_A_PAGE_AT_LOW.isdisjoint(told.reasons)):
        return others
    return tuple(name for name in others if name != "pagerduty")


def _pages(clock: Clock, policy: Policy, told: Told) -> bool:
    severity = told.severity or clock.severity
    if "pagerduty" in policy.escalation.row(severity).channels or Reason.UNDO_FAILED in told.reasons:
        return True
    off_hours = severity is Severity.HIGH and not open_at(policy.calendar, told.at)
    unheard = Reason.NOT_ACKNOWLEDGED in told.reasons and told.tier == HIGHEST_TIER
    return unheard or (off_hours and told.awaits)
