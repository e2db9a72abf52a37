"""A shop as its sources show it: gateway -> orders -> a database, and a catalogue that is well. Three stories:
healthy, a foreign application that fills the connection pool, and a migration that holds a lock.

The numbers, log lines and spans are those of the rig's shop under the same faults.
"""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Literal

import numpy as np

from activities.diagnosis import DiagnosisActivities
from activities.forest_findings import Forests
from activities.investigation import InvestigationActivities
from domain.anomaly import Anomaly
from domain.diagnosis import Diagnosis
from domain.finding import Finding, Source
from domain.question import Question, RankQuestion
from domain.services import Database, Expression, Service, ServiceMap
from integrations.ports import (
    BlockedSession,
    DatabaseState,
    Instant,
    LogLine,
    PortError,
    Series,
    SessionGroup,
    Span,
    Trace,
)
from tests.fakes import (
    Breakable,
    FakeDatabases,
    FakeEvidence,
    FakeForests,
    FakeLogs,
    FakeMemory,
    FakeMetrics,
    FakeTraces,
)

Story = Literal["healthy", "pool", "lock"]
Found = tuple[Finding, ...]

ONSET = datetime(2026, 1, 31, 12, tzinfo=UTC)
NOW = ONSET + timedelta(seconds=40)
FAULT = ONSET - timedelta(seconds=25)
START = ONSET - timedelta(minutes=75)
LIMIT = 12
TOO_MANY = (
    'connection failed: connection to server on socket "/run/pg/.s.PGSQL.5432" failed: FATAL:  too many connections '
    'for database "orders"'
)
TIMED_OUT = "canceling statement due to statement timeout"

EXPRESSIONS = (
    Expression(name="error ratio", kind="errors", query='e{s="{service}"}[{window}]', unit="", floor=0.005, bound=0.05),
    Expression(name="latency p95", kind="latency", query='l{s="{service}"}[{window}]', unit="s", floor=0.01),
    Expression(name="request rate", kind="load", query='r{s="{service}"}', unit="1/s", harmful="down", floor=0.5),
    Expression(name="memory", kind="memory", query='m{s="{service}"}', unit="bytes", floor=1e7),
)
ORDERS_DATABASE = Database(name="orders", application="orders", watch="watch", remedy="remedy")
SHOP = ServiceMap(
    services=(
        Service(name="gateway", user_facing=True, hub=True, depends_on=("orders", "catalogue")),
        Service(name="orders", databases=(ORDERS_DATABASE,)),
        Service(name="catalogue"),
    ),
    expressions=EXPRESSIONS,
)


class TroubledShop:
    """The shop's sources in one story, and the activities that look at them."""

    def __init__(self, story: Story = "pool", seed: int = 1) -> None:
        self.story: Story = story
        self.random = np.random.default_rng(seed)
        self.metrics = FakeMetrics()
        self.logs = FakeLogs()
        self.traces = FakeTraces()
        self.databases = FakeDatabases(state_of(story))
        self.memory = FakeMemory()
        self.evidence = FakeEvidence()
        self.forests, self.trees = FakeForests(), ThreadPoolExecutor(1)
        self._tell_metrics()
        self._tell_logs()
        self._tell_traces()

    def source(self, source: Source) -> Breakable:
        return {
            Source.METRICS: self.metrics, Source.LOGS: self.logs, Source.TRACES: self.traces,
            Source.DATABASE: self.databases, Source.MEMORY: self.memory,
        }[source]  # fmt: skip

    def activities(self, *without: Source) -> InvestigationActivities:
        """With all sources but some, which are not configured."""
        return InvestigationActivities(
            metrics=None if Source.METRICS in without else self.metrics,
            logs=None if Source.LOGS in without else self.logs,
            traces=None if Source.TRACES in without else self.traces,
            databases=None if Source.DATABASE in without else self.databases,
            changes=None,
            memory=None if Source.MEMORY in without else self.memory,
            evidence=self.evidence,
            forests=Forests(self.forests, lambda: self.trees, patience_s=60),
        )

    def investigate(self, *without: Source, services: Sequence[str] = ("gateway", "orders", "catalogue")) -> Found:
        """All sources, with ids as the workflow gives them."""
        looks = self.activities(*without)
        question = question_about(*services)
        found = [
            finding
            for look in (
                looks.look_at_metrics, looks.look_at_logs, looks.look_at_traces, looks.look_at_databases, looks.recall,
            )
            for finding in look(question)
        ]  # fmt: skip
        return tuple(f.model_copy(update={"id": f"F{n}"}) for n, f in enumerate(found, start=1))

    def diagnose(self, *without: Source, services: Sequence[str] = ("gateway", "orders", "catalogue")) -> Diagnosis:
        return diagnosis_of(self.investigate(*without, services=services), services)

    # -- what the sources hold ----------------------------------------------------------------------------------------

    def _tell_metrics(self) -> None:
        broken = self.story != "healthy"
        slow = 1.25 if self.story == "lock" else 0.018
        shapes: dict[tuple[str, str], tuple[float, float]] = {
            ("e", "orders"): (0.0, 0.99 if broken else 0.0), ("e", "gateway"): (0.0, 0.6 if broken else 0.0),
            ("e", "catalogue"): (0.0, 0.0), ("l", "orders"): (0.018, slow if broken else 0.018),
            ("l", "gateway"): (0.024, slow + 0.01 if broken else 0.024), ("l", "catalogue"): (0.006, 0.006),
        }  # fmt: skip
        for service in ("gateway", "orders", "catalogue"):
            shapes["r", service] = (7.0, 7.0)
            shapes["m", service] = (6e7, 6.1e7)
        for (name, service), (before, after) in shapes.items():
            window = "[1m]" if name in "el" else ""
            self.metrics.ranges[f'{name}{{s="{service}"}}{window}'] = (self.series(service, before, after),)
        for service, share in (("gateway", 0.6 if broken else 0.0), ("orders", 0.99 if broken else 0.0)):
            self.metrics.instants[f'e{{s="{service}"}}[40s]'] = (Instant(labels={"s": service}, value=share),)

    def series(self, service: str, before: float, after: float) -> Series:
        """One value before the fault and another one since, with a little noise."""
        start, fault, end = START.timestamp(), FAULT.timestamp(), NOW.timestamp()
        times = [start + 5 * n for n in range(int((end - start) // 5) + 1)]
        points = tuple((at, (before if at < fault else after) * self.random.uniform(0.95, 1.0)) for at in times)
        return Series(labels={"service": service}, points=points)

    def _tell_logs(self) -> None:
        if self.story == "healthy":
            return
        words, status = (TOO_MANY, 503) if self.story == "pool" else (TIMED_OUT, 504)
        what = "database unavailable" if self.story == "pool" else "query timed out"
        for n in range(150):
            at = FAULT + timedelta(seconds=n * 0.4)
            verb = "POST" if n % 4 == 0 else "GET"
            self.logs.lines += [
                log_line("orders", f"{what} for {verb} /orders: {words}", at, "psycopg.OperationalError"),
                log_line("gateway", f"{verb} /orders failed: orders answered {status} to {verb} /orders", at),
            ]

    def _tell_traces(self) -> None:
        for n in range(240):
            self.traces.all.append(request(f"calm{n}", ONSET - timedelta(minutes=18) + timedelta(seconds=4 * n)))
        for n in range(120):
            at = FAULT + timedelta(seconds=n * 0.5)
            self.traces.all.append(request(f"now{n}", at, self.story if n % 5 < 3 else "healthy"))


def question_about(*services: str, now: datetime = NOW, graph: ServiceMap = SHOP) -> Question:
    names = services or ("gateway", "orders", "catalogue")
    return Question(
        incident="INC-20260131-000001", services=names, onset=ONSET, now=now, graph=graph, anomalies=(alert(names[0]),)
    )


def alert(service: str) -> Anomaly:
    return Anomaly(
        source="prometheus", fingerprint=f"f-{service}", name="HighErrorRate", service=service,
        title=f"{service} answers 60 % of requests with 5xx", starts_at=ONSET, seen_at=ONSET,
    )  # fmt: skip


def diagnosis_of(findings: Found, services: Sequence[str] = ("gateway", "orders", "catalogue")) -> Diagnosis:
    return DiagnosisActivities().rank(RankQuestion(question=question_about(*services), findings=findings))


def log_line(service: str, message: str, at: datetime, error_type: str | None = None) -> LogLine:
    return LogLine(at=at, service=service, level="ERROR", message=message, error_type=error_type, trace_id="abc123")


def state_of(story: Story) -> DatabaseState:
    """The sessions of database orders, as they were seen under each fault."""
    match story:
        case "pool":
            groups = (
                SessionGroup(role="reporting", application="nightly-report", state="idle", count=12, oldest_s=43),
            )
            blocked: tuple[BlockedSession, ...] = ()
        case "lock":
            groups = (
                SessionGroup(role="orders_app", application="orders", state="active", count=10, oldest_s=1.16),
                SessionGroup(
                    role="orders_owner",
                    application="schema-migration",
                    state="idle in transaction",
                    count=1,
                    oldest_s=40,
                ),
            )
            blocked = tuple(blocked_session(pid=100 + n, wait_s=0.1 + 0.1 * n) for n in range(10))
        case "healthy":
            groups = (SessionGroup(role="orders_app", application="orders", state="active", count=2, oldest_s=0.01),)
            blocked = ()
    used = sum(group.count for group in groups)
    return DatabaseState(at=NOW, database="orders", limit=LIMIT, used=used, groups=groups, blocked=blocked)


def blocked_session(pid: int, wait_s: float, blocker_pid: int = 7) -> BlockedSession:
    return BlockedSession(
        pid=pid, application="orders", wait_s=wait_s, relation="orders", blocker_pid=blocker_pid,
        blocker_role="orders_owner", blocker_application="schema-migration", blocker_state="idle in transaction",
        blocker_age_s=40,
    )  # fmt: skip


def request(trace_id: str, at: datetime, story: Story = "healthy") -> Trace:
    """One request for orders: gateway, its call, orders, its statement."""
    fails = story != "healthy"
    own = {"healthy": 0.004, "pool": 0.002, "lock": 1.2}[story]
    words = {"healthy": {}, "pool": {"otel.status_description": f"OperationalError: {TOO_MANY}"},
             "lock": {"otel.status_description": f"QueryCanceled: {TIMED_OUT}"}}[story]  # fmt: skip

    def span(n: int, parent: int | None, service: str, operation: str, kind: str, **more: str) -> Span:
        return Span(
            span_id=f"{trace_id}-{n}", parent_id=None if parent is None else f"{trace_id}-{parent}", service=service,
            operation=operation, kind=kind, start=at + timedelta(milliseconds=n), error=fails,
            duration_s=own + 0.008 - 0.002 * n, attributes=more,
        )  # fmt: skip

    return Trace(
        trace_id=trace_id,
        spans=(
            span(3, 2, "orders", "SELECT orders", "client", **{"peer.service": "orders-db"}, **words),
            span(0, None, "gateway", "GET /orders", "server"),
            span(1, 0, "gateway", "GET orders", "client"),
            span(2, 1, "orders", "GET /orders", "server"),
        ),
    )


def broken(error: PortError, *sources: Breakable) -> None:
    for source in sources:
        source.error = error
