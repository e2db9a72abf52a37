"""What people were told by an incident, and when: minutes of the workflow's clock since the first detection."""

from datetime import datetime, timedelta

from domain.escalation import Reason
from domain.levels import Severity
from domain.policy import Calendar, Policy
from domain.view import IncidentView
from tests.fakes import FakeChannel
from tests.workflows.night import Night
from tests.workflows.world import POLICY, Handle, World

Message = tuple[float, frozenset[Reason], int]
"""Minutes, reasons, tier."""

_STEP_S = 15
_AMONG = timedelta(days=10)


def unhurried(calendar: Calendar | None = None) -> Policy:
    """The real table of escalation, without gathering, and at a pace that keeps a test of days short."""
    changes: dict[str, object] = {"gather_s": 0, "recheck_s": 1800, "give_up_h": 400}
    return POLICY.model_copy(update=changes | ({"calendar": calendar} if calendar else {}))


def dark(*channels: FakeChannel, policy: Policy | None = None) -> World:
    """All alerts are resolved and the numbers cannot be had: nothing is done or called for, so only clocks speak."""
    told_by = channels or tuple(FakeChannel(name) for name in ("pagerduty", "slack", "email"))
    return World(value=None, confidence=0.95, channels=told_by, policy=policy or unhurried())


async def in_the_dark(night: Night, severity: Severity) -> Handle:
    """An incident of this severity, in a dark world."""
    return await night.open(await night.alert(severity=severity, resolved=True))


def said(at_minute: float, *reasons: Reason, tier: int) -> Message:
    return (at_minute, frozenset(reasons), tier)


def told(seen: IncidentView, since: datetime | None = None) -> list[Message]:
    """The messages that the clock sent, each at its quarter of a minute since then, or since the first detection.

    Without reminders of what somebody has acknowledged, which go on beside all others, and repetitions of what no
    channel took.
    """
    sent = [t for t in seen.clock.told if t.reasons != (Reason.REMINDER,) and not t.repeats]
    return [(minutes(since or seen.clock.detected_at, t.at), frozenset(t.reasons), t.tier) for t in sent]


def minutes(since: datetime, at: datetime) -> float:
    """Minutes between them, cut to whole quarters: a message is never early, and late by less than that."""
    return (at - since).total_seconds() // _STEP_S / (60 / _STEP_S)


async def tells(night: Night, handle: Handle, messages: int, *, step_s: float = 60) -> IncidentView:
    """The view when that many messages have been sent, reminders not counted."""
    what = f"{messages} messages"
    return await night.until(handle, lambda v: len(told(v)) >= messages, what, step_s=step_s, at_most=_AMONG)
