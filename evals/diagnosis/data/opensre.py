"""OpenSRE's synthetic incidents of one PostgreSQL on RDS: `tests/synthetic/rds_postgres/NNN-NAME/` with metrics, events
and Performance Insights as AWS answers, and an answer key. Scenarios may leave files to a base scenario.

One service, so the question is which kind of cause, or whether anything is wrong at all. The suite's words are coarser
than the product's (a full disk and a full pool are both "resource_exhaustion"): `CATEGORY` translates.
"""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import yaml

from analysis import platform_events
from analysis.platform_events import Notice
from analysis.shifts import Measured
from analysis.wait_events import Waits, findings
from domain.finding import Category, Finding, Source, Window
from domain.question import Question
from domain.services import Expression, MetricKind, Service, ServiceMap
from evals.diagnosis.case import Case, MissingDataError

CATEGORY: Mapping[Category, str] = {
    Category.CONNECTION_POOL: "resource_exhaustion",
    Category.MEMORY_LEAK: "resource_exhaustion",
    Category.CPU_SATURATION: "resource_exhaustion",
    Category.LOAD_SPIKE: "resource_exhaustion",
    Category.DISK: "resource_exhaustion",
    Category.DEPENDENCY: "resource_exhaustion",
    Category.NETWORK: "infrastructure",
}
# What the suite forbids is finer: these are the product's words for it.
FORBIDDEN: Mapping[Category, str] = {
    Category.CPU_SATURATION: "cpu_saturation",
    Category.CONNECTION_POOL: "connection_exhaustion",
}
EVIDENCE: Mapping[str, Source] = {
    "aws_cloudwatch_metrics": Source.METRICS,
    "aws_rds_events": Source.CHANGES,
    "aws_performance_insights": Source.DATABASE,
}
FORBIDS, REQUIRES = "forbidden_categories", "required_evidence_sources"
_MODES: Mapping[str, Category] = {
    "replication_lag": Category.DEPENDENCY,
    "connection_exhaustion": Category.CONNECTION_POOL,
    "storage_full": Category.DISK,
    "cpu_saturation": Category.CPU_SATURATION,
    "failover": Category.NETWORK,
}
_METRICS: Mapping[str, tuple[MetricKind, str]] = {
    "CPUUtilization": ("cpu", "up"),
    "DatabaseConnections": ("connections", "up"),
    "FreeStorageSpace": ("disk", "down"),
    "WriteLatency": ("disk", "up"),
    "ReadLatency": ("disk", "up"),
    "DiskQueueDepth": ("disk", "up"),
    "FreeableMemory": ("memory", "down"),
    "ReplicaLag": ("replication", "up"),
}
# Floors by unit: a percent, a connection, a second of lag or a queued request, a millisecond, a megabyte.
_FLOORS: Mapping[str, float] = {
    "Percent": 1.0, "Count": 1.0, "Seconds": 1.0, "Milliseconds": 1.0, "Bytes": 1e6,
}  # fmt: skip
_SECONDS_OF_A_REQUEST = 0.001
_LAST = 3
_CONNECTIONS = re.compile(r"connection", re.I)
_NUMBER = re.compile(r"\b\d[\d,]*\b")


class OpenSre:
    """15 scenarios."""

    name = "opensre"
    repository = "Tracer-Cloud/opensre"
    tuning: tuple[str, ...] = ("rds_postgres",)
    published: Mapping[str, object] = {}
    timed = False

    def parts(self, data: Path) -> tuple[str, ...]:
        folder = data / "tests" / "synthetic"
        if not folder.is_dir():
            raise MissingDataError(f"{folder} is missing: {data} should be a checkout of {self.repository}")
        return tuple(part for part in self.tuning if (folder / part).is_dir())

    def cases(self, data: Path, part: str, late_s: float = 0.0) -> Iterator[Case]:  # noqa: ARG002 -- as the others
        """A scenario is one window that holds all of it: no time is stated that could be late."""
        folders = sorted(f for f in (data / "tests" / "synthetic" / part).glob("[0-9]*") if f.is_dir())
        if not folders:
            raise MissingDataError(f"{data / 'tests' / 'synthetic' / part} has no scenario")
        for folder in folders:
            yield _Scenario(folder, part).case()


class _Scenario:
    """One folder, with its base where it names one."""

    def __init__(self, folder: Path, part: str) -> None:
        self._folder, self._part = folder, part
        said = _yaml(folder / "scenario.yml")
        self._base = folder.parent / str(said["base"]) if "base" in said else None
        known = {**(_yaml(self._base / "scenario.yml") if self._base else {}), **said}
        self._mode = str(known.get("failure_mode", ""))
        self._service = str(known["db_instance_identifier"])
        self._answer = _yaml(folder / "answer.yml")

    def case(self) -> Case:
        metrics = self._metrics()
        start, end = _time(metrics["start_time"]), _time(metrics["end_time"])
        notices = [
            Notice(_time(e["date"]), self._service, str(e["message"]))
            for e in self._json("aws_rds_events.json")["events"]
        ]
        window = Window(start=start, end=end + timedelta(minutes=1))
        expected = str(self._answer["root_cause_category"])
        told: list[Finding] = [
            *platform_events.findings(notices, window),
            *findings(self._service, self._waits(), window),
        ]
        return Case(
            name=self._folder.name, part=self._part, group=expected, question=self._question(start, end),
            truth=frozenset() if expected == "healthy" else frozenset({self._service}),
            measured=[m for one in metrics["metric_data_results"] if (m := self._measured(one, notices)) is not None],
            told=told, kinds=self._kinds(),
            notes={"expected": expected, **{key: self._listed(key) for key in (FORBIDS, REQUIRES)}},
        )  # fmt: skip

    def _kinds(self) -> frozenset[Category]:
        """Of the mode. One scenario's key forbids to name its mode as the cause: then the suite does not tell."""
        forbidden = self._listed(FORBIDS)
        known = {_MODES[self._mode]} if self._mode in _MODES and self._mode not in forbidden else set[Category]()
        return frozenset(known)

    def _listed(self, key: str) -> list[str]:
        return [str(one) for one in self._answer.get(key) or ()]

    def _measured(self, one: Mapping[str, Any], notices: Sequence[Notice]) -> Measured | None:
        """The window's first minute is its calm: the suite lets every fault grow out of it."""
        if one["metric_name"] not in _METRICS or not one["values"]:
            return None
        kind, harmful = _METRICS[one["metric_name"]]
        values = [float(v) for v in one["values"]]
        floor = _FLOORS[one["unit"]]
        if one["unit"] == "Seconds" and kind == "disk":
            floor = _SECONDS_OF_A_REQUEST
        limit = {"cpu": 100.0, "connections": _most_connections(notices, max(values))}.get(kind)
        return Measured(
            self._service, str(one["metric_name"]), kind, "down" if harmful == "down" else "up", floor,
            values[:1], values[-_LAST:], limit=limit,
        )  # fmt: skip

    def _waits(self) -> Waits:
        said = self._json("aws_performance_insights.json")
        load = [float(v) for v in said["db_load"]["values"]]
        by_event = {str(w["name"]): float(w["db_load_avg"]) for w in said["top_wait_events"]}
        return Waits(load[:1], load[-_LAST:], by_event)

    def _metrics(self) -> dict[str, Any]:
        """In one file, or split into one for each metric and an envelope."""
        for folder in (self._folder, self._base):
            if folder is None:
                continue
            if (folder / "aws_cloudwatch_metrics.json").is_file():
                return _json(folder / "aws_cloudwatch_metrics.json")
            if (folder / "aws_cloudwatch_metrics_envelope.json").is_file():
                files = sorted(folder.glob("aws_cloudwatch_metrics_[A-Z]*.json"))
                return {
                    **_json(folder / "aws_cloudwatch_metrics_envelope.json"),
                    "metric_data_results": [_json(f) for f in files],
                }
        raise MissingDataError(f"{self._folder} has no metrics")

    def _json(self, name: str) -> dict[str, Any]:
        for folder in (self._folder, self._base):
            if folder is not None and (folder / name).is_file():
                return _json(folder / name)
        raise MissingDataError(f"{self._folder / name} is missing")

    def _question(self, start: datetime, end: datetime) -> Question:
        graph = ServiceMap(
            services=(Service(name=self._service),),
            expressions=(Expression(name="any", kind="cpu", query="any", unit="", floor=1.0),),
        )
        return Question(incident=self._folder.name, services=(self._service,), onset=start, now=end, graph=graph)


def _most_connections(notices: Sequence[Notice], used: float) -> float | None:
    """max_connections, where an event tells it: the least number in words about connections that was never exceeded."""
    said = [n.text for n in notices if _CONNECTIONS.search(n.text)]
    numbers = [float(number.replace(",", "")) for text in said for number in _NUMBER.findall(text)]
    return min((n for n in numbers if n > used), default=None)


def _time(text: str) -> datetime:
    return datetime.fromisoformat(text.replace("Z", "+00:00"))


def _json(file: Path) -> dict[str, Any]:
    return json.loads(file.read_text(encoding="utf-8"))


def _yaml(file: Path) -> dict[str, Any]:
    if not file.is_file():
        raise MissingDataError(f"{file} is missing")
    return yaml.safe_load(file.read_text(encoding="utf-8"))
