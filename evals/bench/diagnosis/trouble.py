"""Made-up trouble of any size: a tree of services whose last leaf breaks, and who waits for it with it."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import numpy as np

from analysis.metric_evidence import Alerted
from analysis.shifts import Measured
from domain.question import Question
from domain.services import Expression, Service, ServiceMap
from integrations.ports import LogLine, Span, Trace

ONSET = datetime(2026, 1, 31, 12, tzinfo=UTC)
_CALLEES = 3
_CALM, _NOW = 60, 40
"""Points of a series before and after the onset."""
_TRACES = 10
"""Traces for each service, calm and now."""
_LINES = 20
"""Log lines of each service within the hour before, and again after the onset."""
_BROKEN_LINES = 500


@dataclass(frozen=True)
class Trouble:
    """What every source would have said. `guilty` broke; `lines` are of after the onset, `before` of before it."""

    question: Question
    alerted: Alerted
    guilty: str
    measured: tuple[Measured, ...]
    calm: tuple[Trace, ...]
    present: tuple[Trace, ...]
    before: tuple[LogLine, ...]
    lines: tuple[LogLine, ...]

    @property
    def spans(self) -> int:
        return sum(len(trace.spans) for trace in (*self.calm, *self.present))


def make(services: int, seed: int = 1) -> Trouble:
    """A tree of so many services, each with five series, ten traces and forty lines; the last one breaks."""
    chance = np.random.default_rng(seed)
    names = [f"s{number:04}" for number in range(services)]
    path = _path(services - 1)
    graph = ServiceMap(
        services=tuple(
            Service(name=name, depends_on=tuple(names[n] for n in _callees(number, services)), user_facing=number == 0)
            for number, name in enumerate(names)
        ),
        expressions=(Expression(name="errors", kind="errors", query="e", unit="share", floor=0.005),),
    )
    question = Question(
        incident="INC-20260131-BENCH0", services=(names[0], *names[1:]), onset=ONSET,
        now=ONSET + timedelta(minutes=10), graph=graph,
    )  # fmt: skip
    return Trouble(
        question=question, alerted=Alerted(names[0], "latency"), guilty=names[-1],
        measured=tuple(one for number in range(services) for one in _series(number, path, names, chance)),
        calm=_traces(names, chance, path, broken=False), present=_traces(names, chance, path, broken=True),
        before=_lines(names, chance, ONSET - timedelta(hours=1), broken=False),
        lines=_lines(names, chance, ONSET, broken=True),
    )  # fmt: skip


def _callees(number: int, services: int) -> range:
    return range(_CALLEES * number + 1, min(_CALLEES * number + 1 + _CALLEES, services))


def _path(number: int) -> list[int]:
    """From the broken service up to the front."""
    found = [number]
    while number:
        number = (number - 1) // _CALLEES
        found.append(number)
    return found


def _series(number: int, path: list[int], names: list[str], chance: np.random.Generator) -> list[Measured]:
    """Who waits for the broken one is slow and fails as well; only that one is also busy."""
    waits, broken = number in path, number == path[0]
    shares = {"latency": 1 + 4 * waits + 4 * broken, "errors": 1 + 30 * waits, "cpu": 1 + 2 * broken}
    usual = {"latency": 0.1, "errors": 0.01, "load": 50.0, "cpu": 0.3, "memory": 4e8}
    floors = {"latency": 0.01, "errors": 0.005, "load": 0.5, "cpu": 0.02, "memory": 1e6}
    found: list[Measured] = []
    for kind in ("latency", "errors", "load", "cpu", "memory"):
        noise = chance.normal(1, 0.05, size=_CALM + _NOW)
        values = usual[kind] * noise
        values[_CALM:] *= shares.get(kind, 1)
        found.append(
            Measured(
                service=names[number], name=kind, kind=kind, harmful=None if kind == "load" else "up",
                floor=floors[kind], calm=values[:_CALM].tolist(), now=values[_CALM:].tolist(),
            )
        )  # fmt: skip
    return found


def _traces(names: list[str], chance: np.random.Generator, path: list[int], *, broken: bool) -> tuple[Trace, ...]:
    """Each goes from the front to one service; those to the broken one fail there, slowly."""
    start = ONSET + timedelta(minutes=1) if broken else ONSET - timedelta(minutes=20)
    found: list[Trace] = []
    for number in range(_TRACES * len(names)):
        way = _path(number % len(names))[::-1]
        fails = broken and way[-1] == path[0]
        at = start + timedelta(seconds=number * 480 / (_TRACES * len(names)))
        spans = tuple(
            Span(
                span_id=f"{number}-{depth}", parent_id=f"{number}-{depth - 1}" if depth else None, service=names[place],
                operation="GET /", kind="server", start=at, error=fails,
                duration_s=float((len(way) - depth) * 0.01 * chance.normal(1, 0.1) + (1.0 if fails else 0.0)),
            )
            for depth, place in enumerate(way)
        )  # fmt: skip
        found.append(Trace(trace_id=f"{'now' if broken else 'calm'}-{number}", spans=spans))
    return tuple(found)


def _lines(names: list[str], chance: np.random.Generator, start: datetime, *, broken: bool) -> tuple[LogLine, ...]:
    usual = [
        LogLine(at=start + timedelta(seconds=float(chance.uniform(0, 600))), service=name, level="ERROR",
                message=f"request {int(chance.integers(10**9))} refused: no user {int(chance.integers(10**6))}")
        for name in names for _ in range(_LINES)
    ]  # fmt: skip
    new = [
        LogLine(at=start + timedelta(seconds=float(chance.uniform(0, 600))), service=names[-1], level="ERROR",
                message=f"worker {int(chance.integers(10**4))} timed out after {int(chance.integers(9_000))} ms")
        for _ in range(_BROKEN_LINES if broken else 0)
    ]  # fmt: skip
    return (*usual, *new)
