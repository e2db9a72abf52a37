"""Sock Shop, azamikram/rcd: `sock-shop-data/SERVICE-FAULT/N/{normal,anomalous}.csv`, one row each second, columns
`SERVICE_MEASURE`. Five minutes before a fault and five minutes of it; the two were not recorded on the same day.
"""

import csv
import math
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

from analysis.shifts import Measured
from domain.finding import Category
from domain.question import Question
from domain.services import Expression, MetricKind, Service, ServiceMap
from evals.diagnosis.case import Case, MissingDataError

_KINDS: Mapping[str, tuple[str, MetricKind]] = {
    "cpu": ("cpu", "cpu"),
    "mem": ("memory", "memory"),
    "lod": ("load", "load"),
    "lat_50": ("latency p50", "latency"),
    "lat_90": ("latency p90", "latency"),
    "lat_99": ("latency p99", "latency"),
}
_FAULTS: Mapping[str, Category] = {"cpu": Category.CPU_SATURATION, "mem": Category.MEMORY_LEAK}
# The product's floors are in the units of its expressions; here nobody wrote the units down.
_NO_FLOOR = 1e-9
# As long as a person waits: what comes later is not looked at.
_LOOK_S = 120
_NAMES = ("normal.csv", "anomalous.csv")


class SockShop:
    """50 cases: five services, processor and memory, five times each."""

    name = "sockshop"
    repository = "azamikram/rcd"
    tuning: tuple[str, ...] = ("carts", "catalogue", "orders")
    published: Mapping[str, object] = {
        "BARO": {"avg5_cpu": 0.99, "avg5_mem": 0.99},
        "NSigma": {"avg5_cpu": 0.98, "avg5_mem": 0.99},
        "CausalRCA": {"avg5_cpu": 0.84, "avg5_mem": 0.84},
        "CIRCA": {"avg5_cpu": 0.70, "avg5_mem": 0.80},
        "RCD": {"avg5_cpu": 0.63, "avg5_mem": 0.66},
    }

    timed = True

    def parts(self, data: Path) -> tuple[str, ...]:
        folder = _folder(data)
        return tuple(sorted({f.name.rpartition("-")[0] for f in folder.iterdir() if f.is_dir() and "-" in f.name}))

    def cases(self, data: Path, part: str, late_s: float = 0.0) -> Iterator[Case]:
        folders = sorted(f for f in _folder(data).glob(f"{part}-*/*") if f.is_dir())
        if not folders:
            raise MissingDataError(f"{_folder(data)} has no folder {part}-cpu or {part}-mem")
        for folder in folders:
            yield from _cases(folder, part, round(late_s))


def _folder(data: Path) -> Path:
    folder = data / "sock-shop-data"
    if not folder.is_dir():
        raise MissingDataError(f"{folder} is missing: {data} should be a checkout of {SockShop.repository}")
    return folder


def _cases(folder: Path, part: str, late_s: int) -> Iterator[Case]:
    fault = folder.parent.name.rpartition("-")[2]
    missing = [name for name in _NAMES if not (folder / name).is_file()]
    if missing:
        raise MissingDataError(f"{folder} has no {' and no '.join(missing)}")
    calm, bad = (_columns(folder / name) for name in _NAMES)
    half = {name: (values[: len(values) // 2], values[len(values) // 2 :]) for name, values in calm.items()}
    at = datetime.fromtimestamp(bad["time"][0] + late_s, UTC)
    kinds = frozenset({_FAULTS[fault]} if fault in _FAULTS else ())
    seen = {name: _from(late_s, calm.get(name, ()), values) for name, values in bad.items()}
    yield _case(f"{folder.parent.name}/{folder.name}", part, fault, at, calm, seen, frozenset({part}), kinds)
    # The second half of what was normal is held against the first: nothing may be blamed there.
    first, second = ({name: pair[n] for name, pair in half.items()} for n in (0, 1))
    normal = datetime.fromtimestamp(second["time"][0], UTC)
    yield _case(f"{folder.parent.name}/{folder.name}/normal", part, "normal", normal, first, second, frozenset())


def _from(late_s: int, calm: Sequence[float], bad: Sequence[float]) -> Sequence[float]:
    """What was measured from so many seconds after the fault on, a row each; before it, all was normal."""
    return bad[late_s:] if late_s >= 0 else [*calm[late_s:], *bad]


def _columns(file: Path) -> dict[str, list[float]]:
    with file.open(encoding="utf-8", newline="") as lines:
        rows = list(csv.reader(lines))
    header, *body = rows
    return {name: [v for row in body if math.isfinite(v := float(row[n] or "nan"))] for n, name in enumerate(header)}


def _case(
    name: str, part: str, group: str, at: datetime, calm: Mapping[str, Sequence[float]],
    bad: Mapping[str, Sequence[float]], truth: frozenset[str], kinds: frozenset[Category] = frozenset(),
) -> Case:  # fmt: skip
    measured = [m for column in calm if (m := _measured(column, calm[column], bad.get(column, ()))) is not None]
    services = tuple(dict.fromkeys(m.service for m in measured))
    return Case(name, part, group, _question(name, services, at), truth, measured, kinds=kinds)


def _measured(column: str, calm: Sequence[float], bad: Sequence[float]) -> Measured | None:
    service, _, measure = column.partition("_")
    if measure not in _KINDS:
        return None
    quantity, kind = _KINDS[measure]
    harmful = None if kind == "load" else "up"
    return Measured(service, quantity, kind, harmful, _NO_FLOOR, calm, bad[:_LOOK_S])


def _question(name: str, services: tuple[str, ...], at: datetime) -> Question:
    graph = ServiceMap(
        services=tuple(Service(name=s) for s in services),
        expressions=(Expression(name="any", kind="cpu", query="any", unit="", floor=_NO_FLOOR),),
    )
    return Question(incident=name, services=services, onset=at, now=at + timedelta(seconds=_LOOK_S), graph=graph)
