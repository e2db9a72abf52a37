"""All that the clock remembers of an incident; everything else is computed from it."""

from datetime import datetime, timedelta
from typing import Self

from pydantic import AwareDatetime

from domain.escalation.reasons import Reason
from domain.levels import Severity
from domain.model import Model

AGAIN_FIRST, AGAIN_AT_LAST = timedelta(minutes=1), timedelta(minutes=30)
"""How long a call that no channel took waits until it is made again."""


class Raised(Model):
    """A reason that came up in the incident's life, such as a refused approval."""

    reason: Reason
    at: AwareDatetime
    detail: str = ""


class Told(Model):
    """One message to people: its reasons, the tier it went to, and whether it calls upon them (anew).

    `severity`: the incident's at that time. `again`: those of its reasons that were said before, and no channel took.
    """

    at: AwareDatetime
    tier: int
    reasons: tuple[Reason, ...]
    awaits: bool
    severity: Severity | None = None
    again: tuple[Reason, ...] = ()

    @property
    def repeats(self) -> bool:
        """Does it say nothing but what was said before?"""
        return set(self.again) == set(self.reasons)


class Due(Model):
    """Something to say at `at`. `again`: it was said before, and no channel took it."""

    reason: Reason
    at: AwareDatetime
    again: bool = False


class Acknowledgement(Model):
    """Somebody said that they have it."""

    by: str
    at: AwareDatetime


class Clock(Model):
    """What happened, and what was said. `snoozed_until`: somebody wants quiet until then.

    `acknowledged_by` has what there is now. `void` are acknowledgements of less than this (a lower severity, or what
    had recovered since): they are history, and whoever has it now has to say so. `void_at`: since when.
    `unheard` is what people were called for, and no channel took since `unheard_since`; it is said again at `again_at`.
    """

    detected_at: AwareDatetime
    severity: Severity
    raised: tuple[Raised, ...] = ()
    told: tuple[Told, ...] = ()
    acknowledged_at: AwareDatetime | None = None
    acknowledged_by: str | None = None
    void: tuple[Acknowledgement, ...] = ()
    void_at: AwareDatetime | None = None
    unheard: tuple[Reason, ...] = ()
    unheard_since: AwareDatetime | None = None
    again_at: AwareDatetime | None = None
    snoozed_until: AwareDatetime | None = None
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
        return self.hearing().model_copy(update={"acknowledged_at": at, "acknowledged_by": who})

    @property
    def acknowledged_first(self) -> Acknowledgement | None:
        """Who answered the first call, and when, whether it still counts or not."""
        return next(iter((*self.void, *self._acknowledgement)), None)

    @property
    def _acknowledgement(self) -> tuple[Acknowledgement, ...]:
        if self.acknowledged_at is None or self.acknowledged_by is None:
            return ()
        return (Acknowledgement(by=self.acknowledged_by, at=self.acknowledged_at),)

    def voiding(self, at: datetime) -> Self:
        """Nobody has it any more: what they had taken on, or wanted to hear nothing of, was less than this."""
        return self.model_copy(update={
            "acknowledged_at": None, "acknowledged_by": None, "snoozed_until": None,
            "void": (*self.void, *self._acknowledgement), "void_at": at,
        })  # fmt: skip

    def snoozing(self, who: str, at: datetime, until: datetime) -> Self:
        """Quiet until then. Who asks for it has seen it: it counts as an acknowledgement where there was none."""
        return self.acknowledging(who, at).model_copy(update={"snoozed_until": until})

    def escalating_to(self, severity: Severity, at: datetime) -> Self:
        """Severity rises in flight and never falls by itself; deadlines follow, counted from the first detection."""
        if not severity.at_least(self.severity) or severity is self.severity:
            return self
        raised = self if self.acknowledged_at is None else self.voiding(at)
        return raised.model_copy(update={"severity": severity, "snoozed_until": None})

    def stopping(self, at: datetime) -> Self:
        """Clocks stop at verified recovery."""
        return self.hearing().model_copy(update={"stopped_at": at})

    def unheard_again(self, told: Told, now: datetime) -> Self:
        """No channel took it: it is said again, first after a minute, then when it has been unheard for twice as long,
        at last every half hour: what is down for hours is not worth a call a minute, nor a history of them.
        """
        since = self.unheard_since if told.again and self.unheard_since else told.at
        return self.model_copy(update={
            "unheard": (*dict.fromkeys((*self.unheard, *told.reasons)),), "unheard_since": since,
            "again_at": now + min(max(now - since, AGAIN_FIRST), AGAIN_AT_LAST),
        })  # fmt: skip

    def hearing(self, *reasons: Reason) -> Self:
        """Somebody has heard, or these reasons are none any more."""
        left = tuple(r for r in self.unheard if reasons and r not in reasons)
        if left == self.unheard:
            return self
        return self.model_copy(update={"unheard": left, "again_at": self.again_at if left else None})

    def detected_by(self, at: datetime) -> Self:
        """Its trouble was known already then: what is overdue by that is said in one message."""
        return self.model_copy(update={"detected_at": min(self.detected_at, at)})

    def running_on(self) -> Self:
        """The clocks run on from the first detection."""
        return self.model_copy(update={"stopped_at": None})

    def relapsing(self, at: datetime, detail: str) -> Self:
        """It is not over after all. Who had it went to bed when it had recovered, so those who know of it are called
        anew; who was never called learns of it when that is due.
        """
        again = self.running_on().voiding(at)
        return again if self.escalated_at is None else again.raising(Reason.RELAPSED, at, detail)
