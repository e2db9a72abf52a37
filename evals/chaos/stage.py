"""The stage of a run: real servers, the systems under care, and the product as processes of its own."""

import secrets
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import yaml

from evals.chaos.complaints import INDEX, complain, no_connection, open_log
from evals.chaos.past import write_past
from evals.chaos.patients import METRIC, OWN, REMEDY_ROLE, WATCH_ROLE, Patient, Patients, database_of
from evals.chaos.processes import Mortals, OneProcess, run_once, start_all
from rig.servers.elasticsearch import ElasticsearchServer
from rig.servers.ports import LOOPBACK, free_port
from rig.servers.postgres import PostgresServer
from rig.servers.prometheus import PrometheusServer
from rig.servers.smtp import SmtpInbox
from rig.servers.temporal import HASTY, TemporalServer
from workflows.search_attributes import ALL

ACTS, ASKS = "acts", "asks"
"""Two starters stand for two teams: one lets the machine act by itself, the other wants to be asked."""
APPROVER = "mia"
STORE = "nightshift"
MAIL_DOMAIN = "chaos.invalid"


def policy(services: Sequence[str], *, asks: bool, **changes: Any) -> dict[str, Any]:  # noqa: ANN401 - YAML
    """A policy of seconds. With `asks` no confidence is enough: a person decides everything.

    Evidence is thin here (no traces, no changes), so a cause that is named is enough: how often
    that is right is measured elsewhere.
    """
    minutes = {
        "tell_below": 0.0, "attempts": 2, "delay_min": 0.5, "channels": ["email"], "tier": 2, "acknowledge_min": 0.75,
        "mttr_target_min": 2.0, "decide_min": 0.4,
    }  # fmt: skip
    return {
        "max_risk_level": "LOW",
        "allow": [f"database/{database_of(service)}" for service in services],
        "floors": {"LOW": 1.0 if asks else 0.0},
        "limits": {"per_target_hour": 50, "per_hour": 1000},
        "gather_s": 2,
        "watch_s": 10,
        "recheck_s": 4,
        "verification": {"settle_s": 3, "samples": 2, "every_s": 1, "scrape_s": 1},
        "kill_connections": {"idle_age_s": 1, "cap": 20},
        "approvers": [APPROVER],
        "escalation": dict.fromkeys(("CRITICAL", "HIGH", "MEDIUM", "LOW"), minutes),
        **changes,
    }


def service_map(services: Sequence[str], callers: Mapping[str, str]) -> dict[str, Any]:
    """Each service with its database, and who calls whom."""
    own = [
        {"name": name, "databases": [
            {"name": database_of(name), "application": OWN, "watch": "watch", "remedy": "remedy"},
        ]}
        for name in services
    ]  # fmt: skip
    expression = {
        "name": "refused", "kind": "errors", "query": f'max({METRIC}{{service="{{service}}"}})', "unit": "share",
        "floor": 0.05, "bound": 0.5,
    }  # fmt: skip
    calling = [{"name": caller, "depends_on": [callee]} for caller, callee in callers.items()]
    return {"services": [*own, *calling], "expressions": [expression]}


class Stage:
    """Everything that runs, on loopback; it ends with the block."""

    def __init__(self, folder: Path, services: Sequence[str], callers: Mapping[str, str], workers: int = 1) -> None:
        self._folder = folder
        self._services = services
        self._callers = callers
        self._running = ExitStack()
        # What dies here are processes, never the machine: nobody has to wait for the disk.
        self.temporal = TemporalServer(folder / "temporal", search_attributes=ALL, log_level="error", settings=HASTY)
        self.postgres = PostgresServer(folder / "postgres", settings={"max_connections": "1000", "fsync": "off"})
        self.prometheus = PrometheusServer(folder / "prometheus", scrape_interval=1.5, evaluation_interval=1.5)
        self.elasticsearch = ElasticsearchServer(folder / "elasticsearch")
        self.inbox = SmtpInbox(folder / "mail")
        self.patients = Patients(self.postgres)
        self.token = secrets.token_urlsafe(24)
        self.addresses = {door: f"http://{LOOPBACK}:{free_port()}" for door in (ACTS, ASKS)}
        self.store = ""
        self.worker_wires: dict[str, str] = {}
        """Settings of the workers that lead them to their servers by another way: a test listens in there."""
        self.starter_wires: dict[str, dict[str, str]] = {ACTS: {}, ASKS: {}}
        self.mortals = Mortals(
            tuple(self._worker(number) for number in range(1, workers + 1)),
            tuple(self._starter(door) for door in (ACTS, ASKS)),
            self.temporal,
        )

    def start(self) -> None:
        """Bring everything up; returns when the webhooks answer."""
        self._folder.mkdir(parents=True, exist_ok=True)
        self._write("services.yaml", service_map(self._services, self._callers))
        for door in (ACTS, ASKS):
            self._write(f"policy-{door}.yaml", policy(self._services, asks=door == ASKS))
        for server in (self.postgres, self.temporal, self.elasticsearch, self.inbox):
            self._running.enter_context(server)
        open_log(self.elasticsearch.url)
        self.store = self.postgres.create_database(STORE)
        self.patients.open()
        self._running.callback(self.patients.close)
        for service in self._services:
            self.patients.admit(service)
        self.prometheus.jobs = [self.patients.scrape_job]
        write_past(self.prometheus, self._services)
        self._running.enter_context(self.prometheus)
        run_once(self._environment(ACTS), "migrate")
        processes = (*self.mortals.workers, *self.mortals.starters)
        for process in processes:
            self._running.callback(process.end)
        start_all(processes)

    def fall_ill(self, service: str, application: str) -> Patient:
        """The application takes all connections of the service's database, and the service complains."""
        patient = self.patients[service]
        patient.fall_ill(application)
        complain(self.elasticsearch.url, service, no_connection(patient.database))
        return patient

    def _worker(self, number: int) -> OneProcess:
        folder = self._folder / f"worker-{number}"
        return OneProcess("worker", folder, lambda: {**self._environment(ACTS), **self.worker_wires})

    def _starter(self, door: str) -> OneProcess:
        return OneProcess(
            "starter", self._folder / f"starter-{door}",
            lambda: {**self._environment(door), **self.starter_wires[door]}, f"{self.addresses[door]}/health",
        )  # fmt: skip

    def _write(self, name: str, content: Mapping[str, Any]) -> None:
        (self._folder / name).write_text(yaml.safe_dump(dict(content)))

    def _environment(self, door: str) -> Mapping[str, str]:
        return {
            "TEMPORAL_ADDRESS": self.temporal.address,
            "DATABASE_URL": self.store,
            "PROMETHEUS_URL": self.prometheus.url,
            "ELASTICSEARCH_URL": self.elasticsearch.url,
            "ELASTICSEARCH_INDEX": INDEX,
            "SMTP_URL": f"smtp://{LOOPBACK}:{self.inbox.port}",
            "EMAIL_FROM": f"nightshift@{MAIL_DOMAIN}",
            "EMAIL_TO": f"oncall@{MAIL_DOMAIN}",
            # What is counted is what becomes of the alerts that are sent.
            "NIGHTSHIFT_DETECTION_EVERY_S": "0",
            "NIGHTSHIFT_POLICY": str(self._folder / f"policy-{door}.yaml"),
            "NIGHTSHIFT_SERVICES": str(self._folder / "services.yaml"),
            "NIGHTSHIFT_POSTMORTEMS": str(self._folder / "postmortems"),
            "NIGHTSHIFT_CONNECTION_WATCH": self.postgres.url("postgres", WATCH_ROLE),
            "NIGHTSHIFT_CONNECTION_REMEDY": self.postgres.url("postgres", REMEDY_ROLE),
            "NIGHTSHIFT_WEBHOOK_TOKEN": self.token,
            "NIGHTSHIFT_PORT": self.addresses[door].rpartition(":")[2],
        }

    def __enter__(self) -> Self:
        try:
            self.start()
        except BaseException:
            self._running.close()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._running.close()
