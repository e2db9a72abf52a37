"""The one message that covers all that is due: its reasons, its tier, and whether it calls upon people."""

from collections.abc import Sequence
from datetime import datetime

from domain.escalation.clock import Clock, Due, Told
from domain.escalation.reasons import Reason
from domain.escalation.schedule import schedule
from domain.policy import Policy

HIGHEST_TIER = 1
_ALWAYS_CALLS = frozenset({Reason.CRITICAL, Reason.UNDO_FAILED, Reason.RELAPSED})


def tell(clock: Clock, policy: Policy, now: datetime) -> tuple[Clock, Told] | None:
    """The one message that covers all that is due by now, and the clock after it; None when nothing is due."""
    due = [d for d in schedule(clock, policy) if d.at <= now]
    if not due:
        return None
    reasons = _reasons(due)
    fresh = tuple(r for r in reasons if r in {d.reason for d in due if not d.again})
    again = tuple(r for r in reasons if r not in fresh)
    tier = _tier(clock, policy, fresh)
    awaits = bool(again) or _awaits(clock, reasons, tier)
    message = Told(at=now, tier=tier, reasons=reasons, awaits=awaits, severity=clock.severity, again=again)
    return clock.hearing(*reasons).model_copy(update={"told": (*clock.told, message)}), message


def _reasons(due: Sequence[Due]) -> tuple[Reason, ...]:
    """Each once. With anything else to say, "automation is at work" would be the wrong word, and nobody is reminded."""
    reasons = tuple(dict.fromkeys(d.reason for d in due))
    return tuple(r for r in reasons if r not in {Reason.ANNOUNCED, Reason.REMINDER}) or reasons[:1]


def _awaits(clock: Clock, reasons: tuple[Reason, ...], tier: int) -> bool:
    """Does this message call upon people anew? A further reason updates the same page and does not restart the wait.

    A higher tier, a relapse and a failed undo are news even to who has acknowledged; a missed target only to who has
    not. When an acknowledgement has become void, the next message calls whatever its reason.
    """
    if reasons in {(Reason.ANNOUNCED,), (Reason.REMINDER,)}:
        return False
    if clock.tier is None or tier < clock.tier or _ALWAYS_CALLS & set(reasons):
        return True
    if clock.acknowledged_at is not None:
        return False
    return not _called_since_void(clock) or Reason.SLA_MISSED in reasons or Reason.NOT_ACKNOWLEDGED in reasons


def _tier(clock: Clock, policy: Policy, reasons: tuple[Reason, ...]) -> int:
    """The severity's tier at first, or when a raise of the severity goes up to it.

    Silence and a missed target each go one up, to tier 1 at the highest.
    """
    own = policy.escalation.row(clock.severity).tier
    if clock.tier is None or own < clock.tier:
        return own
    if reasons == (Reason.REMINDER,):
        return _acknowledged_tier(clock, clock.tier)
    up = bool({Reason.NOT_ACKNOWLEDGED, Reason.SLA_MISSED} & set(reasons))
    return max(HIGHEST_TIER, clock.tier - 1) if up else clock.tier


def _called_since_void(clock: Clock) -> bool:
    called = max((t.at for t in clock.told if t.awaits), default=None)
    return clock.void_at is None or (called is not None and called >= clock.void_at)


def _acknowledged_tier(clock: Clock, without: int) -> int:
    """The tier that had been called when the acknowledgement came; `without`: it came before any call."""
    until = clock.acknowledged_at
    return next((t.tier for t in reversed(clock.told) if t.awaits and until and t.at <= until), without)
