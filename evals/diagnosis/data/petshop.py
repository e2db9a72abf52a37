"""PetShop, amazon-science/petshop-root-cause-analysis: `dataset/PART/` with the call graph, two days without an issue,
and issues with five rows of five minutes each around an alert. X-Ray's view: a node for each thing that is called.
"""

import csv
import json
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from analysis.metric_evidence import Alerted
from analysis.shifts import Measured
from domain.question import Question
from domain.services import Expression, MetricKind, Service, ServiceMap
from evals.diagnosis.case import Case, MissingDataError

Key = tuple[str, str, str]
Rows = NDArray[np.float64]

_KINDS: Mapping[str, MetricKind] = {"latency": "latency", "availability": "errors", "requests": "load"}
_AGGREGATE = {"latency": "Average", "availability": "Average", "requests": "Sum"}
# As in the product: a millisecond, half a percent, half a request.
_FLOORS: Mapping[str, float] = {"latency": 0.001, "availability": 0.005, "requests": 0.5}
# Rows are five minutes long: the two that begin within ten minutes of the alert.
_LOOK_S = 600.0
_SPECIFICITY_STEP = 0.1
_SPECIFICITY_ROWS = 3


@dataclass(frozen=True)
class _Table:
    """Values by row and (service, measure, aggregate); `at` in unix seconds. NaN: nothing was measured."""

    at: Rows
    columns: Mapping[Key, Rows]

    def between(self, start: float, end: float) -> "_Table":
        rows = (self.at >= start) & (self.at < end)
        return _Table(self.at[rows], {key: values[rows] for key, values in self.columns.items()})


class PetShop:
    """68 issues under four kinds of traffic."""

    name = "petshop"
    repository = "amazon-science/petshop-root-cause-analysis"
    tuning: tuple[str, ...] = ("low_traffic",)
    published: Mapping[str, object] = {
        "anomaly traversal, low_traffic": {
            "latency_top1": 0.571, "latency_top3": 0.571, "availability_top1": 0.833, "availability_top3": 1.0,
        },
        "anomaly traversal, high_traffic": {
            "latency_top1": 0.571, "latency_top3": 0.786, "availability_top1": 0.667, "availability_top3": 1.0,
        },
        "anomaly traversal, specificity by latency": [0.17, 0.33],
    }  # fmt: skip

    timed = True

    def parts(self, data: Path) -> tuple[str, ...]:
        return tuple(sorted(f.name for f in _folder(data).iterdir() if f.is_dir()))

    def cases(self, data: Path, part: str, late_s: float = 0.0) -> Iterator[Case]:
        folder = _folder(data) / part
        for needed in ("graph.csv", "noissue/metrics.csv"):
            if not (folder / needed).is_file():
                raise MissingDataError(f"{folder / needed} is missing")
        graph, calm = _graph(folder / "graph.csv"), _table(folder / "noissue" / "metrics.csv")
        targets: set[tuple[str, str]] = set()
        for file in sorted(folder.glob("t*/issue_*/target.json")):
            said: dict[str, Any] = json.loads(file.read_text(encoding="utf-8"))
            targets.add((said["target"]["node"], said["target"]["metric"]))
            yield _issue(file, part, said, graph, calm, late_s)
        for node, metric in sorted(targets):
            yield from _normal(part, node, metric, graph, calm)


def _folder(data: Path) -> Path:
    folder = data / "dataset"
    if not folder.is_dir():
        raise MissingDataError(f"{folder} is missing: {data} should be a checkout of {PetShop.repository}")
    return folder


def _issue(
    file: Path, part: str, said: Mapping[str, Any], graph: ServiceMap, calm: _Table, late_s: float
) -> Case:  # fmt: skip
    at, target = float(said["target"]["timestamp"]) + late_s, said["target"]
    rows = _table(file.with_name("metrics.csv"))
    measured = _measured(calm, rows.between(-math.inf, at), rows.between(at, at + _LOOK_S))
    name = f"{part}/{file.parent.parent.name}/{file.parent.name}"
    truth = frozenset({str(said["root_cause"]["node"])})
    return _case(name, part, target["metric"], at, target["node"], graph, measured, truth)


def _normal(part: str, node: str, metric: str, graph: ServiceMap, calm: _Table) -> Iterator[Case]:
    """Windows without an issue, cut where the data set's own evaluation cuts them; as many rows as an issue has."""
    size = len(calm.at)
    for split in range(size // 2, size - _SPECIFICITY_ROWS, int(size * _SPECIFICITY_STEP)):
        at = float(calm.at[split])
        before = calm.between(at - _LOOK_S, at)
        measured = _measured(calm.between(-math.inf, at - _LOOK_S), before, calm.between(at, at + _LOOK_S))
        yield _case(f"{part}/normal/{metric}/{split}", part, metric, at, node, graph, measured, frozenset())


def _case(
    name: str, part: str, metric: str, at: float, node: str, graph: ServiceMap, measured: Sequence[Measured],
    truth: frozenset[str],
) -> Case:  # fmt: skip
    onset = datetime.fromtimestamp(at, UTC)
    services = (node, *(s.name for s in graph.services if s.name != node))
    question = Question(
        incident=name, services=services, onset=onset, now=onset + timedelta(seconds=_LOOK_S), graph=graph
    )
    return Case(name, part, metric, question, truth, measured, Alerted(node, _KINDS[metric]))


def _measured(calm: _Table, before: _Table, now: _Table) -> list[Measured]:
    # A node that came up with the issue has no past: it is seen, and cannot be judged.
    return [
        Measured(
            service, metric, _KINDS[metric], None if metric == "requests" else "up", _FLOORS[metric],
            _values(calm, key), _values(now, key), _values(before, key),
        )
        for key in {**calm.columns, **now.columns}
        for service, metric, aggregate in (key,)
        if _AGGREGATE.get(metric) == aggregate
    ]  # fmt: skip


def _values(table: _Table, key: Key) -> list[float]:
    """What was measured; availability in percent becomes the failing share."""
    values = table.columns.get(key)
    if values is None:
        return []
    known = [float(v) for v in values if math.isfinite(v)]
    return [1 - v / 100 for v in known] if key[1] == "availability" else known


def _graph(file: Path) -> ServiceMap:
    header, *rows = _lines(file)
    names = header[1:]
    calls = {row[0]: tuple(n for n, v in zip(names, row[1:], strict=True) if float(v or 0) > 0) for row in rows}
    return ServiceMap(
        services=tuple(Service(name=name, depends_on=callees) for name, callees in calls.items()),
        expressions=(Expression(name="any", kind="latency", query="any", unit="", floor=0.001),),
    )


def _table(file: Path) -> _Table:
    """Three rows of header (service, measure, aggregate), one with the name of the index, then rows by time."""
    services, metrics, aggregates, *rows = _lines(file)
    body = [row for row in rows if row and _is_number(row[0])]
    values = np.array([[float(v) if v else math.nan for v in row] for row in body], dtype=np.float64)
    keys = list(zip(services, metrics, aggregates, strict=True))
    return _Table(values[:, 0], {key: values[:, n] for n, key in enumerate(keys) if n > 0})


def _is_number(text: str) -> bool:
    return text.replace(".", "", 1).isdigit()


def _lines(file: Path) -> list[list[str]]:
    with file.open(encoding="utf-8", newline="") as lines:
        return list(csv.reader(lines))
