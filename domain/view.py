"""One rendering of the facts: every surface (page, CLI, mail, Temporal's web UI) formats this and nothing else."""

from datetime import datetime

from pydantic import AwareDatetime

from domain.advice.advice import Advice, in_words
from domain.anomaly import Anomaly
from domain.approval import Decision, Request
from domain.correlation import Link, Previous
from domain.diagnosis import Diagnosis
from domain.escalation import AT_RISK, Clock
from domain.finding import Finding
from domain.folding import folded
from domain.incident import Attempt, Outcome, State
from domain.levels import Severity
from domain.model import Model
from domain.timeline import Entry

_BRIEF = 10


class Next(Model):
    """What happens next, as one sentence, and when; `at` None: nothing is scheduled."""

    text: str
    at: AwareDatetime | None = None


class Delivery(Model):
    """One message on one channel: delivered, or why not. `reference` is the other side's name for it.

    `calls`: it told people on the clock's behalf; what only follows the incident calls nobody.
    """

    at: AwareDatetime
    channel: str
    subject: str
    delivered: bool
    detail: str = ""
    reference: str = ""
    calls: bool = True


class IncidentView(Model):
    """Everything that people may see of an incident, at one moment. Times are UTC.

    Shares are 0 to 1. `failing_share` is the measured share of failing user-facing requests, None: not measured.
    `alerts` counts distinct series, of which `anomalies` has the first. `sla_due` is when the MTTR target passes.
    `sla_at_risk` is when 75 % of it are used, which is not told by `sla_due`: LOW counts business hours.
    `adviser`: the language model that is asked as well, None: none is. `advice`: what came of asking it, None: nothing.
    `last_decision` answers the last signal, well-formed or not. `roots`: what each channel calls the incident's first
    message there, which what people say in its thread is known by. `ended_by`: the person whose word ended it.
    `apart`: incidents that people split from this one, or this one from: ids by keys, empty where one is not known.
    """

    incident: str
    key: str
    workflow_run: str
    title: str
    service: str
    services: tuple[str, ...]
    severity: Severity
    severity_reasons: tuple[str, ...]
    state: State
    outcome: Outcome | None = None
    escalated: bool = False
    hands_off: bool = False
    automation_paused: bool = False
    onset: AwareDatetime
    opened_at: AwareDatetime
    updated_at: AwareDatetime
    recovered_at: AwareDatetime | None = None
    closed_at: AwareDatetime | None = None
    sla_due: AwareDatetime
    sla_at_risk: AwareDatetime | None = None
    failing_share: float | None = None
    anomalies: tuple[Anomaly, ...] = ()
    alerts: int = 0
    sightings: int = 0
    findings: tuple[Finding, ...] = ()
    diagnosis: Diagnosis | None = None
    adviser: str | None = None
    advice: Advice | None = None
    attempts: tuple[Attempt, ...] = ()
    waiting: Request | None = None
    decisions: tuple[Decision, ...] = ()
    last_decision: str | None = None
    clock: Clock
    deliveries: tuple[Delivery, ...] = ()
    roots: dict[str, str] = {}
    link: Link | None = None
    apart: dict[str, str] = {}
    ended_by: str | None = None
    merged_into: str | None = None
    merged_key: str | None = None
    next: Next
    timeline: tuple[Entry, ...] = ()
    temporal_url: str | None = None
    page_url: str | None = None
    runbook: str | None = None
    postmortem: str | None = None

    @property
    def brief(self) -> "IncidentView":
        """What a message needs: without findings and timeline, which are most of the size, and with the first alerts
        and the last deliveries only. History keeps each.
        """
        less = {
            "findings": (), "timeline": (), "clock": folded(self.clock), "advice": self.advice and self.advice.brief,
            "anomalies": self.anomalies[:_BRIEF], "deliveries": self.deliveries[-_BRIEF:],
        }  # fmt: skip
        return self.model_copy(update=less)

    @property
    def advice_words(self) -> str:
        """Where it stands with a language model, and what that cost; "off" where none is asked."""
        return in_words(self.adviser, self.advice, over=self.state.closed)

    @property
    def at_risk_from(self) -> datetime:
        """When the target is at risk; where a view of earlier does not say, as if all hours counted."""
        start = self.clock.detected_at
        return self.sla_at_risk or start + AT_RISK * (self.sla_due - start)

    @property
    def needs(self) -> str:
        """What a person has to do: approval, ack or none."""
        if self.state.closed:
            return "none"
        if self.waiting is not None:
            return "approval"
        return "ack" if self.escalated and self.clock.acknowledged_at is None else "none"

    @property
    def as_previous(self) -> Previous | None:
        """What the next incident of the same key has to know of this one; None while it is open.

        Senders repeat a firing alert after hours only: one that fires at the close counts as seen then. So does what
        was watched until then, as the watch alone lasts as long as trouble is the same. One that was suppressed hands
        on the mark that suppressed it.
        """
        if self.outcome is None or self.closed_at is None:
            return None
        if self.link is not None and self.link.mark is not None:
            return self.link.mark
        until_the_close = self.recovered_at is not None or any(a.firing for a in self.anomalies)
        return Previous(
            incident=self.incident,
            outcome=self.outcome,
            last_seen=self.closed_at if until_the_close else self._last_sighting or self.closed_at,
            closed_at=self.closed_at,
            severity_rank=self.severity.rank,
            merged_into=self.merged_into,
            merged_key=self.merged_key,
        )

    @property
    def _last_sighting(self) -> datetime | None:
        return max((a.seen_at for a in self.anomalies), default=None)

    @property
    def cause(self) -> str:
        return self.diagnosis.cause if self.diagnosis else "not looked at yet"
