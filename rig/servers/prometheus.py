"""Prometheus: scrapes what it is told, judges rules, and can be given a past before it starts."""

import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import yaml

from rig.obtain import prometheus
from rig.servers.plain import PLAIN
from rig.servers.ports import LOOPBACK, free_port, preferred_port
from rig.servers.process import Command, ManagedProcess, answers_http
from rig.servers.server import Server

_PORT = 9090
RETENTION = "60d"
# Prometheus finds its Alertmanager some seconds after the start; an alert that fired before is sent again after
# this time, by default a minute.
RESEND = "10s"
RELOAD_SECONDS = 10.0
# A file of targets is followed by the kernel's notices; this is for what those miss.
FILE_REFRESH = "5s"


@dataclass(frozen=True)
class ScrapeJob:
    """Targets as `host:port`, scraped at `path`; `labels` are put on every series.

    `file` names more of them in Prometheus' own JSON form (file_sd) and is followed while it changes. `every` is
    the job's own interval and the longest that a scrape may take, in seconds; the server's where there is none.
    """

    name: str
    targets: Sequence[str] = ()
    labels: Mapping[str, str] = field(default_factory=dict[str, str])
    path: str = "/metrics"
    file: Path | None = None
    every: float | None = None

    def as_config(self) -> dict[str, Any]:
        """The entry under `scrape_configs`."""
        static = {"targets": list(self.targets), "labels": dict(self.labels)}
        job: dict[str, Any] = {"job_name": self.name, "metrics_path": self.path, "static_configs": [static]}
        if self.file is not None:
            job["file_sd_configs"] = [{"files": [str(self.file)], "refresh_interval": FILE_REFRESH}]
        if self.every is not None:
            job |= {"scrape_interval": _milliseconds(self.every), "scrape_timeout": _milliseconds(self.every)}
        return job


class PrometheusServer(Server):
    """Prometheus at `url`. Change `jobs`, `rules` or `alertmanager` and call `reload()` while it runs."""

    def __init__(
        self,
        folder: Path,
        *,
        jobs: Sequence[ScrapeJob] = (),
        rules: Sequence[Path] = (),
        alertmanager: str | None = None,
        scrape_interval: float = 5.0,
        evaluation_interval: float = 5.0,
        known_port: bool = False,
    ) -> None:
        """Intervals in seconds; `alertmanager` is its URL; `known_port` prefers 9090 where it is free."""
        self._folder = folder.absolute()
        self.data = self._folder / "data"
        self.jobs = list(jobs)
        self.rules = list(rules)
        self.alertmanager = alertmanager
        self._scrape_interval = scrape_interval
        self._evaluation_interval = evaluation_interval
        self._address = f"{LOOPBACK}:{preferred_port(_PORT) if known_port else free_port()}"
        self.url = f"http://{self._address}"
        self.process: ManagedProcess | None = None

    def backfill(self, openmetrics: Path) -> None:
        """Write the samples of an OpenMetrics file as blocks, before the start; ValueError where it is malformed."""
        self.data.mkdir(parents=True, exist_ok=True)
        tool = prometheus.obtain().promtool
        argv = [tool, "tsdb", "create-blocks-from", "openmetrics", str(openmetrics), str(self.data)]
        done = subprocess.run(argv, capture_output=True, text=True, check=False)
        if done.returncode != 0:
            raise ValueError(f"promtool refused {openmetrics.name!r}: {done.stderr.strip()}")

    def start(self) -> None:
        """Start it; returns when it answers queries."""
        self._write_config()
        log = self._folder / "prometheus.log"
        programs = prometheus.obtain()
        pages = [f"--web.local-assets={programs.pages}"] if programs.pages else []
        argv = [str(programs.prometheus), *self._arguments(), *pages]
        self.process = ManagedProcess(Command("Prometheus", argv, log))
        self.process.start(answers_http(f"{self.url}/-/ready"))

    def _arguments(self) -> list[str]:
        return [
            f"--config.file={self._config_file}",
            f"--storage.tsdb.path={self.data}",
            f"--storage.tsdb.retention.time={RETENTION}",
            f"--web.listen-address={self._address}",
            f"--web.external-url={self.url}",  # else its links name this machine
            "--web.enable-lifecycle",
            f"--rules.alert.resend-delay={RESEND}",
        ]

    def reload(self) -> None:
        """Take over changed jobs and rules; RuntimeError with Prometheus's words where it refuses them."""
        self._write_config()
        answer = httpx.post(f"{self.url}/-/reload", timeout=RELOAD_SECONDS, trust_env=False, verify=PLAIN)
        if answer.is_error:
            raise RuntimeError(f"Prometheus did not take its configuration: {answer.text.strip()}")

    def stop(self) -> None:
        """Stop it; the data stays in the folder."""
        if self.process is not None:
            self.process.stop()

    @property
    def _config_file(self) -> Path:
        return self._folder / "prometheus.yml"

    def _write_config(self) -> None:
        self._folder.mkdir(parents=True, exist_ok=True)
        self._config_file.write_text(yaml.safe_dump(self._config()))

    def _config(self) -> dict[str, Any]:
        intervals = {
            "scrape_interval": _milliseconds(self._scrape_interval),
            "scrape_timeout": _milliseconds(self._scrape_interval),
            "evaluation_interval": _milliseconds(self._evaluation_interval),
        }
        managers = [{"targets": [self.alertmanager.removeprefix("http://")]}] if self.alertmanager else []
        return {
            "global": intervals,
            "rule_files": [str(path.absolute()) for path in self.rules],
            "scrape_configs": [job.as_config() for job in self.jobs],
            "alerting": {"alertmanagers": [{"static_configs": managers}]},
        }


def _milliseconds(seconds: float) -> str:
    return f"{round(seconds * 1000)}ms"
