"""The escalation clock: who is told, when and why. Pure: the workflow sleeps until `next_due` and delivers."""

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Self

from pydantic import AwareDatetime

from domain.business import add_business_time, next_opening, open_at
from domain.levels import Severity
from domain.model import Model
from domain.policy import ChannelName, Policy

AT_RISK = 0.75
"""Share of the MTTR target at which the target counts as at risk (spec section 6)."""
HIGHEST_TIER = 1
_REMIND_LEAST = timedelta(minutes=30)


class Reason(StrEnum):
    """Why people are told. ANNOUNCED is no escalation: automation is at work, and they may sleep on.

    Nor is REMINDER: it goes to who has acknowledged, and awaits no answer.
    """

    ANNOUNCED = "announced"
    CRITICAL = "critical"
    LOW_CONFIDENCE = "low_confidence"
    NO_PLAN = "no_plan"
    GATE_REFUSED = "gate_refused"
    APPROVAL_NEEDED = "approval_needed"
    APPROVAL_REFUSED = "approval_refused"
    APPROVAL_EXPIRED = "approval_expired"
    ATTEMPTS_USED_UP = "attempts_used_up"
    CANNOT_TELL = "cannot_tell"
    UNDO_FAILED = "undo_failed"
    UNRESOLVED = "unresolved"
    SLA_AT_RISK = "sla_at_risk"
    SLA_MISSED = "sla_missed"
    NOT_ACKNOWLEDGED = "not_acknowledged"
    REMINDER = "reminder"


WORDS: dict[Reason, str] = {
    Reason.ANNOUNCED: "unresolved for a while; automation is at work",
    Reason.CRITICAL: "severity is CRITICAL",
    Reason.LOW_CONFIDENCE: "confidence in the cause is below the policy's threshold",
    Reason.NO_PLAN: "there is no remediation that fits",
    Reason.GATE_REFUSED: "the safety gate refused the remediation",
    Reason.APPROVAL_NEEDED: "a remediation waits for a decision",
    Reason.APPROVAL_REFUSED: "a person refused the remediation",
    Reason.APPROVAL_EXPIRED: "nobody decided before the deadline",
    Reason.ATTEMPTS_USED_UP: "all attempts of the policy are used up",
    Reason.CANNOT_TELL: "nobody can tell whether the remediation worked",
    Reason.UNDO_FAILED: "URGENT: a remediation did not help and could not be undone",
    Reason.UNRESOLVED: "unresolved for more than twice the delay",
    Reason.SLA_AT_RISK: "75 % of the MTTR target is used",
    Reason.SLA_MISSED: "the MTTR target has passed",
    Reason.NOT_ACKNOWLEDGED: "nobody acknowledged in time",
    Reason.REMINDER: "still open, and you have it",
}


ABOUT_A_PLAN = frozenset({Reason.APPROVAL_NEEDED, Reason.APPROVAL_REFUSED, Reason.APPROVAL_EXPIRED, Reason.UNDO_FAILED})
"""Said again when they come up again: another plan waits for another decision, with another deadline."""


class Raised(Model):
    """A reason that came up in the incident's life, such as a refused approval."""

    reason: Reason
    at: AwareDatetime
    detail: str = ""


class Told(Model):
    """One message to people: its reasons, the tier it went to, and whether it calls upon them (anew).

    `severity`: the incident's at that time.
    """

    at: AwareDatetime
    tier: int
    reasons: tuple[Reason, ...]
    awaits: bool
    severity: Severity | None = None


class Due(Model):
    """Something to say at `at`."""

    reason: Reason
    at: AwareDatetime


class Clock(Model):
    """All that the clock remembers; everything else is computed from it."""

    detected_at: AwareDatetime
    severity: Severity
    raised: tuple[Raised, ...] = ()
    told: tuple[Told, ...] = ()
    acknowledged_at: AwareDatetime | None = None
    acknowledged_by: str | None = None
    stopped_at: AwareDatetime | None = None

    @property
    def escalated_at(self) -> datetime | None:
        """When people were first called upon; an announcement does not call upon anybody."""
        return next((t.at for t in self.told if t.awaits), None)

    @property
    def tier(self) -> int | None:
        return next((t.tier for t in reversed(self.told) if t.awaits), None)

    def said(self, reason: Reason) -> bool:
        """Was this said at the severity that holds now? A raise re-arms the clock."""
        return any(reason in t.reasons and t.severity in {None, self.severity} for t in self.told)

    def answered(self, raised: Raised) -> bool:
        """Was it said since it came up, at whatever severity?"""
        return any(raised.reason in t.reasons and t.at >= raised.at for t in self.told)

    def raising(self, reason: Reason, at: datetime, detail: str = "") -> Self:
        return self.model_copy(update={"raised": (*self.raised, Raised(reason=reason, at=at, detail=detail))})

    def acknowledging(self, who: str, at: datetime) -> Self:
        if self.acknowledged_at is not None:
            return self
        return self.model_copy(update={"acknowledged_at": at, "acknowledged_by": who})

    def escalating_to(self, severity: Severity) -> Self:
        """Severity rises in flight and never falls by itself; deadlines follow, counted from the first detection."""
        return self.model_copy(update={"severity": severity}) if severity.at_least(self.severity) else self

    def stopping(self, at: datetime) -> Self:
        """Clocks stop at verified recovery."""
        return self.model_copy(update={"stopped_at": at})

    def running_on(self) -> Self:
        """A relapse: the clocks run on from the first detection."""
        return self.model_copy(update={"stopped_at": None})


def target_at(clock: Clock, policy: Policy, share: float = 1.0) -> datetime:
    """When `share` of the MTTR target is used. LOW counts business hours."""
    amount = timedelta(minutes=policy.escalation.row(clock.severity).mttr_target_min * share)
    if clock.severity is Severity.LOW:
        return add_business_time(policy.calendar, clock.detected_at, amount)
    return clock.detected_at + amount


def schedule(clock: Clock, policy: Policy) -> tuple[Due, ...]:
    """Everything that is still to be said, by time. Empty when the clock has stopped."""
    if clock.stopped_at is not None:
        return ()
    return tuple(sorted(_candidates(clock, policy), key=lambda due: due.at))


def next_due(clock: Clock, policy: Policy) -> datetime | None:
    """When the clock has to look again, None while nothing is scheduled."""
    return next((due.at for due in schedule(clock, policy)), None)


def tell(clock: Clock, policy: Policy, now: datetime) -> tuple[Clock, Told] | None:
    """The one message that covers all that is due by now, and the clock after it; None when nothing is due."""
    due = [d for d in schedule(clock, policy) if d.at <= now]
    if not due:
        return None
    reasons = _reasons(due)
    tier = _tier(clock, policy, reasons)
    awaits = _awaits(clock, reasons, tier)
    message = Told(at=now, tier=tier, reasons=reasons, awaits=awaits, severity=clock.severity)
    return clock.model_copy(update={"told": (*clock.told, message)}), message


def channels(clock: Clock, policy: Policy, told: Told) -> tuple[ChannelName, ...]:
    """The channels of a message: those of the severity; a page too for HIGH off-hours, when nobody answered, and when
    an undo failed.

    Once there is a page, what follows is said there too: it is one escalation.
    """
    names = policy.escalation.row(clock.severity).channels
    if "pagerduty" not in names and any(_pages(clock, policy, t) for t in (*clock.told, told)):
        return ("pagerduty", *names)
    return names


def _pages(clock: Clock, policy: Policy, told: Told) -> bool:
    severity = told.severity or clock.severity
    if "pagerduty" in policy.escalation.row(severity).channels or Reason.UNDO_FAILED in told.reasons:
        return True
    off_hours = severity is Severity.HIGH and not open_at(policy.calendar, told.at)
    unheard = Reason.NOT_ACKNOWLEDGED in told.reasons and told.tier == HIGHEST_TIER
    return unheard or (off_hours and told.awaits)


def _candidates(clock: Clock, policy: Policy) -> Iterator[Due]:
    yield from _by_delay(clock, policy)
    yield from _by_target(clock, policy)
    yield from _by_events(clock, policy)
    yield from _by_silence(clock, policy)
    yield from _by_memory(clock, policy)


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
    asked = next((t for t in reversed(clock.told) if t.awaits), None)
    if asked is None or clock.acknowledged_at is not None:
        return
    minutes = policy.escalation.row(clock.severity).acknowledge_min
    if minutes is None:
        yield Due(reason=Reason.NOT_ACKNOWLEDGED, at=next_opening(policy.calendar, asked.at))
    else:
        yield Due(reason=Reason.NOT_ACKNOWLEDGED, at=asked.at + timedelta(minutes=minutes))


def _by_memory(clock: Clock, policy: Policy) -> Iterator[Due]:
    """Who has acknowledged is reminded while it is open: an acknowledge window, at least half an hour, after the last
    word on either side; where the window is none, each business morning. Who has not is called again anyway.
    """
    if clock.acknowledged_at is None or clock.tier is None:
        return
    last = max(clock.told[-1].at, clock.acknowledged_at)
    minutes = policy.escalation.row(clock.severity).acknowledge_min
    if minutes is None:
        yield Due(reason=Reason.REMINDER, at=next_opening(policy.calendar, last))
    else:
        wait = max(timedelta(minutes=minutes), _REMIND_LEAST)
        yield Due(reason=Reason.REMINDER, at=_at_work(clock, policy, last + wait))


def _at_work(clock: Clock, policy: Policy, at: datetime) -> datetime:
    """LOW waits for business hours, unless its target is at risk (which is scheduled apart and counted in hours)."""
    if clock.severity is not Severity.LOW or open_at(policy.calendar, at):
        return at
    return next_opening(policy.calendar, at)


def _reasons(due: Sequence[Due]) -> tuple[Reason, ...]:
    """Each once. With anything else to say, "automation is at work" would be the wrong word, and nobody is reminded."""
    reasons = tuple(dict.fromkeys(d.reason for d in due))
    return tuple(r for r in reasons if r not in {Reason.ANNOUNCED, Reason.REMINDER}) or reasons[:1]


def _awaits(clock: Clock, reasons: tuple[Reason, ...], tier: int) -> bool:
    """Does this message call upon people anew? A further reason updates the same page and does not restart the wait.

    A higher tier or severity, and a failed undo, are news even to who has acknowledged; a missed target only to who has
    not.
    """
    if reasons in {(Reason.ANNOUNCED,), (Reason.REMINDER,)}:
        return False
    if clock.tier is None or tier < clock.tier or {Reason.CRITICAL, Reason.UNDO_FAILED} & set(reasons):
        return True
    if clock.acknowledged_at is not None:
        return _worse_than_acknowledged(clock)
    return Reason.SLA_MISSED in reasons or Reason.NOT_ACKNOWLEDGED in reasons


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


def _worse_than_acknowledged(clock: Clock) -> bool:
    """Has the severity risen since people were last called upon? What they have taken on was less than this."""
    called = next((t for t in reversed(clock.told) if t.awaits), None)
    return called is not None and called.severity is not None and clock.severity.rank > called.severity.rank


def _acknowledged_tier(clock: Clock, without: int) -> int:
    """The tier that had been called when the acknowledgement came; `without`: it came before any call."""
    until = clock.acknowledged_at
    return next((t.tier for t in reversed(clock.told) if t.awaits and until and t.at <= until), without)
