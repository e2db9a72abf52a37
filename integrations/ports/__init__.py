"""The ports: what the rest of Nightshift asks of outside systems, in as few verbs as possible.

All calls block; activities run them on threads. A port raises only `PortError`s: `Unavailable` is worth a retry
(the other side is down, slow or overloaded), `Rejected` is not (the request or the credentials are wrong).
"""

from integrations.ports.changes import Change, ChangeKind, Changes, ChangeSource, Release
from integrations.ports.channels import Channel, Whisperer
from integrations.ports.databases import BlockedSession, DatabaseSource, DatabaseState, SessionGroup
from integrations.ports.detection import (
    AnomalyIntake,
    Claim,
    ForecastStore,
    ForestStore,
    SeriesStore,
    ShardStore,
    ThresholdStore,
)
from integrations.ports.errors import PortError, Rejected, Unavailable
from integrations.ports.logs import LogLine, LogPage, LogSource
from integrations.ports.memory import Embedder, Memory
from integrations.ports.metrics import Instant, MetricSource, Series
from integrations.ports.model import Inquiry, LanguageModel, ModelLedger, Offer, Unanswered
from integrations.ports.muting import MaintenanceStore, MutedDoor, SilenceSource
from integrations.ports.records import (
    AuditLog,
    EvidenceStore,
    FeedbackStore,
    FilterStore,
    IncidentRow,
    IncidentStore,
    PostmortemStore,
)
from integrations.ports.remediation import Guard, Intent, Remediator, TargetSource
from integrations.ports.traces import Span, Trace, TraceSource

__all__ = [
    "AnomalyIntake",
    "AuditLog",
    "BlockedSession",
    "Change",
    "ChangeKind",
    "ChangeSource",
    "Changes",
    "Channel",
    "Claim",
    "DatabaseSource",
    "DatabaseState",
    "Embedder",
    "EvidenceStore",
    "FeedbackStore",
    "FilterStore",
    "ForecastStore",
    "ForestStore",
    "Guard",
    "IncidentRow",
    "IncidentStore",
    "Inquiry",
    "Instant",
    "Intent",
    "LanguageModel",
    "LogLine",
    "LogPage",
    "LogSource",
    "MaintenanceStore",
    "Memory",
    "MetricSource",
    "ModelLedger",
    "MutedDoor",
    "Offer",
    "PortError",
    "PostmortemStore",
    "Rejected",
    "Release",
    "Remediator",
    "Series",
    "SeriesStore",
    "SessionGroup",
    "ShardStore",
    "SilenceSource",
    "Span",
    "TargetSource",
    "ThresholdStore",
    "Trace",
    "TraceSource",
    "Unanswered",
    "Unavailable",
    "Whisperer",
]
