"""A PostgreSQL database under care: roles, a connection limit, and sessions of others that a test opens in it."""

import time
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from typing import Any

import psycopg
from psycopg.conninfo import make_conninfo
from pydantic import SecretStr

from domain.finding import Category
from domain.levels import Risk
from domain.plan import Action, Plan
from domain.services import Database, Service, ServiceMap
from integrations.ports import Intent
from integrations.postgres.kill_connections import KillConnections
from integrations.postgres.kill_target import Session
from integrations.postgres.sessions import PostgresSessions
from rig.servers.postgres import PostgresServer

APP, REPORTING, WATCH, REMEDY = "care_app", "care_reporting", "care_watch", "care_remedy"
SERVICE, REPORT = "orders-app", "nightly-report"
LIMIT = 8


@dataclass
class UnderCare:
    """A database with a limit of LIMIT connections; the roles that look and act know the database `postgres` only."""

    server: PostgresServer
    name: str
    stack: ExitStack = field(default_factory=ExitStack)

    @property
    def database(self) -> Database:
        return Database(name=self.name, application=SERVICE, watch="watch", remedy="remedy")

    @property
    def services(self) -> ServiceMap:
        return ServiceMap(services=(Service(name="orders", databases=(self.database,)),), expressions=())

    @property
    def connections(self) -> dict[str, SecretStr]:
        roles = {"watch": WATCH, "remedy": REMEDY, "reporting": REPORTING, "superuser": "postgres"}
        return {name: SecretStr(self.server.url("postgres", role)) for name, role in roles.items()}

    @property
    def source(self) -> PostgresSessions:
        return PostgresSessions(self.connections)

    @property
    def remediator(self) -> KillConnections:
        return KillConnections(self.connections, self.services, read_back_s=2)

    def session(self, application: str = REPORT, role: str = REPORTING) -> psycopg.Connection:
        """A session that is closed after the test; each statement commits by itself, and waits 20 s at most."""
        url = self.server.url(self.name, role)
        dsn = make_conninfo(url, application_name=application, options="-c statement_timeout=20s")
        session = psycopg.connect(dsn, autocommit=True, connect_timeout=5)
        self.stack.callback(session.close)
        return session

    def sessions(self, count: int) -> list[psycopg.Connection]:
        return [self.session() for _ in range(count)]

    def state_of(self, session: psycopg.Connection) -> str:
        """What pg_stat_activity calls it: idle, active, idle in transaction."""
        query = "SELECT state FROM pg_stat_activity WHERE pid = %s"
        row = self.admin().execute(query, [session.info.backend_pid]).fetchone()
        assert row is not None
        return row[0]

    def admin(self) -> psycopg.Connection:
        """A superuser's session in `postgres`, closed after the test."""
        return self.stack.enter_context(self.server.connect())


def wait_until(holds: Callable[[], bool], what: str, seconds: float = 20.0) -> None:
    """Look again and again; fails with `what` when it does not hold in time."""
    deadline = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < deadline, f"not within {seconds:g} s: {what}"
        time.sleep(0.05)


def alive(session: psycopg.Connection) -> bool:
    """Does the session still answer? False only when the server has ended it for an administrator."""
    try:
        session.execute("SELECT 1")
    except psycopg.errors.AdminShutdown:
        return False
    return True


def plan_for(care: UnderCare, **parameters: Any) -> Plan:
    """A plan against the report's sessions that have been idle for a second, with other values where given."""
    asked = {"role": REPORTING, "application": REPORT, "idle_age_s": 1, "cap": 50, "remedy": "remedy"}
    return Plan(
        incident="INC-20260131-ABCDEF",
        attempt=1,
        action=Action.KILL_CONNECTIONS,
        service="orders",
        category=Category.CONNECTION_POOL,
        target=care.database.target,
        parameters={**asked, "database": care.name, **parameters},
        risk=Risk.LOW,
        sentence="End idle sessions.",
        expected_effect="Connections are free again.",
        timeout_s=60,
    )


def intent_of(care: UnderCare, plan: Plan, sessions: int) -> Intent:
    """The intent once that many sessions are idle for long enough."""
    wait_until(lambda: len(care.remediator.intend(plan).items) == sessions, f"{sessions} sessions may be ended")
    return care.remediator.intend(plan)


def pids(sessions: Sequence[psycopg.Connection]) -> list[int]:
    return [session.info.backend_pid for session in sessions]


def intended_pids(intent: Intent) -> list[int]:
    return [Session.of(item).pid for item in intent.items]
