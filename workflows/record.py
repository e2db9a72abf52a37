"""What an incident knows about itself: plain Python, changed in one place, rendered as one view."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass, field
from datetime import datetime

from domain.advice.advice import Advice
from domain.anomaly import Anomaly
from domain.approval import Decision, Docket, Request
from domain.correlation import Link
from domain.diagnosis import Diagnosis
from domain.escalation import ABOUT_A_PLAN, Clock, Reason
from domain.finding import Finding
from domain.incident import Attempt, Ending, Outcome, State, final_state, outcome
from domain.levels import Severity
from domain.news import Known
from domain.policy import Escalation
from domain.severity import ENOUGH_PAIRS, HIGHEST, Assessment, Pair, assess, counted_pair, level_of
from domain.silence import of_monitoring
from domain.timeline import Kind
from domain.verification import Recovery, Verdict
from domain.view import Delivery, IncidentView, Next
from workflows.shown import view_of
from workflows.sightings import MOST_SERIES, SLACK
from workflows.watched import Watched

_PLANNED = 10
"""So many attempts that came to nothing are kept."""


@dataclass(kw_only=True)
class Record(Watched):
    """The facts of one incident, its journal and its anomalies among them.

    An incident that lasts goes on in a new run, which gets this and nothing else (workflows.carrying): whatever must
    outlive a run is a field here.
    """

    incident: str
    run: str
    opened_at: datetime
    clock: Clock
    assessment: Assessment = field(default_factory=lambda: Assessment(severity=Severity.LOW, reasons=()))
    pairs: list[Pair] = field(default_factory=list[Pair])
    """Distinct signals, as severity counts them, until it can rise no more."""
    handed_over: int = 0
    failing_share: float | None = None
    findings: tuple[Finding, ...] = ()
    diagnosis: Diagnosis | None = None
    asked_at: datetime | None = None
    """When the sources were asked last."""
    advice: Advice | None = None
    attempts: list[Attempt] = field(default_factory=list[Attempt])
    waiting: Request | None = None
    decisions: list[Decision] = field(default_factory=list[Decision])
    last_decision: str | None = None
    deliveries: list[Delivery] = field(default_factory=list[Delivery])
    roots: dict[str, str] = field(default_factory=dict[str, str])
    """What each channel answered to the incident's first message there: what follows refers to it."""
    heard: dict[str, Known] = field(default_factory=dict[str, Known])
    """The incident as each channel that was reached was last told of it."""
    shown: dict[str, Known] = field(default_factory=dict[str, Known])
    """The incident as it stands there: an edit shows, and tells nothing."""
    messages: int = 0
    """How many were sent: the number of the last one."""
    drafted: bool = False
    """Is there a draft of the postmortem for those who were called?"""
    docket: Docket = field(default_factory=Docket)
    """The last question that people were asked, and what they said: later answers are judged by it."""
    synchronised: list[str] = field(default_factory=list[str])
    """What was taken over from other systems, by their own names for the events."""
    link: Link | None = None
    apart: dict[str, str] = field(default_factory=dict[str, str])
    """Incidents that a person split from this one, or this one from: their ids by their keys, empty if not known."""
    received: list[str] = field(default_factory=list[str])
    """On which words of people anomalies came from other incidents."""
    moving: bool = False
    """Are its anomalies being given to others right now?"""
    parted: int = 0
    """How often anomalies were taken away: what was thought before was of another trouble."""
    planned: int = 0
    """`parted`, when what is planned now was thought of."""
    ending: Ending = field(default_factory=Ending)
    outcome: Outcome | None = None
    hands_off_by: str | None = None
    paused: bool = False
    recovered_at: datetime | None = None
    closed_at: datetime | None = None
    reopened_at: datetime | None = None
    closed_severity: Severity | None = None
    postmortem: str | None = None
    blind: bool = False
    """Did the last look say nothing about whether it is over? Then the machine does not act."""
    looks: int = 0
    """How often it was looked at while it waits for people."""
    look_at: datetime | None = None
    """When it is looked at next; None: no wait for it has begun."""
    resolved_then: bool = False
    """Were all alerts resolved when that wait began?"""
    seen: Verdict | None = None
    """What the last look of the watch saw."""

    # -- anomalies --------------------------------------------------------------------------------------------------

    def sees(self, anomalies: Iterable[Anomaly], at: datetime) -> None:
        """Take in sightings, in whatever order they come. A series that was not known is news.

        What it costs grows with the sightings alone: thousands of signals may wait for one task, which has two seconds.
        """
        rest: list[Anomaly] = []
        telling = [seen for seen in anomalies if self._see(seen, at, rest)]
        if rest:
            self._count(rest, at)
        if telling and self.state is State.DETECTED:
            self.first = min(self._maybe_first(telling), key=lambda a: (a.starts_at, a.series))
        raising = [self._may_raise(seen) for seen in telling]
        if not self.assessment.reasons or any(raising):
            self.reassess(at)
        if any(seen.firing and of_monitoring(seen) for seen in telling):
            self.calls_for(Reason.MONITORING, at)
        if len(self.known) > MOST_SERIES + SLACK:
            self._count_the_least(at)

    def drops(self, series: Collection[str], at: datetime) -> None:
        """These belong to another incident now. Severity never falls by itself, so it stays."""
        self.forgets(series)
        self.witnessed = [one for one in self.witnessed if one not in series]
        self.parted += 1
        # Whoever waits for people looks again at what is left; a watch goes on.
        self.news = self.news or (self.state is State.WAITING_FOR_PEOPLE and bool(self.firing))
        self.changed(at)

    @property
    def in_the_dark(self) -> bool:
        """Is what watches the services in trouble itself? Then what it shows proves nothing."""
        return any(a.firing and of_monitoring(a) for a in self.known.values())

    @property
    def onset(self) -> datetime:
        return min((a.starts_at for a in self.known.values()), default=self.opened_at)

    @property
    def service(self) -> str:
        """The service that this incident is about: the one of its first anomaly."""
        return self.first.service if self.first else self.opening.key.removeprefix("incident-")

    @property
    def services(self) -> tuple[str, ...]:
        """All services that raised something, the incident's own first."""
        return tuple(dict.fromkeys((self.service, *(a.service for a in self.anomalies))))

    def _may_raise(self, seen: Anomaly) -> bool:
        """Does it say more than all before it? To judge them together costs more than to ask this of each."""
        now = self.assessment.severity
        if now is HIGHEST:
            return False
        pair = counted_pair(seen)
        if pair is None or pair in self.pairs:
            return level_of(seen).rank > now.rank
        if len(self.pairs) < ENOUGH_PAIRS:
            self.pairs.append(pair)
        return True

    def reassess(self, at: datetime) -> None:
        """Severity rises in flight and never falls by itself; a raise re-arms the clock."""
        if self.assessment.reasons and self.assessment.severity is HIGHEST:
            return
        fresh = assess(self.known.values(), self.failing_share, self.pairs)
        if self.assessment.reasons and self.assessment.severity.at_least(fresh.severity):
            return
        self.assessment = fresh
        self.clock = self.clock.escalating_to(fresh.severity, at)
        self.note(at, Kind.STATE, "severity assessment", f"severity {fresh.severity}: {'; '.join(fresh.reasons)}")

    @property
    def regrouped(self) -> bool:
        """Is what was planned for another trouble than there is now, or may it be so in a moment?"""
        return self.moving or self.parted != self.planned

    # -- rules of the policy for this severity ------------------------------------------------------------------------

    @property
    def rules(self) -> Escalation:
        return self.opening.policy.escalation.row(self.assessment.severity)

    def calls_for(self, reason: Reason, at: datetime, detail: str = "") -> None:
        """A reason to tell people came up; the clock says it once, what is about a plan once for each plan."""
        if reason in ABOUT_A_PLAN or not any(raised.reason is reason for raised in self.clock.raised):
            self.clock = self.clock.raising(reason, at, detail)
            self.changed(at)

    # -- the end ------------------------------------------------------------------------------------------------------

    @property
    def over(self) -> bool:
        """Is there nothing left to do but to write it up?"""
        return self.ending.recovered or self.ending.given_up or self.ending.person is not None

    @property
    def unsure(self) -> bool:
        """Can nobody tell what the last attempt did? Then another one could make it worse."""
        verification = self.attempts[-1].verification if self.attempts else None
        return verification is not None and verification.recovery is Recovery.CANNOT_TELL

    def ends(self, **facts: object) -> None:
        self.ending = self.ending.model_copy(update=facts)

    def closes(self, at: datetime, then: Next) -> None:
        """Settle how it ended, once. The clocks stop at the verified recovery, else now."""
        if self.outcome is not None:
            return
        self.outcome = outcome(self.ending)
        self.closed_at, self.closed_severity = at, self.assessment.severity
        if self.clock.stopped_at is None:
            self.clock = self.clock.stopping(at)
        self.enter(final_state(self.outcome), at, then)

    def reopened(self, at: datetime) -> bool:
        """Came something that must not be lost after it was over? Then it goes on as the same incident."""
        if not self.worth_reopening:
            return False
        self.ending = Ending()
        self.outcome, self.closed_at, self.recovered_at = None, None, None
        self.reopened_at = at
        self.clock = self.clock.relapsing(at, "alerts came in after it was over")
        self.note(at, Kind.STATE, "nightshift", "reopened: alerts came in after it was over")
        self.enter(State.INVESTIGATING, at, Next(text="It is looked at again."))
        return True

    @property
    def worth_reopening(self) -> bool:
        """Has something come since the end that must not be lost? An alert that fires anew; after a handover anything;
        after a false positive only what is worse than it.
        """
        if self.ending.merged_into is not None:
            return self.sightings > self.handed_over
        if self.ending.false_positive:
            return self.assessment.severity is not self.closed_severity
        return self.news

    # -- attempts -----------------------------------------------------------------------------------------------------

    @property
    def next_attempt(self) -> int:
        """Numbers are never used twice: reservations and records know attempts by them."""
        return self.attempts[-1].number + 1 if self.attempts else 1

    def tries(self, attempt: Attempt, at: datetime) -> None:
        """Keep what was done, and of what was only planned the last ones: an alert that flaps is refused for days."""
        planned = [one for one in self.attempts if one.executed is None and one.error is None]
        old = {one.number for one in planned[: max(0, len(planned) + 1 - _PLANNED)]}
        self.attempts = [*(one for one in self.attempts if one.number not in old), attempt]
        self.changed(at)

    def update_last_attempt(self, at: datetime, **facts: object) -> None:
        self.attempts[-1] = self.attempts[-1].model_copy(update=facts)
        self.changed(at)

    # -- what is shown ------------------------------------------------------------------------------------------------

    @property
    def title(self) -> str:
        """Settled when gathering ends: lists, mails and people know the incident by it."""
        if self.first is None:
            return self.opening.key
        service, title = self.first.service, self.first.title
        return title if title.lower().startswith(service.lower()) else f"{service}: {title}"

    def view(self) -> IncidentView:
        """All facts, as every surface shows them."""
        return view_of(self)
