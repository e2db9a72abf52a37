"""Which workflow and which activity runs on which task queue: the one list, checked by a test."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from activities.diagnosis import DiagnosisActivities
from activities.investigation import InvestigationActivities
from activities.learning import LearningActivities
from activities.notification import NotificationActivities
from activities.postmortem import PostmortemActivities
from activities.records import RecordActivities
from activities.remediation import RemediationActivities
from activities.verification import VerificationActivities
from domain.policy import Policy
from integrations.ports import (
    AuditLog,
    Channel,
    DatabaseSource,
    EvidenceStore,
    Guard,
    IncidentStore,
    LogSource,
    Memory,
    MetricSource,
    PostmortemStore,
    Remediator,
    TraceSource,
)
from workflows.contract import (
    ANALYSIS_QUEUE,
    INVESTIGATION_QUEUE,
    NOTIFICATION_QUEUE,
    REMEDIATION_QUEUE,
    TASK_QUEUE,
)
from workflows.incident import IncidentWorkflow


@dataclass(frozen=True)
class Ports:
    """Everything that the activities need from outside. None: not configured, which is said in a finding.

    `policy`: the one that this process was given; actions obey it where it is stricter than the incident's own.
    """

    incidents: IncidentStore
    audit: AuditLog
    guard: Guard
    memory: Memory
    evidence: EvidenceStore
    postmortems: PostmortemStore
    metrics: MetricSource | None = None
    logs: LogSource | None = None
    traces: TraceSource | None = None
    databases: DatabaseSource | None = None
    remediators: Sequence[Remediator] = ()
    channels: Sequence[Channel] = ()
    postmortem_folder: Path | None = None
    policy: Policy | None = None


@dataclass(frozen=True)
class Queue:
    """One task queue. `threads` bounds how many blocking activities run at once in a process."""

    name: str
    activities: Sequence[Callable[..., Any]]
    threads: int
    workflows: Sequence[type] = ()


def queues(ports: Ports) -> tuple[Queue, ...]:
    """All task queues. `remediation` is the only one whose worker needs credentials that can write."""
    records = RecordActivities(ports.incidents, ports.audit)
    postmortem = PostmortemActivities(ports.postmortems, ports.metrics, ports.postmortem_folder)
    learning = LearningActivities(ports.memory)
    look = InvestigationActivities(
        ports.metrics, ports.logs, ports.traces, ports.databases, ports.memory, ports.evidence
    )
    samples = VerificationActivities(ports.metrics)
    ranking = DiagnosisActivities()
    fix = RemediationActivities(ports.remediators, ports.guard, ports.audit, ports.policy)
    tell = NotificationActivities(ports.channels)
    return (
        Queue(
            TASK_QUEUE,
            [records.save, records.settle, records.previous, postmortem.write, learning.learn],
            threads=8,
            workflows=[IncidentWorkflow],
        ),
        Queue(
            INVESTIGATION_QUEUE,
            [
                look.look_at_metrics,
                look.look_at_logs,
                look.look_at_traces,
                look.look_at_databases,
                look.recall,
                look.measure_impact,
                samples.sample,
            ],
            threads=16,
        ),
        Queue(ANALYSIS_QUEUE, [ranking.rank], threads=2),
        Queue(REMEDIATION_QUEUE, [fix.prepare, fix.reserve, fix.intend, fix.execute, fix.release], threads=4),
        Queue(NOTIFICATION_QUEUE, [tell.send], threads=8),
    )
