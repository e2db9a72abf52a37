"""TrainTicket of IntelligentDDS/Nezha: `rca_data/DAY/` with metrics by pod each minute, and traces and logs in files of
a minute each around every fault (`HH_MM` ends at HH:MM:10); `construct_data/DAY/` with minutes that had no fault.

Stated times are late by up to a minute, so the minute before a fault is held back and belongs to neither side.
"""

import csv
import json
import math
import re
from bisect import bisect_left
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from functools import cached_property, lru_cache
from pathlib import Path

from analysis.shifts import Measured
from analysis.visits import Slice, slice_of
from domain.finding import Category
from domain.question import Question
from domain.services import Expression, MetricKind, Service, ServiceMap
from evals.diagnosis.case import Case, MissingDataError

_COLUMNS: Mapping[str, tuple[str, MetricKind, float]] = {
    "CpuUsageRate(%)": ("processor share", "cpu", 0.5),
    "MemoryUsageRate(%)": ("memory share", "memory", 1.0),
    "PodServerLatencyP95(s)": ("latency p95", "latency", 0.01),
}
# A return value or an exception that was put into the code of a running service has no word of the product's.
_KINDS: Mapping[str, Category] = {
    "cpu_contention": Category.CPU_SATURATION,
    "cpu_consumed": Category.CPU_SATURATION,
    "network_delay": Category.NETWORK,
}
_CALM_S = 1800.0
_GUARD_S = 120.0
_LOOK_S = 180.0
_MINUTE_S = 60.0
_FILES_BEGIN_S = 10.0
# A slice that began this shortly before a fault is nearly all of it.
_EARLY_S = 20.0
# What a pod reports covers the minute before.
_RANGE_S = 30.0
# Slices of the calm that are compared with: the newest, none of them later than the fault but those without a fault.
_MOST_SLICES = 9
_JSON = json.JSONDecoder()
_LINE = re.compile(r"^\S+ +(?P<level>[A-Z]+) +(?P<logger>\S+) +(?:TraceID: \S* SpanID: \S* )?(?P<message>.*)$", re.S)


@dataclass(frozen=True)
class _Span:
    trace_id: str
    span_id: str
    parent_id: str | None
    service: str
    operation: str
    start: datetime
    duration_s: float
    kind: str = ""
    error: bool = False
    attributes: Mapping[str, str] = field(default_factory=dict[str, str])


@dataclass(frozen=True)
class _Trace:
    trace_id: str
    spans: tuple[_Span, ...]


@dataclass(frozen=True)
class _Line:
    at: datetime
    service: str
    level: str
    logger: str
    message: str
    trace_id: str
    span_id: str


@dataclass(frozen=True)
class _Fault:
    at: float
    service: str
    kind: str


class Nezha:
    """The two days of TrainTicket: 45 faults. OnlineBoutique's days lack their large logs and are no part of this."""

    name = "nezha"
    repository = "IntelligentDDS/Nezha"
    tuning: tuple[str, ...] = ("2023-01-29",)
    published: Mapping[str, object] = {
        "Nezha": {"as1": 0.867, "as3": 0.978, "as5": 0.978},
        "Nezha without metrics": {"as1": 0.556},
        "MicroRCA": {"as1": 0.20, "as3": 0.31, "as5": 0.44},
        "MicroRank": {"as1": 0.16, "as3": 0.24, "as5": 0.36},
        "PDiagnose": {"as1": 0.09, "as3": 0.13, "as5": 0.22},
    }

    timed = True

    def parts(self, data: Path) -> tuple[str, ...]:
        folder = data / "rca_data"
        if not folder.is_dir():
            raise MissingDataError(f"{folder} is missing: {data} should be a checkout of {self.repository}")
        return tuple(sorted(f.name for f in folder.iterdir() if f.is_dir() and f.name.startswith("2023-")))

    def cases(self, data: Path, part: str, late_s: float = 0.0) -> Iterator[Case]:
        self.parts(data)
        day = _day(data, part)
        for fault in day.faults:
            yield day.fault(fault, late_s)
        yield from day.normal()


class _Day:
    """Everything of one day, read once."""

    def __init__(self, data: Path, part: str) -> None:
        self._faulty, self._calm, self._part = data / "rca_data" / part, data / "construct_data" / part, part
        faults = self._faulty / f"{part}-fault_list.json"
        needed = (faults, *(self._faulty / kind for kind in ("metric", "trace", "log")))
        for path in (*needed, *(self._calm / kind for kind in ("trace", "log"))):
            if not path.exists():
                raise MissingDataError(f"{path} is missing")
        self.faults = _faults(faults)

    @cached_property
    def _minutes(self) -> dict[float, Slice]:
        """Slices of the faulty files by the minute in which they begin."""
        return _minutes(self._faulty)

    @cached_property
    def _without_fault(self) -> dict[float, Slice]:
        return _minutes(self._calm)

    @cached_property
    def _metrics(self) -> list[tuple[str, str, list[tuple[float, float]]]]:
        """(service, column, points) of all pods."""
        return [one for file in sorted((self._faulty / "metric").glob("*_metric.csv")) for one in _points(file)]

    def fault(self, fault: _Fault, late_s: float) -> Case:
        """A fault with the three minutes after it was stated."""
        at = fault.at + late_s
        present = [s for begin, s in sorted(self._minutes.items()) if at - _EARLY_S <= begin < at + _LOOK_S]
        # Nobody knows at the stated time that the fault had begun before: it is none of the earlier ones.
        calm = [*self._without_fault.values(), *self._before(at, [f for f in self.faults if f.at < fault.at])]
        name, kinds = f"{self._part} {_clock(fault.at)}", _KINDS.get(fault.kind)
        known = self._case(name, fault.kind, at, _LOOK_S, frozenset({fault.service}), calm, present)
        return replace(known, kinds=frozenset({kinds} if kinds else ()))

    def normal(self) -> Iterator[Case]:
        """Each minute without a fault against the others. The minutes before faults are none: many are faulty."""
        for at, minute in self._without_fault.items():
            others = [s for begin, s in self._without_fault.items() if begin != at]
            calm = [*others, *self._before(at, [f for f in self.faults if f.at < at])]
            name = f"{self._part} {_clock(at)} normal"
            yield self._case(name, "normal", at, _MINUTE_S + _RANGE_S, frozenset(), calm, [minute])

    def _case(
        self, name: str, group: str, at: float, look_s: float, truth: frozenset[str], calm: Sequence[Slice],
        present: Sequence[Slice],
    ) -> Case:  # fmt: skip
        measured = [_measured(service, column, points, at, look_s) for service, column, points in self._metrics]
        services = tuple(dict.fromkeys(m.service for m in measured))
        onset = datetime.fromtimestamp(at, UTC)
        graph = ServiceMap(
            services=tuple(Service(name=s) for s in services),
            expressions=(Expression(name="any", kind="cpu", query="any", unit="", floor=0.5),),
        )
        question = Question(
            incident=name, services=services, onset=onset, now=onset + timedelta(seconds=look_s), graph=graph
        )
        return Case(name, self._part, group, question, truth, measured, calm=calm, present=present)

    def _before(self, at: float, past: Sequence[_Fault]) -> list[Slice]:
        """The newest minutes that lie before the guard gap, and in none of the `past` incidents."""
        before = [
            s
            for begin, s in sorted(self._minutes.items())
            if begin + _MINUTE_S <= at - _MINUTE_S and not any(f.at - _MINUTE_S < begin < f.at + _LOOK_S for f in past)
        ]
        return before[-_MOST_SLICES:]


@lru_cache(maxsize=1)
def _day(data: Path, part: str) -> _Day:
    """Kept while the same day is asked for again: it takes a minute to read."""
    return _Day(data, part)


def _clock(at: float) -> str:
    return f"{datetime.fromtimestamp(at, UTC):%H:%M:%S}"


def _faults(file: Path) -> tuple[_Fault, ...]:
    listed: dict[str, list[dict[str, str]]] = json.loads(file.read_text(encoding="utf-8"))
    found = [
        _Fault(_unix(f["inject_time"]), _service(f["inject_pod"]), f["inject_type"])
        for hour in listed.values()
        for f in hour
    ]
    return tuple(sorted(found, key=lambda f: f.at))


def _unix(said: str) -> float:
    return datetime.strptime(said, "%Y-%m-%d %H:%M:%S").replace(tzinfo=UTC).timestamp()


def _service(pod: str) -> str:
    """Without the hashes of replica set and pod."""
    return pod.rsplit("-", 2)[0]


def _minutes(folder: Path) -> dict[float, Slice]:
    """One slice for each minute of a file, each request in the one in which it began: the files overlap."""
    traces: dict[str, dict[str, _Span]] = {}
    for file in sorted((folder / "trace").glob("*_trace.csv")):
        for span in _spans(file):
            traces.setdefault(span.trace_id, {})[span.span_id] = span
    written = _lines_by_trace(sorted((folder / "log").glob("*_log.csv")))
    by_minute: dict[float, list[_Trace]] = {}
    for trace_id, spans in traces.items():
        start = min(s.start for s in spans.values()).timestamp()
        begin = (start - _FILES_BEGIN_S) // _MINUTE_S * _MINUTE_S + _FILES_BEGIN_S
        by_minute.setdefault(begin, []).append(_Trace(trace_id, tuple(spans.values())))
    return {
        begin: slice_of(ours, (line for trace in ours for line in written.get(trace.trace_id, ())))
        for begin, ours in sorted(by_minute.items())
    }


def _spans(file: Path) -> Iterator[_Span]:
    with file.open(encoding="utf-8", newline="") as rows:
        for row in _rows(rows):
            start, end = int(row["StartTimeUnixNano"]), int(row["EndTimeUnixNano"])
            parent = None if row["ParentID"] == "root" else row["ParentID"]
            yield _Span(
                row["TraceID"], row["SpanID"], parent, _service(row["PodName"]), row["OperationName"],
                datetime.fromtimestamp(start / 1e9, UTC), (end - start) / 1e9,
            )  # fmt: skip


def _lines_by_trace(files: Sequence[Path]) -> dict[str, list[_Line]]:
    found: dict[str, list[_Line]] = {}
    known: set[tuple[str, str]] = set()
    for file in files:
        with file.open(encoding="utf-8", newline="") as rows:
            for row in _rows(rows):
                key = (row["TimeUnixNano"], row["SpanID"])
                if key not in known and (line := _line(row)) is not None:
                    known.add(key)
                    found.setdefault(line.trace_id, []).append(line)
    return found


def _line(row: Mapping[str, str]) -> _Line | None:
    """A line that knows its request; others are left out, as in the product."""
    if not row["TraceID"] or row["TraceID"] == "None":
        return None
    said = _said(row["Log"])
    match = _LINE.match(said)
    level, logger, message = match.group("level", "logger", "message") if match else ("", "", said)
    at = datetime.fromtimestamp(int(row["TimeUnixNano"]) / 1e9, UTC)
    return _Line(at, _service(row["PodName"]), level, logger, message, row["TraceID"], row["SpanID"])


def _said(record: str) -> str:
    """What the application wrote. Some records hold two lines at once: the row is about the first. Some are cut."""
    try:
        return str(_JSON.raw_decode(record)[0]["log"])
    except (ValueError, KeyError, TypeError):
        return record


def _is_known(text: str | None) -> bool:
    return bool(text) and math.isfinite(float(text or "nan"))


def _rows(lines: Iterable[str]) -> Iterator[dict[str, str]]:
    """As csv.DictReader, which takes three times as long. Rows that were cut are left out."""
    rows = csv.reader(lines)
    header = next(rows)
    for row in rows:
        if len(row) == len(header):
            yield dict(zip(header, row, strict=True))


def _points(file: Path) -> list[tuple[str, str, list[tuple[float, float]]]]:
    """The columns of a pod's file that the product would ask for, by time."""
    with file.open(encoding="utf-8", newline="") as rows:
        body = list(csv.DictReader(rows))
    service = _service(file.name.removesuffix("_metric.csv"))
    return [
        (service, column, sorted((float(r["TimeStamp"]), float(r[column])) for r in body if _is_known(r.get(column))))
        for column in _COLUMNS
    ]


def _measured(service: str, column: str, points: Sequence[tuple[float, float]], at: float, look_s: float) -> Measured:
    quantity, kind, floor = _COLUMNS[column]
    times = [t for t, _ in points]
    calm = points[bisect_left(times, at - _CALM_S) : bisect_left(times, at - _GUARD_S)]
    now = points[bisect_left(times, at + _RANGE_S) : bisect_left(times, at + look_s)]
    return Measured(service, quantity, kind, "up", floor, [v for _, v in calm], [v for _, v in now])
