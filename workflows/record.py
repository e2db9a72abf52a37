"""What an incident knows about itself: plain Python, changed in one place, rendered as one view."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from domain.advice.advice import Advice
from domain.anomaly import Anomaly, latest
from domain.approval import Decision, Docket, Request
from domain.audit import AuditRow
from domain.correlation import Link
from domain.diagnosis import Diagnosis
from domain.escalation import ABOUT_A_PLAN, AT_RISK, Clock, Reason, target_at
from domain.finding import Finding
from domain.fitting import fitting
from domain.incident import Attempt, Ending, Outcome, State, final_state, outcome
from domain.levels import Severity
from domain.news import Known
from domain.policy import Escalation
from domain.question import Question
from domain.severity import ENOUGH_PAIRS, HIGHEST, NO_LABEL, Assessment, Pair, assess, counted_pair, level_of
from domain.timeline import Entry, Kind
from domain.verification import Recovery, Sample, Verdict, Watch, seen_bad, watch_of_rule
from domain.view import Delivery, IncidentView, Next
from workflows.contract import Opening
from workflows.crowd import MOST_COUNTED, Crowd

_PLANNED = 10
"""So many attempts that came to nothing are kept."""
MOST_SERIES = 500
"""So many are kept whole, the most severe that fire first; the rest is counted (workflows.crowd)."""
_SLACK = 100
# So many have rows of their own in the timeline, the first ones; of the rest a row says how many.
_NAMED = 30
# A view is a payload of every projection: what a storm adds beyond these is counted, not listed.
SHOWN_ANOMALIES = 100
SHOWN_BYTES = 500_000
# Each of six sources is asked with them, five in one task: sources need to know what fires, not its links and labels.
_ASKED_BYTES = 150_000
_LONGEST_TITLE = 300
_LONGEST_ROW = 1_000
# A look asks Prometheus once for each: more than these would not be answered in the time of one look.
_WATCHED_ANOMALIES = 20
SHOWN_ENTRIES = 120
SHOWN_DELIVERIES = 60


@dataclass
class Unnamed:
    """How often a series without rows of its own fired, or resolved, since the row before this one."""

    row: int = 0
    fired: int = 0
    resolved: int = 0

    @property
    def words(self) -> str:
        told = ((self.fired, "series fired"), (self.resolved, "resolved"))
        return ", ".join(f"{number:,} more {what}" for number, what in told if number)


@dataclass
class Record:
    """The facts of one incident. `version` counts changes, so that others notice that there is something to save.

    An incident that lasts goes on in a new run, which gets this and nothing else (workflows.carrying): whatever must
    outlive a run is a field here.
    """

    opening: Opening
    incident: str
    run: str
    opened_at: datetime
    clock: Clock
    state: State = State.DETECTED
    assessment: Assessment = field(default_factory=lambda: Assessment(severity=Severity.LOW, reasons=()))
    pairs: list[Pair] = field(default_factory=list[Pair])
    """Distinct signals, as severity counts them, until it can rise no more."""
    known: dict[str, Anomaly] = field(default_factory=dict[str, Anomaly])
    crowd: Crowd = field(default_factory=Crowd)
    uncounted: bool = False
    """Were there more than are counted? Then the number of alerts is a lower bound."""
    named: list[str] = field(default_factory=list[str])
    """The series that have rows of their own in the timeline."""
    unnamed: Unnamed = field(default_factory=Unnamed)
    first: Anomaly | None = None
    sightings: int = 0
    handed_over: int = 0
    last_seen: datetime | None = None
    failing_share: float | None = None
    findings: tuple[Finding, ...] = ()
    diagnosis: Diagnosis | None = None
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
    ending: Ending = field(default_factory=Ending)
    outcome: Outcome | None = None
    hands_off_by: str | None = None
    paused: bool = False
    recovered_at: datetime | None = None
    closed_at: datetime | None = None
    reopened_at: datetime | None = None
    closed_severity: Severity | None = None
    postmortem: str | None = None
    next: Next = field(default_factory=lambda: Next(text="Alerts are gathered for a moment, then the machine looks."))
    timeline: list[Entry] = field(default_factory=list[Entry])
    audit: list[AuditRow] = field(default_factory=list[AuditRow])
    """Rows that are not saved yet."""
    version: int = 0
    updated_at: datetime | None = None
    news: bool = False
    """Fires something of which the machine has not thought yet?"""
    blind: bool = False
    """Did the last look say nothing about whether it is over? Then the machine does not act."""
    witnessed: list[str] = field(default_factory=list[str])
    """The series whose number a look has seen bad: it is known to be the one of its alert."""
    looks: int = 0
    """How often it was looked at while it waits for people."""
    look_at: datetime | None = None
    """When it is looked at next; None: no wait for it has begun."""
    resolved_then: bool = False
    """Were all alerts resolved when that wait began?"""
    seen: Verdict | None = None
    """What the last look of the watch saw."""

    # -- what people read -------------------------------------------------------------------------------------------

    def note(self, at: datetime, kind: Kind, actor: str, text: str, ref: str | None = None) -> None:
        """Add a row to the timeline, no longer than people read."""
        said = text if len(text) <= _LONGEST_ROW else f"{text[: _LONGEST_ROW - 1]}…"
        self.timeline.append(Entry(seq=self.rows + 1, at=at, kind=kind, actor=actor, text=said, ref=ref))
        self.changed(at)

    @property
    def rows(self) -> int:
        """How many rows the timeline has had; the middle of a long one is left behind when a new run goes on."""
        return self.timeline[-1].seq if self.timeline else 0

    def changed(self, at: datetime) -> None:
        self.version += 1
        self.updated_at = at

    def enter(self, state: State, at: datetime, then: Next) -> None:
        """A change of state, with what happens next. Entering where it stands already, with the same words, is none."""
        if self.state is state and self.next == then:
            return
        if self.state is not state:
            self.state = state
            self.note(at, Kind.STATE, "nightshift", state.value)
        self.next = then
        self.changed(at)

    def audited(self, row: AuditRow) -> None:
        self.audit.append(row)

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
        if len(self.known) > MOST_SERIES + _SLACK:
            self._count_the_least(at)

    def _see(self, seen: Anomaly, at: datetime, rest: list[Anomaly]) -> bool:
        """False: old news, which neither changes anything nor renews the last sighting. What has no row of its own in
        the timeline is added to the `rest`.
        """
        known = self.known.get(seen.series)
        kept = latest(known, seen)
        self.sightings += 1
        self.changed(at)
        if kept is known or (known is None and self.crowd.is_stale(seen)):
            return False
        if seen.firing:
            self.last_seen = at
        self.known[seen.series] = kept
        began, fired = (kept.starts_at <= known.starts_at, known.firing) if known else self.crowd.leaves(seen)
        if not began:
            self.news = self.news or kept.firing
        if began and (kept.firing or not fired):
            return True
        if self._is_named(seen):
            said = f"resolved on {seen.service}" if began else f"{kept.status} on {seen.service}: {seen.title}"
            self.note(at, Kind.ALERT, seen.source, f"{seen.name} {said}")
        else:
            rest.append(kept)
        return True

    def _maybe_first(self, telling: Iterable[Anomaly]) -> Iterable[Anomaly]:
        """The first one and what was told now; all, when the first has begun anew."""
        before = self.first
        now = before and self.known.get(before.series, before)
        if before is None or now is None or now.starts_at != before.starts_at:
            return self.known.values()
        return (now, *(self.known[seen.series] for seen in telling))

    def _is_named(self, seen: Anomaly) -> bool:
        """Has it rows of its own? The first series have."""
        if seen.series not in self.named and len(self.named) < _NAMED:
            self.named.append(seen.series)
        return seen.series in self.named

    def _count(self, rest: list[Anomaly], at: datetime) -> None:
        """One row says how many there were since the row before it."""
        if self.unnamed.row != self.rows:
            self.note(at, Kind.ALERT, rest[-1].source, "")
            self.unnamed = Unnamed(row=self.rows)
        fired = sum(seen.firing for seen in rest)
        self.unnamed.fired += fired
        self.unnamed.resolved += len(rest) - fired
        said = f"and {self.unnamed.words}; the last: {rest[-1].name} on {rest[-1].service}"
        self.timeline[-1] = self.timeline[-1].model_copy(update={"at": at, "text": said})

    def _count_the_least(self, at: datetime) -> None:
        """Keep those that say most: of what fires the most severe, of these the first."""
        ranked = sorted(self.known.values(), key=lambda a: (not a.firing, -_level(a), a.starts_at, a.series))
        for least in ranked[MOST_SERIES:]:
            counted = self.crowd.joins(self.known.pop(least.series))
            if not counted and not self.uncounted:
                self.uncounted = True
                said = f"there are more alerts than the {MOST_COUNTED:,} that are counted"
                self.note(at, Kind.NOTE, "nightshift", said)

    @property
    def alerts(self) -> int:
        """How many series there are, kept or counted."""
        return len(self.known) + len(self.crowd)

    @property
    def firing(self) -> tuple[Anomaly, ...]:
        return tuple(a for a in self.known.values() if a.firing)

    @property
    def all_resolved(self) -> bool:
        return bool(self.known) and not self.crowd.firing and not any(a.firing for a in self.known.values())

    @property
    def anomalies(self) -> tuple[Anomaly, ...]:
        """First seen first; firing before resolved."""
        return tuple(sorted(self.known.values(), key=lambda a: (not a.firing, a.starts_at, a.series)))

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

    # -- questions ----------------------------------------------------------------------------------------------------

    def question(self, now: datetime) -> Question:
        """What an investigation is asked: our services, then everything that they depend on."""
        graph = self.opening.services
        around = (callee for service in self.services for callee in graph.callees(service))
        services = tuple(dict.fromkeys((*self.services, *around)))
        return Question(
            incident=self.incident, services=services[:SHOWN_ANOMALIES],
            anomalies=fitting(map(_bare, self.anomalies), _ASKED_BYTES, SHOWN_ANOMALIES),
            onset=self.onset, now=now, graph=graph,
        )  # fmt: skip

    def watches(self) -> tuple[Watch, ...]:
        """The numbers that tell whether it is over: those behind the alert rules, else whether the alert fires."""
        return tuple(
            watch_of_rule(a.series, a.expression, a.labels, a.actual) or Watch.of_alert(a.series, a.labels)
            for a in self.anomalies[:_WATCHED_ANOMALIES]
        )

    def witnesses(self, watches: Sequence[Watch], samples: Sequence[Sample]) -> None:
        """Keep which numbers were bad in a look."""
        self.witnessed = list(dict.fromkeys((*self.witnessed, *seen_bad(watches, samples))))

    def doubted(self, watches: Sequence[Watch]) -> tuple[str, ...]:
        """The series whose alert still fires, and of which a look at these watches proves nothing when all is well."""
        proving = {watch.series for watch in watches} & set(self.witnessed)
        return tuple(a.series for a in self.firing if a.series not in proving)

    @property
    def telling(self) -> frozenset[str]:
        """The series that tell whether a fix works: seen bad, and firing; once all is resolved, all that were bad."""
        firing = {a.series for a in self.firing}
        return frozenset(self.witnessed) & firing if firing else frozenset(self.witnessed)

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

    # -- the view -----------------------------------------------------------------------------------------------------

    @property
    def title(self) -> str:
        """Settled when gathering ends: lists, mails and people know the incident by it."""
        if self.first is None:
            return self.opening.key
        service, title = self.first.service, self.first.title
        return title if title.lower().startswith(service.lower()) else f"{service}: {title}"

    def view(self) -> IncidentView:
        """All facts, as every surface shows them."""
        return IncidentView(
            incident=self.incident,
            key=self.opening.key,
            workflow_run=self.run,
            title=self.title,
            service=self.service,
            services=self.services[:SHOWN_ANOMALIES],
            severity=self.assessment.severity,
            severity_reasons=self.assessment.reasons,
            state=self.state,
            outcome=self.outcome,
            escalated=self.clock.escalated_at is not None,
            hands_off=self.hands_off_by is not None,
            automation_paused=self.paused,
            onset=self.onset,
            opened_at=self.opened_at,
            updated_at=self.updated_at or self.opened_at,
            recovered_at=self.recovered_at,
            closed_at=self.closed_at,
            sla_due=target_at(self.clock, self.opening.policy),
            sla_at_risk=target_at(self.clock, self.opening.policy, AT_RISK),
            failing_share=self.failing_share,
            anomalies=fitting(self.anomalies, SHOWN_BYTES, SHOWN_ANOMALIES),
            alerts=self.alerts,
            sightings=self.sightings,
            findings=self.findings,
            diagnosis=self.diagnosis,
            adviser=self.opening.adviser.model if self.opening.adviser is not None else None,
            advice=self.advice,
            attempts=tuple(self.attempts),
            waiting=self.waiting,
            decisions=tuple(self.decisions),
            last_decision=self.last_decision,
            clock=self.clock,
            deliveries=tuple(self.deliveries[-SHOWN_DELIVERIES:]),
            roots=dict(self.roots),
            link=self.link,
            ended_by=self.ending.person,
            merged_into=self.ending.merged_into,
            merged_key=self.ending.merged_key,
            next=self.next,
            timeline=_cut(self.timeline),
            temporal_url=self._temporal_url(),
            page_url=f"{self.opening.public_url}/incidents/{self.incident}" if self.opening.public_url else None,
            runbook=next((a.runbook for a in self.anomalies if a.runbook), None)
            or self.opening.services.get(self.service).runbook,
            postmortem=self.postmortem,
        )

    def _temporal_url(self) -> str | None:
        if self.opening.temporal_ui is None:
            return None
        return f"{self.opening.temporal_ui}/namespaces/{self.opening.namespace}/workflows/{self.opening.key}/{self.run}"


def _bare(anomaly: Anomaly) -> Anomaly:
    """What a source needs to know of it."""
    less = {"title": anomaly.title[:_LONGEST_TITLE], "expression": None, "link": None, "runbook": None}
    return anomaly.model_copy(update={**less, "labels": dict[str, str]()})


def _level(anomaly: Anomaly) -> int:
    return max(level_of(anomaly), anomaly.severity_label or NO_LABEL, key=lambda level: level.rank).rank


def _cut(timeline: list[Entry]) -> tuple[Entry, ...]:
    """The first rows and the last ones; how it began and where it stands matter most."""
    rows = timeline[-1].seq if timeline else 0
    if rows <= SHOWN_ENTRIES:
        return tuple(timeline)
    half = SHOWN_ENTRIES // 2
    before = timeline[half - 1]
    text = f"{rows - SHOWN_ENTRIES} rows are folded here"
    folded = Entry(seq=before.seq + 1, at=before.at, kind=Kind.NOTE, actor="nightshift", text=text)
    return (*timeline[:half], folded, *timeline[-half:])
