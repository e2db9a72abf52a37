"""The systems under care: PostgreSQL databases of which each takes a few connections, and somebody holds them all."""

import threading
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import psycopg
from psycopg import sql
from psycopg.conninfo import make_conninfo

from rig.faults.fault import FaultFailedError
from rig.faults.held_sessions import HeldSessions
from rig.servers.postgres import PostgresServer
from rig.servers.prometheus import ScrapeJob

SESSIONS = 16
"""As many connections as a database takes. Fewer would say less: a pool of four that is full is soon full by chance."""
REPORT = "nightly-report"
"""The application that may be ended."""
OWN = "shop"
"""The service's own: it is never ended, so that the machine has no remedy."""
APP_ROLE, REPORT_ROLE, WATCH_ROLE, REMEDY_ROLE = "care_app", "care_report", "care_watch", "care_remedy"
METRIC = "connections_refused"
_FILL_S, _AGAIN_S = 20.0, 0.02
_MEASURE_EVERY_S = 1.0


@dataclass
class Patient:
    """The database of one service. `bystanders` come when the first session has been ended: nobody ever meant them."""

    service: str
    database: str
    postgres: PostgresServer
    held: HeldSessions = field(default_factory=HeldSessions)
    bystanders: HeldSessions = field(default_factory=HeldSessions)
    ill_since: datetime | None = None

    @property
    def target(self) -> str:
        return f"database/{self.database}"

    def fall_ill(self, application: str = REPORT) -> None:
        """Take every connection and leave it idle. Raises FaultFailedError if that takes long."""
        self.ill_since = datetime.now(UTC)
        deadline = time.monotonic() + _FILL_S
        while self.held.opened < SESSIONS:
            try:
                self.held.hold(self._session(application))
            except psycopg.OperationalError as error:  # the exporter is just measuring, by connecting
                if "too many connections" not in str(error) or time.monotonic() > deadline:
                    raise FaultFailedError(f"{self.database}: {error}") from error
                time.sleep(_AGAIN_S)

    def recover(self) -> None:
        """Whoever held the connections lets go."""
        self.held.close()

    def refuses(self) -> bool:
        """Can the application connect?"""
        try:
            psycopg.connect(self.postgres.url(self.database, APP_ROLE), connect_timeout=2).close()
        except psycopg.OperationalError:
            return True
        return False

    def welcome_bystander(self) -> None:
        """Once the machine has begun to act, somebody opens a session of the very kind that it ends."""
        if self.held.ended and not self.bystanders.opened and not self.refuses():
            with suppress(psycopg.OperationalError):  # somebody else took what was free: then the next time
                self.bystanders.hold(self._session(REPORT))

    def discharge(self) -> None:
        self.held.close()
        self.bystanders.close()

    def _session(self, application: str) -> psycopg.Connection:
        dsn = make_conninfo(self.postgres.url(self.database, REPORT_ROLE), application_name=application)
        session = psycopg.connect(dsn, autocommit=True, connect_timeout=5)
        session.execute("SELECT 1")
        return session


class Patients:
    """All of them, with an exporter that measures for Prometheus whether one can connect."""

    def __init__(self, postgres: PostgresServer) -> None:
        self._postgres = postgres
        self._all: dict[str, Patient] = {}
        self._lock = threading.Lock()
        self._server: ThreadingHTTPServer | None = None
        self._page = ""
        self._over = threading.Event()
        self._measuring = threading.Thread(target=self._measure, name="measuring", daemon=True)

    def open(self) -> None:
        """Roles as the documentation asks for them, and the exporter."""
        for role in (APP_ROLE, REPORT_ROLE, WATCH_ROLE, REMEDY_ROLE):
            self._postgres.create_role(role)
        with self._postgres.connect() as admin:
            admin.execute(f"GRANT pg_signal_backend, pg_read_all_stats TO {REMEDY_ROLE}")
            admin.execute(f"GRANT pg_read_all_stats TO {WATCH_ROLE}")
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), _exporter(self))
        threading.Thread(target=self._server.serve_forever, name="exporter", daemon=True).start()
        self._measuring.start()

    @property
    def scrape_job(self) -> ScrapeJob:
        assert self._server is not None  # noqa: S101 - open() comes first
        return ScrapeJob("care", [f"127.0.0.1:{self._server.server_address[1]}"])

    def admit(self, service: str) -> Patient:
        """A database for the service. It is measured from now on, so that there is a time in which it was well."""
        database = database_of(service)
        with self._postgres.connect() as admin:
            name, limit = sql.Identifier(database), sql.Literal(SESSIONS)
            admin.execute(sql.SQL("CREATE DATABASE {} CONNECTION LIMIT {}").format(name, limit))
        patient = Patient(service, database, self._postgres)
        with self._lock:
            self._all[service] = patient
        return patient

    def __iter__(self) -> Iterator[Patient]:
        with self._lock:
            return iter(list(self._all.values()))

    def __getitem__(self, service: str) -> Patient:
        return self._all[service]

    def close(self) -> None:
        self._over.set()
        if self._measuring.ident is not None:
            self._measuring.join()
        for patient in self:
            patient.discharge()
        if self._server is not None:
            self._server.shutdown()
            self._server.server_close()

    @property
    def page(self) -> str:
        """What was measured last. A scrape that waited for it would be given up where the machine is slow."""
        return self._page

    def _measure(self) -> None:
        while not self._over.wait(_MEASURE_EVERY_S):
            self._page = self._measured()

    def _measured(self) -> str:
        """One line for each that was admitted, by connecting as its application does."""
        lines: list[str] = []
        for patient in self:
            lines.append(f'{METRIC}{{service="{patient.service}"}} {int(patient.refuses())}')
            patient.welcome_bystander()
        return "\n".join([*lines, ""])


def database_of(service: str) -> str:
    return f"care_{service.replace('-', '_')}"


def _exporter(patients: Patients) -> type[BaseHTTPRequestHandler]:
    class Exporter(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            body = patients.page.encode()
            self.send_response(200)
            self.send_header("Content-Type", "text/plain; version=0.0.4")
            with suppress(ConnectionError):  # a scraper that has given up on us
                self.end_headers()
                self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the name in the base class
            """Scrapes are no news."""

    return Exporter
