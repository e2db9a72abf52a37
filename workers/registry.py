"""Which workflow and which activity runs on which task queue: the one list, checked by a test."""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, TypeVar

from pydantic import SecretStr

from activities.advice import AdviceActivities
from activities.detection import DetectionActivities
from activities.diagnosis import DiagnosisActivities
from activities.forest_findings import Forests
from activities.identity import IdentityActivities
from activities.investigation import InvestigationActivities
from activities.learning import LearningActivities
from activities.muting import MutingActivities
from activities.notification import NotificationActivities
from activities.postmortem import PostmortemActivities
from activities.records import RecordActivities
from activities.remediation import RemediationActivities
from activities.texts import Texts
from activities.training import TrainingActivities
from activities.verification import VerificationActivities
from domain.advice.terms import Terms
from domain.levels import Risk
from domain.policy import Policy
from domain.services import ServiceMap
from domain.warrant import Rules
from integrations.ports import (
    AnomalyIntake,
    AuditLog,
    ChangeSource,
    Channel,
    DatabaseSource,
    EvidenceStore,
    FeedbackStore,
    ForecastStore,
    ForestStore,
    Guard,
    IncidentStore,
    LanguageModel,
    LogSource,
    MaintenanceStore,
    Memory,
    MetricSource,
    ModelLedger,
    MutedDoor,
    PostmortemStore,
    Remediator,
    SeriesStore,
    ShardStore,
    ThresholdStore,
    TraceSource,
)
from workflows.contract import (
    ADVICE_QUEUE,
    ANALYSIS_QUEUE,
    DETECTION_QUEUE,
    INVESTIGATION_QUEUE,
    NOTIFICATION_QUEUE,
    REMEDIATION_QUEUE,
    TASK_QUEUE,
    TRAINING_QUEUE,
)
from workflows.incident import IncidentWorkflow
from workflows.muted import MutedWorkflow
from workflows.sweep import DetectionWorkflow
from workflows.training import TrainingWorkflow

P = TypeVar("P")


@dataclass(frozen=True)
class Ports:
    """Everything that the activities need from outside. None: not configured, which is said in a finding.

    The store's ports (the first seven, `series`, `forecasts`, `forests`, `shards`, `maintenance`, `ledger`) may only be
    None where no queue that needs them is served.
    `policy`: the one that this process was given; actions obey it where it is stricter than the incident's own.
    `terms`: on which this process asks `model`; what an incident brings counts where it is stricter.
    `limits`: the highest risk that each person may decide on; both are what approvals are checked by, with the key.
    """

    incidents: IncidentStore | None = None
    audit: AuditLog | None = None
    guard: Guard | None = None
    memory: Memory | None = None
    evidence: EvidenceStore | None = None
    postmortems: PostmortemStore | None = None
    feedback: FeedbackStore | None = None
    metrics: MetricSource | None = None
    logs: LogSource | None = None
    traces: TraceSource | None = None
    databases: DatabaseSource | None = None
    changes: ChangeSource | None = None
    remediators: Sequence[Remediator] = ()
    channels: Sequence[Channel] = ()
    texts: Texts | None = None
    postmortem_folder: Path | None = None
    identity_key: SecretStr | None = None
    policy: Policy | None = None
    limits: Mapping[str, Risk] = field(default_factory=dict[str, Risk])
    series: SeriesStore | None = None
    forecasts: ForecastStore | None = None
    forests: ForestStore | None = None
    thresholds: ThresholdStore | None = None
    maintenance: MaintenanceStore | None = None
    shards: ShardStore | None = None
    intake: AnomalyIntake | None = None
    door: MutedDoor | None = None
    services: ServiceMap | None = None
    detection_every_s: float = 15.0
    model: LanguageModel | None = None
    terms: Terms | None = None
    ledger: ModelLedger | None = None


@dataclass(frozen=True)
class Queue:
    """One task queue. `threads` bounds how many blocking activities run at once in a process."""

    name: str
    activities: Sequence[Callable[..., Any]]
    threads: int
    workflows: Sequence[type] = ()


def _incidents(ports: Ports) -> Queue:
    records = RecordActivities(_needed(ports.incidents), _needed(ports.audit))
    postmortem = PostmortemActivities(_needed(ports.postmortems), ports.metrics, ports.postmortem_folder)
    learning = LearningActivities(_needed(ports.memory), ports.feedback, ports.thresholds)
    identity = IdentityActivities(ports.identity_key)
    muting = MutingActivities(ports.door, _needed(ports.maintenance))
    return Queue(
        TASK_QUEUE,
        [
            records.save,
            records.settle,
            records.previous,
            records.absorb,
            records.stands,
            postmortem.write,
            learning.learn,
            identity.check_proof,
            muting.again,
            muting.hand_over,
            muting.record,
        ],
        threads=8,
        workflows=[IncidentWorkflow, MutedWorkflow],
    )


def _investigation(ports: Ports) -> Queue:
    look = InvestigationActivities(
        ports.metrics, ports.logs, ports.traces, ports.databases, ports.changes, _needed(ports.memory),
        _needed(ports.evidence), forests_of(ports),
    )  # fmt: skip
    samples = VerificationActivities(ports.metrics)
    return Queue(
        INVESTIGATION_QUEUE,
        [
            look.look_at_metrics,
            look.look_at_logs,
            look.look_at_traces,
            look.look_at_databases,
            look.look_at_changes,
            look.recall,
            look.measure_impact,
            samples.sample,
        ],
        threads=16,
    )


def forests_of(ports: Ports) -> Forests | None:
    """None where nothing is detected: there are none then, and each investigation would ask the store for one."""
    if ports.forests is None or ports.detection_every_s <= 0:
        return None
    return Forests(ports.forests)


def _analysis(_: Ports) -> Queue:
    return Queue(ANALYSIS_QUEUE, [DiagnosisActivities().rank], threads=2)


def _remediation(ports: Ports) -> Queue:
    """A thread that waits for a rollout sleeps for minutes: there are enough of them that others need not wait too."""
    rules = Rules(policy=ports.policy, limits=ports.limits, key=ports.identity_key)
    fix = RemediationActivities(ports.remediators, _needed(ports.guard), _needed(ports.audit), rules)
    return Queue(REMEDIATION_QUEUE, [fix.prepare, fix.reserve, fix.intend, fix.execute, fix.release], threads=16)


def _notification(ports: Ports) -> Queue:
    tell = NotificationActivities(ports.channels, ports.texts)
    return Queue(NOTIFICATION_QUEUE, [tell.send], threads=8)


def _detection(ports: Ports) -> Queue:
    services = ports.services or ServiceMap(expressions=())
    watch = DetectionActivities(
        ports.metrics, _needed(ports.series), _needed(ports.forecasts), ports.intake, services,
        ports.detection_every_s, thresholds=ports.thresholds, shards=ports.shards,
    )  # fmt: skip
    # One shard at a time: the others are for those that have nothing to do.
    return Queue(DETECTION_QUEUE, [watch.sweep], threads=1, workflows=[DetectionWorkflow])


def _advice(ports: Ports) -> Queue:
    """Apart from the sources: a model that is slow must not take the threads of those who investigate."""
    ask = AdviceActivities(ports.model, ports.terms, _needed(ports.ledger), ports.evidence)
    return Queue(ADVICE_QUEUE, [ask.consult, ask.spent_on], threads=4)


def _training(ports: Ports) -> Queue:
    services = ports.services or ServiceMap(expressions=())
    train = TrainingActivities(
        ports.metrics, _needed(ports.forecasts), _needed(ports.forests), _needed(ports.series), services
    )
    return Queue(TRAINING_QUEUE, [train.train, train.train_groups], threads=1, workflows=[TrainingWorkflow])


_BUILD: Final[Mapping[str, Callable[[Ports], Queue]]] = {
    TASK_QUEUE: _incidents,
    INVESTIGATION_QUEUE: _investigation,
    ANALYSIS_QUEUE: _analysis,
    REMEDIATION_QUEUE: _remediation,
    NOTIFICATION_QUEUE: _notification,
    DETECTION_QUEUE: _detection,
    ADVICE_QUEUE: _advice,
    TRAINING_QUEUE: _training,
}
NAMES: Final = tuple(_BUILD)
"""All task queues. `remediation` is the only one whose worker needs credentials that can write."""


def queues(ports: Ports, names: Collection[str] = NAMES) -> tuple[Queue, ...]:
    """The task queues of these names, all by default."""
    return tuple(build(ports) for name, build in _BUILD.items() if name in names)


def chosen(text: str | None) -> tuple[str, ...]:
    """The queues that a process shall serve, from `incidents,notification`; all of them without a text.

    Raises ValueError for a name that is none, and for no name at all.
    """
    if text is None:
        return NAMES
    wanted = {name.strip() for name in text.split(",") if name.strip()}
    unknown = sorted(wanted - set(NAMES))
    if unknown or not wanted:
        raise ValueError(f"{', '.join(unknown) or repr(text)} is no task queue; there are {', '.join(NAMES)}")
    return tuple(name for name in NAMES if name in wanted)


def _needed(port: P | None) -> P:
    if port is None:
        raise RuntimeError("a queue is served without its store: workers.wiring has to build it")
    return port
