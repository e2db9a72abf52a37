"""A whole Nightshift on real servers, whose worker is a process that can be killed and started again."""

import asyncio
import json
import sys
import threading
import time
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import httpx
import psycopg
import yaml
from psycopg import sql
from psycopg.conninfo import make_conninfo
from pydantic import SecretStr
from temporalio.api.enums.v1 import EventType
from temporalio.client import Client, WorkflowHandle

from domain.anomaly import Anomaly
from domain.audit import AuditRow
from domain.levels import Risk, Severity
from domain.policy import Floors, KillConnections, Limits, Policy, Verification
from domain.services import Database, Expression, Service, ServiceMap
from integrations.store.audit import PostgresAudit
from integrations.store.migrate import migrate
from integrations.store.pool import Pool
from rig.servers.elasticsearch import ElasticsearchServer
from rig.servers.postgres import PostgresServer
from rig.servers.process import Command, ManagedProcess
from rig.servers.prometheus import PrometheusServer, ScrapeJob
from rig.servers.temporal import TemporalServer
from workflows.contract import TASK_QUEUE, Opening, Report, Summary
from workflows.incident import IncidentWorkflow

ROOT = Path(__file__).parents[2]
SESSIONS = 5
REPORT = "nightly-report"
INDEX = "logs-durable"
REFUSED = Expression(
    name="refused", kind="errors", query='max(connections_refused{service="{service}"})', unit="share", floor=0.05,
    bound=0.5,
)  # fmt: skip
Handle = WorkflowHandle[IncidentWorkflow, Summary]

POLICY = Policy(
    max_risk_level=Risk.LOW,
    allow=("database/durable_orders",),
    # Without traces, and with a baseline of seconds, confidence is near the default floor; it is not what is tested.
    floors=Floors(LOW=0.5),
    gather_s=0,
    watch_s=2,
    recheck_s=1,
    verification=Verification(settle_s=3, samples=2, every_s=1, scrape_s=1),
    kill_connections=KillConnections(idle_age_s=1, cap=20),
    limits=Limits(per_target_hour=50, per_hour=50),
)


@dataclass
class House:
    """One database under care whose connections somebody holds; real Temporal, Prometheus and store."""

    temporal: TemporalServer
    postgres: PostgresServer
    prometheus: PrometheusServer
    elasticsearch: ElasticsearchServer
    store: str
    folder: Path
    name: str = "durable_orders"
    stack: ExitStack = field(default_factory=ExitStack)
    held: list[psycopg.Connection] = field(default_factory=list[psycopg.Connection])
    worker: ManagedProcess | None = None
    started: int = 0
    dead: list[ManagedProcess] = field(default_factory=list[ManagedProcess])
    _codes: dict[psycopg.Connection, str] = field(default_factory=dict[psycopg.Connection, str])

    # -- the system under care

    def build(self) -> None:
        """The database with a limit, its roles, and an exporter that measures whether one can connect."""
        migrate(SecretStr(self.store))
        for role in ("durable_app", "durable_report", "durable_watch", "durable_remedy"):
            self.postgres.create_role(role)
        self.postgres.create_database(self.name)
        with self.postgres.connect() as admin:
            limit = sql.SQL("ALTER DATABASE {} CONNECTION LIMIT {}")
            admin.execute(limit.format(sql.Identifier(self.name), sql.Literal(SESSIONS)))
            admin.execute("GRANT pg_signal_backend, pg_read_all_stats TO durable_remedy")
            admin.execute("GRANT pg_read_all_stats TO durable_watch")
        port = self._export()
        self.prometheus.jobs = [ScrapeJob("durable", [f"127.0.0.1:{port}"], {"service": "orders"})]
        self.prometheus.reload()

    def hold_connections(self) -> None:
        """Take every connection and leave it idle."""
        self.held = [self.open_session() for _ in range(SESSIONS)]
        wait_until(lambda: self.measured() == 1.0, "Prometheus sees that connections are refused")
        self._log_errors()

    def _log_errors(self) -> None:
        """What the application would have logged in the last seconds."""
        lines: list[str] = []
        for _ in range(40):
            line = {
                "@timestamp": datetime.now(UTC).isoformat(), "service": "orders", "level": "ERROR",
                "message": f'connection failed: FATAL: too many connections for database "{self.name}"',
            }  # fmt: skip
            lines += [json.dumps({"index": {}}), json.dumps(line)]
        answer = httpx.post(
            f"{self.elasticsearch.url}/{INDEX}/_bulk?refresh=true", content="\n".join(lines) + "\n",
            headers={"Content-Type": "application/x-ndjson"},
        )  # fmt: skip
        answer.raise_for_status()

    def open_session(self) -> psycopg.Connection:
        """An idle session of the report, of the very kind that may be ended."""
        dsn = make_conninfo(self.postgres.url(self.name, "durable_report"), application_name=REPORT)
        session = psycopg.connect(dsn, autocommit=True, connect_timeout=5)
        self.stack.callback(session.close)
        session.execute("SELECT 1")
        return session

    def measured(self) -> float | None:
        """What Prometheus knows, None before its first scrape."""
        answer = httpx.get(f"{self.prometheus.url}/api/v1/query", params={"query": "connections_refused"})
        found = answer.json()["data"]["result"]
        return float(found[0]["value"][1]) if found else None

    def _export(self) -> int:
        """Measured at each scrape, by connecting as the application does."""
        dsn = self.postgres.url(self.name, "durable_app")

        class Exporter(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                body = f"connections_refused {_refused(dsn)}\n".encode()
                self.send_response(200)
                self.send_header("Content-Type", "text/plain; version=0.0.4")
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the name in the base class
                """Scrapes are no news."""

        server = ThreadingHTTPServer(("127.0.0.1", 0), Exporter)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        self.stack.callback(server.server_close)
        self.stack.callback(server.shutdown)
        return server.server_address[1]

    # -- the worker

    def start_worker(self, prometheus_port: int | None = None, remedy_port: int | None = None) -> None:
        """`python -m workers`, by way of wiretaps where a port is given."""
        self.started += 1
        services = self.folder / "services.yaml"
        database = {"name": self.name, "application": "orders", "watch": "watch", "remedy": "remedy"}
        services.write_text(yaml.safe_dump({"services": [{"name": "orders", "databases": [database]}]}))
        environment = {
            "TEMPORAL_ADDRESS": self.temporal.address,
            "DATABASE_URL": self.store,
            "PROMETHEUS_URL": f"http://127.0.0.1:{prometheus_port}" if prometheus_port else self.prometheus.url,
            "ELASTICSEARCH_URL": self.elasticsearch.url,
            "ELASTICSEARCH_INDEX": INDEX,
            "NIGHTSHIFT_SERVICES": str(services),
            "NIGHTSHIFT_POSTMORTEMS": str(self.folder / "postmortems"),
            "NIGHTSHIFT_CONNECTION_WATCH": self.postgres.url("postgres", "durable_watch"),
            "NIGHTSHIFT_CONNECTION_REMEDY": self._remedy(remedy_port),
        }
        log = self.folder / f"worker-{self.started}.log"
        command = Command("worker", [sys.executable, "-m", "workers"], log, env=environment, cwd=ROOT)
        self.worker = ManagedProcess(command)
        self.worker.start()
        self.stack.callback(self.worker.kill)

    def _remedy(self, port: int | None) -> str:
        if port is None:
            return self.postgres.url("postgres", "durable_remedy")
        return f"postgresql://durable_remedy@127.0.0.1:{port}/postgres?sslmode=disable&gssencmode=disable"

    def kill_worker(self) -> None:
        """SIGKILL: no goodbye, no flush."""
        assert self.worker is not None
        assert self.worker.running, self.worker.log_tail()
        self.worker.kill()
        self.dead.append(self.worker)

    # -- the incident

    async def open_incident(self, client: Client, key: str) -> Handle:
        """What the starter does with Alertmanager's alert."""
        database = Database(name=self.name, application="orders", watch="watch", remedy="remedy")
        services = ServiceMap(services=(Service(name="orders", databases=(database,)),), expressions=(REFUSED,))
        now = datetime.now(UTC)
        anomaly = Anomaly(
            source="prometheus", fingerprint=key, name="ConnectionsRefused", service="orders",
            title="connections are refused", starts_at=now, seen_at=now, severity_label=Severity.HIGH,
            labels={"service": "orders", "job": "durable", "instance": "i"}, actual=1.0, expected=0.5,
            expression="max by (service) (connections_refused) > 0.5",
        )  # fmt: skip
        return await client.start_workflow(
            IncidentWorkflow.run, Opening(key=key, policy=POLICY, services=services), id=key, task_queue=TASK_QUEUE,
            start_signal="report", start_signal_args=[Report(anomalies=(anomaly,))],
        )  # fmt: skip

    def audited(self, incident: str) -> Sequence[AuditRow]:
        """The rows of what was done to the target."""
        with Pool(SecretStr(self.store)) as pool:
            return [row for row in PostgresAudit(pool).rows(incident) if row.action == "KILL_CONNECTIONS"]

    def ended(self) -> list[str]:
        """SQLSTATEs with which the server ended the sessions that were held; a session says its code only once."""
        for session in self.held:
            if session not in self._codes and (code := sqlstate(session)) is not None:
                self._codes[session] = code
        return list(self._codes.values())


def _refused(dsn: str) -> float:
    try:
        psycopg.connect(dsn, connect_timeout=2).close()
    except psycopg.OperationalError:
        return 1.0
    return 0.0


def sqlstate(session: psycopg.Connection) -> str | None:
    """How the server ended it; None while it answers."""
    try:
        session.execute("SELECT 1")
    except psycopg.Error as error:
        return error.sqlstate or "no code"
    return None


def wait_until(holds: Callable[[], bool], what: str, seconds: float = 30) -> None:
    """Fails with `what` when it does not hold in time."""
    deadline = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < deadline, f"not within {seconds:g} s: {what}"
        time.sleep(0.1)


async def timers(handle: Handle, summary: str) -> int:
    """How many timers with this summary history shows as started."""
    count = 0
    async for event in handle.fetch_history_events():
        if event.event_type is EventType.EVENT_TYPE_TIMER_STARTED and summary in str(event.user_metadata.summary.data):
            count += 1
    return count


async def until_timer(handle: Handle, summary: str, seconds: float = 60) -> None:
    """Returns when history shows the timer."""
    deadline = time.monotonic() + seconds
    while not await timers(handle, summary):
        assert time.monotonic() < deadline, f"no timer {summary!r} within {seconds:g} s"
        await asyncio.sleep(0.1)
