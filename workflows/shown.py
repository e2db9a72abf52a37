"""An incident as every surface shows it."""

from typing import TYPE_CHECKING

from domain.escalation import AT_RISK, target_at
from domain.fitting import fitting
from domain.timeline import Entry, Kind
from domain.view import IncidentView

if TYPE_CHECKING:
    from workflows.record import Record

# A view is a payload of every projection: what a storm adds beyond these is counted, not listed.
SHOWN_ANOMALIES = 100
SHOWN_BYTES = 500_000
SHOWN_ENTRIES = 120
SHOWN_DELIVERIES = 60


def view_of(record: "Record") -> IncidentView:
    """All facts, as every surface shows them."""
    return IncidentView(
        incident=record.incident,
        key=record.opening.key,
        workflow_run=record.run,
        title=record.title,
        service=record.service,
        services=record.services[:SHOWN_ANOMALIES],
        severity=record.assessment.severity,
        severity_reasons=record.assessment.reasons,
        state=record.state,
        outcome=record.outcome,
        escalated=record.clock.escalated_at is not None,
        hands_off=record.hands_off_by is not None,
        automation_paused=record.paused,
        onset=record.onset,
        opened_at=record.opened_at,
        updated_at=record.updated_at or record.opened_at,
        recovered_at=record.recovered_at,
        closed_at=record.closed_at,
        sla_due=target_at(record.clock, record.opening.policy),
        sla_at_risk=target_at(record.clock, record.opening.policy, AT_RISK),
        failing_share=record.failing_share,
        anomalies=fitting(record.anomalies, SHOWN_BYTES, SHOWN_ANOMALIES),
        alerts=record.alerts,
        sightings=record.sightings,
        findings=record.findings,
        diagnosis=record.diagnosis,
        adviser=record.opening.adviser.model if record.opening.adviser is not None else None,
        advice=record.advice,
        attempts=tuple(record.attempts),
        waiting=record.waiting,
        decisions=tuple(record.decisions),
        last_decision=record.last_decision,
        clock=record.clock,
        deliveries=tuple(record.deliveries[-SHOWN_DELIVERIES:]),
        roots=dict(record.roots),
        link=record.link,
        apart=dict(record.apart),
        ended_by=record.ending.person,
        merged_into=record.ending.merged_into,
        merged_key=record.ending.merged_key,
        next=record.next,
        timeline=_cut(record.timeline),
        temporal_url=_temporal_url(record),
        page_url=f"{record.opening.public_url}/incidents/{record.incident}" if record.opening.public_url else None,
        runbook=next((a.runbook for a in record.anomalies if a.runbook), None)
        or record.opening.services.get(record.service).runbook,
        postmortem=record.postmortem,
    )


def _temporal_url(record: "Record") -> str | None:
    opening = record.opening
    if opening.temporal_ui is None:
        return None
    return f"{opening.temporal_ui}/namespaces/{opening.namespace}/workflows/{opening.key}/{record.run}"


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
