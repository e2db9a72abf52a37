"""A world for workflow tests: the real workflow, activities and rules; systems outside are scripted fakes."""

import asyncio
import threading
from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, time, timedelta
from typing import Any

from pydantic import SecretStr
from temporalio import activity
from temporalio.client import Client, WorkflowHandle
from temporalio.common import WorkflowIDConflictPolicy
from temporalio.exceptions import ApplicationError, WorkflowAlreadyStartedError

from domain.advice.terms import Terms
from domain.anomaly import AlertStatus, Anomaly
from domain.diagnosis import Contribution, Diagnosis, Hypothesis
from domain.finding import Category, Finding, Source, Window
from domain.incident import Executed
from domain.levels import Risk, Severity
from domain.plan import Action, Plan
from domain.policy import Calendar, Policy, Verification
from domain.question import Question, RankQuestion
from domain.services import Database, Expression, Service, ServiceMap
from domain.verification import Sample, Watch
from integrations.ports import Intent, LanguageModel, Remediator, Unavailable
from tests.fakes import (
    FakeAudit,
    FakeChannel,
    FakeEvidence,
    FakeForecasts,
    FakeForests,
    FakeGuard,
    FakeIncidents,
    FakeMaintenance,
    FakeMemory,
    FakeModelCalls,
    FakePostmortems,
    FakeSeries,
)
from workers.lifecycle import CACHED_RUNS, working
from workers.registry import NAMES, Ports, Queue, queues
from workflows.contract import (
    ANALYSIS_QUEUE,
    DETECTION_QUEUE,
    INVESTIGATION_QUEUE,
    TASK_QUEUE,
    TRAINING_QUEUE,
    Opening,
    Report,
    Summary,
)
from workflows.incident import IncidentWorkflow

Shown = float | None
Handle = WorkflowHandle[IncidentWorkflow, Summary]

SERVICES = ServiceMap(
    services=(
        Service(name="gateway", user_facing=True, hub=True, depends_on=("orders", "catalogue")),
        Service(
            name="orders",
            databases=(Database(name="orders", application="orders", watch="watch", remedy="remedy"),),
        ),
        Service(name="catalogue"),
    ),
    expressions=(
        Expression(name="5xx", kind="errors", query="errors{service}", unit="share", floor=0.005, bound=0.05),
    ),
)
# A team that never sleeps: what a test sees must not depend on the hour at which it runs.
ALWAYS_OPEN = Calendar(opens=time(0), closes=time(0), weekdays=(0, 1, 2, 3, 4, 5, 6))
POLICY = Policy(
    max_risk_level=Risk.LOW,
    allow=("database/orders",),
    approvers=("ana", "mia"),
    verification=Verification(settle_s=60, samples=2, every_s=15, scrape_s=15, improving_rounds=1),
    calendar=ALWAYS_OPEN,
    watch_s=240,
)


def with_row(policy: Policy, severity: Severity, **changes: object) -> Policy:
    """The policy with something else in one row of its escalation table."""
    row = policy.escalation.row(severity).model_copy(update=changes)
    return policy.model_copy(update={"escalation": policy.escalation.model_copy(update={severity.value: row})})


KEY = SecretStr("a key for tests, long enough to be one")
# For tests that last a day: the same rules, at a pace that keeps the test short.
SLOW = with_row(POLICY, Severity.HIGH, acknowledge_min=240).model_copy(update={"recheck_s": 900})


class FakeRemediator:
    """Counts what was really ended, as the target would; `fails` makes execute raise, `free` cleared makes it wait,
    `may_name` cleared holds it when it names what it would end.
    """

    action = Action.KILL_CONNECTIONS

    def __init__(self, world: "World") -> None:
        self.world = world
        self.sessions = {"11@a", "12@b", "13@c"}
        self.ended: list[str] = []
        self.objection: str | None = None
        self.fails: ApplicationError | None = None
        self.executions = 0
        self.reached = threading.Event()
        self.free = threading.Event()
        self.free.set()
        self.naming = threading.Event()
        self.may_name = threading.Event()
        self.may_name.set()

    def precheck(self, plan: Plan) -> str | None:
        return self.objection

    def intend(self, plan: Plan) -> Intent:
        self.naming.set()
        if not self.may_name.wait(timeout=15):
            raise ApplicationError("the test never let it go on", non_retryable=True)
        return Intent(digest=plan.digest, items=tuple(sorted(self.sessions)), before={"sessions": len(self.sessions)})

    def execute(self, plan: Plan, intent: Intent) -> Executed:
        self.executions += 1
        self.reached.set()
        if not self.free.wait(timeout=60):
            raise ApplicationError("the test never let it go on", non_retryable=True)
        if self.fails is not None:
            raise self.fails
        before = len(self.sessions)
        for item in intent.items:
            if item in self.sessions:
                self.sessions.remove(item)
                self.ended.append(item)
        self.world.acted()
        now = datetime.now(UTC)
        return Executed(
            started_at=now, ended_at=now, affected=len(intent.items), before={"sessions": before},
            after={"sessions": len(self.sessions)}, detail=f"{len(intent.items)} sessions ended",
        )  # fmt: skip


@dataclass
class World:
    """What the outside looks like. Change it while an incident runs.

    `value` is what a look at the anomalous number shows (bound 0.05, None: no number); `cures`: what it shows after the
    first action, the second, and so on, each a value, or values for as many looks, the last one for ever.
    `failing` names sources that raise; `unranked` makes the ranking raise. `hold` stops the named activity until the
    event is set, and says in `reached` that it is there. `workers_policy`: the one that workers were started with.
    `detects`: the queues of detection and training are served too; they take no part in incidents.
    `rival`: the kind of the ranking's second candidate, None: there is none. It has `rival_score` bits, the first 9.
    `attested_by`: the sources that speak for the cause, None: it was ranked before anybody counted them. `log_title`:
    what logs say.
    `cached_runs`: so many incidents a worker remembers; 0: it begins anew from the history at each step.
    `adviser`: the terms for a language model, None: the starter knows of none.
    """

    value: Shown = 0.4
    cures: tuple[Shown | tuple[Shown, ...], ...] = (0.0,)
    confidence: float = 0.85
    category: Category = Category.CONNECTION_POOL
    rival: Category | None = None
    rival_score: float = 6.0
    attested_by: tuple[Source, ...] | None = (Source.METRICS, Source.LOGS)
    log_title: str = "logs looked"
    adviser: Terms | None = None
    model: LanguageModel | None = None
    ledger: FakeModelCalls = field(default_factory=FakeModelCalls)
    evidence: FakeEvidence = field(default_factory=FakeEvidence)
    failing_share: float | None = None
    failing: set[Source] = field(default_factory=set[Source])
    unranked: bool = False
    policy: Policy = POLICY
    events_per_run: int | None = None
    limits: dict[str, Risk] = field(default_factory=dict[str, Risk])
    identity_key: SecretStr | None = KEY
    workers_policy: Policy | None = None
    detects: bool = False
    cached_runs: int = CACHED_RUNS
    looks: list[Question] = field(default_factory=list[Question])
    hold: dict[str, asyncio.Event] = field(default_factory=dict[str, asyncio.Event])
    reached: dict[str, asyncio.Event] = field(default_factory=dict[str, asyncio.Event])
    incidents: FakeIncidents = field(default_factory=FakeIncidents)
    audit: FakeAudit = field(default_factory=FakeAudit)
    guard: FakeGuard = field(default_factory=FakeGuard)
    memory: FakeMemory = field(default_factory=FakeMemory)
    postmortems: FakePostmortems = field(default_factory=FakePostmortems)
    channels: Sequence[FakeChannel] = field(default_factory=lambda: (FakeChannel("email"),))

    def __post_init__(self) -> None:
        self.remediator = FakeRemediator(self)
        self._coming: list[Shown] = []
        self._actions = 0

    @property
    def services(self) -> ServiceMap:
        """What an incident is opened with."""
        return SERVICES

    @property
    def remediators(self) -> Sequence[Remediator]:
        """What the workers may do."""
        return (self.remediator,)

    def acted(self) -> None:
        cure = self.cures[min(self._actions, len(self.cures) - 1)]
        self._actions += 1
        self._coming = list(cure) if isinstance(cure, tuple) else [cure]

    def _shown(self) -> Shown:
        """What the next look shows."""
        if self._coming:
            self.value = self._coming.pop(0)
        return self.value

    # -- scripted activities: the sources' and the ranking's, by the names of the real ones ---------------------------

    async def _pass(self, name: str) -> None:
        """Wait here if the test holds this activity."""
        if name in self.hold:
            self.reached.setdefault(name, asyncio.Event()).set()
            await self.hold[name].wait()

    def scripted(self) -> Sequence[Any]:
        return [*(self._look(name, source) for name, source in _LOOKS), self._impact(), self._sample()]

    def _look(self, name: str, source: Source) -> Any:
        @activity.defn(name=name)
        async def look(question: Question) -> tuple[Finding, ...]:
            await self._pass(name)
            if source is Source.METRICS:
                self.looks.append(question)
            if source in self.failing:
                raise ApplicationError(f"{source} does not answer", type="Unavailable")
            found = _findings(source, question)
            if source is Source.LOGS:
                return tuple(f.model_copy(update={"title": self.log_title}) for f in found)
            return found

        return look

    def _impact(self) -> Any:
        @activity.defn(name="measure_impact")
        async def measure_impact(question: Question) -> float | None:
            return self.failing_share

        return measure_impact

    def _sample(self) -> Any:
        @activity.defn(name="sample")
        async def sample(watches: tuple[Watch, ...]) -> tuple[Sample, ...]:
            await self._pass("sample")
            shown = self._shown()
            return tuple(
                Sample(series=w.series, value=shown, note="" if shown is not None else "dark") for w in watches
            )

        return sample

    def rank(self) -> Any:
        @activity.defn(name="rank")
        async def rank(asked: RankQuestion) -> Diagnosis:
            await self._pass("rank")
            if self.unranked:
                raise ApplicationError("the ranking is broken", type="Broken", non_retryable=True)
            return self._diagnosis(asked)

        return rank

    def _diagnosis(self, asked: RankQuestion) -> Diagnosis:
        missing = tuple(f.source for f in asked.findings if f.presence == "missing")
        cited = tuple(Contribution(finding=f.id, bits=f.strength) for f in asked.findings if f.strength > 0)
        hypothesis = Hypothesis(
            service="orders", category=self.category, score=9, weight=1, contributions=cited,
            sentence="orders cannot get connections: nightly-report holds 11 of 12",
        )  # fmt: skip
        if self.rival is None:
            rivals: tuple[Hypothesis, ...] = ()
        else:
            said = {"category": self.rival, "score": self.rival_score, "sentence": f"{self.rival} at orders"}
            rivals = (hypothesis.model_copy(update=said),)
        return Diagnosis(
            hypotheses=(hypothesis, *rivals), confidence=self.confidence - 0.02 * len(missing), not_seen=missing,
            confidence_reason="scripted", attested_by=self.attested_by, calibrated=self.attested_by is not None,
        )  # fmt: skip

    def hold_at(self, name: str) -> None:
        """The named activity waits from now on, until `let_go`."""
        self.hold[name] = asyncio.Event()

    def break_postmortems(self) -> None:
        """Writing one takes as long as this lasts, until `let_go`."""
        self.postmortems.error = Unavailable("the store is away")

    def let_go(self) -> None:
        """Whatever is held goes on, and whatever is broken works again."""
        self.remediator.free.set()
        self.remediator.may_name.set()
        for held in self.hold.values():
            held.set()
        self.hold.clear()
        fakes = (self.incidents, self.audit, self.guard, self.memory, self.postmortems, self.ledger, *self.channels)
        for fake in fakes:
            fake.error = None

    # -- running ----------------------------------------------------------------------------------------------------

    def queues(self) -> list[Queue]:
        ports = Ports(
            incidents=self.incidents, audit=self.audit, guard=self.guard, memory=self.memory,
            evidence=self.evidence, postmortems=self.postmortems, remediators=self.remediators,
            channels=self.channels, identity_key=self.identity_key, policy=self.workers_policy,
            limits=self.limits, series=FakeSeries(), forecasts=FakeForecasts(), forests=FakeForests(),
            model=self.model, terms=self.adviser, ledger=self.ledger, maintenance=FakeMaintenance(),
        )  # fmt: skip
        swapped = {INVESTIGATION_QUEUE: self.scripted(), ANALYSIS_QUEUE: [self.rank()]}
        served = queues(
            ports, [name for name in NAMES if self.detects or name not in {DETECTION_QUEUE, TRAINING_QUEUE}]
        )
        return [replace(q, activities=swapped.get(q.name, q.activities)) for q in served]

    @asynccontextmanager
    async def living(self, client: Client) -> AsyncGenerator["World"]:
        async with working(client, self.queues(), grace=timedelta(seconds=1), cached_runs=self.cached_runs):
            yield self

    async def open(self, client: Client, *anomalies: Anomaly, key: str = "incident-orders") -> Handle:
        """What the starter does: signal-with-start on the group's key."""
        opening = Opening(
            key=key, policy=self.policy, services=self.services, public_url="http://127.0.0.1:8000", limits=self.limits,
            events_per_run=self.events_per_run, adviser=self.adviser,
        )  # fmt: skip
        try:
            return await self._signal_with_start(client, opening, Report(anomalies=anomalies))
        except WorkflowAlreadyStartedError:
            # Of two that race, the test server tells the second so; a real one signals the run that the first started
            # (tests/adapters/test_intake_temporal.py).
            return await self._signal_with_start(client, opening, Report(anomalies=anomalies))

    async def _signal_with_start(self, client: Client, opening: Opening, report: Report) -> Handle:
        return await client.start_workflow(
            IncidentWorkflow.run, opening, id=opening.key, task_queue=TASK_QUEUE,
            id_conflict_policy=WorkflowIDConflictPolicy.USE_EXISTING,
            start_signal="report", start_signal_args=[report],
        )  # fmt: skip


_LOOKS = (
    ("look_at_metrics", Source.METRICS),
    ("look_at_logs", Source.LOGS),
    ("look_at_traces", Source.TRACES),
    ("look_at_databases", Source.DATABASE),
    ("look_at_changes", Source.CHANGES),
    ("recall", Source.MEMORY),
)


def _findings(source: Source, question: Question) -> tuple[Finding, ...]:
    window = Window(start=question.onset, end=max(question.now, question.onset))
    if source is not Source.DATABASE:
        return (Finding(source=source, kind="seen", title=f"{source} looked", strength=2.0, window=window),)
    facts: dict[str, str | int | float | bool] = {
        "target": "database/orders",
        "role": "reporting",
        "application": "nightly-report",
    }
    return (
        Finding(
            source=source, kind="idle_sessions", title="nightly-report holds 11 of 12 connections idle",
            strength=5.0, value=11, facts=facts, window=window, categories={Category.CONNECTION_POOL: 1.0},
        ),
    )  # fmt: skip


def anomaly(
    name: str = "HighErrorRate", service: str = "orders", *, at: datetime | None = None, resolved: bool = False,
    severity: Severity = Severity.HIGH, fingerprint: str | None = None,
) -> Anomaly:  # fmt: skip
    """An alert as the starter translates it, with a rule that can be looked at again."""
    now = at or datetime.now(UTC)
    return Anomaly(
        source="prometheus", fingerprint=fingerprint or f"{name}-{service}", name=name, service=service,
        status=AlertStatus.RESOLVED if resolved else AlertStatus.FIRING, title="5xx at 40 %", starts_at=now,
        seen_at=now, severity_label=severity, labels={"service": service, "alertname": name}, actual=0.4,
        expected=0.05, unit="share", expression="rate(errors[30s]) > 0.05",
    )  # fmt: skip
