"""Whole cycles of detection over many series: fetch, parse, judge, decide, write, on real servers."""

import time
from collections.abc import Sequence, Set
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
from temporalio.testing import ActivityEnvironment

from activities.detection import DetectionActivities
from activities.detection.cycle import Cycle
from activities.detection.forecasts import Forecasts
from activities.detection.kept import Kept
from analysis.forecasting.band import Band
from analysis.forecasting.fitting import Fitted
from analysis.novelty import Detector
from domain.anomaly import Anomaly
from domain.detection import SeriesRow
from domain.forecast import RETRAINED_AFTER, Forecast
from domain.series import Standing
from evals.bench.detection.memory import peak_mb
from evals.bench.detection.series import LATENCY, MINUTE, Load, openmetrics, shape
from integrations.ports import ForecastStore, MetricSource, SeriesStore
from rig.servers.prometheus import PrometheusServer

BREAK_IN_CYCLE = 3
_SEEN = 200
"""Minutes that each detector has seen before: enough for all of its looks."""
_ROWS_AT_ONCE = 1_000


@dataclass
class Told:
    """AnomalyIntake that only remembers, by fingerprint, what begins."""

    firing: set[str] = field(default_factory=set[str])

    async def accept(self, anomalies: Sequence[Anomaly]) -> tuple[str, ...]:
        self.firing |= {anomaly.fingerprint for anomaly in anomalies if anomaly.firing}
        return ()


@dataclass(frozen=True)
class Watching:
    """Seconds of a worker's first cycle (it takes everything over), and wall and CPU seconds of each one after it.

    `peak_mb`: the most memory that this process ever had; None: not known. `found` of `planted` faults were told, and
    `others` besides.
    """

    series: int
    forecasts: int
    services: int
    first_s: float
    wall_s: tuple[float, ...]
    cpu_s: tuple[float, ...]
    peak_mb: float | None
    planted: int
    found: int
    others: int


@dataclass(frozen=True)
class House:
    """What a worker that detects has around it."""

    metrics: MetricSource
    series: SeriesStore
    forecasts: ForecastStore


def prometheus(folder: Path, load: Load, start: float, cycles: int) -> PrometheusServer:
    """A server that knows the samples of all cycles, a minute apart from unix time `start` on."""
    times = start + MINUTE * np.arange(cycles + 1, dtype=np.float64)
    text = folder / "series.om"
    with text.open("w", encoding="utf-8") as file:
        file.writelines(openmetrics(load, times, start + BREAK_IN_CYCLE * MINUTE))
    server = PrometheusServer(folder / "prometheus")
    server.backfill(text)
    text.unlink()
    return server


def fill(house: House, load: Load, fitted: Sequence[Fitted], start: float) -> None:
    """A forecast and a detector's memory for each series, as if all of them had been watched for long."""
    trained_at = datetime.fromtimestamp(start, UTC)
    memories: dict[tuple[int, float], SeriesRow] = {}
    rows: list[SeriesRow] = []
    for number in range(load.series):
        watched, level, kind = load.watched(number), load.level(number), number % load.shapes
        if (kind, level) not in memories:
            memories[kind, level] = _remembered(load, number, start).row()
        rows.append(memories[kind, level].model_copy(update={"watched": watched}))
        band = fitted[kind].band
        own = Band(band.start, band.step_s, band.table * level)
        house.forecasts.save(
            Forecast(
                key=watched.key, service=watched.service, expression=LATENCY.name, query=watched.query,
                trained_at=trained_at, again_at=trained_at + RETRAINED_AFTER,
                starts_at=datetime.fromtimestamp(own.start, UTC), step_s=own.step_s, stretch=fitted[kind].stretch,
                band=own.packed(),
            )
        )  # fmt: skip
    for first in range(0, len(rows), _ROWS_AT_ONCE):
        house.series.save(rows[first : first + _ROWS_AT_ONCE])


def _remembered(load: Load, number: int, start: float) -> Kept:
    times = start + MINUTE * np.arange(1 - _SEEN, 1, dtype=np.float64)
    noise = 1 + 0.02 * np.random.default_rng(number).standard_normal(_SEEN)
    detector = Detector(floor=LATENCY.floor)
    values = load.level(number) * shape(number, times, load.shapes) * noise
    for at, value in zip(times.tolist(), values.tolist(), strict=True):
        detector.judge(at, value, learn=True)
    return Kept(load.watched(number), Standing(), start, detector)


def check_rate(house: House, load: Load, at: float) -> float:
    """Samples a second that are held against their forecasts, one of each series at unix time `at`."""
    forecasts = Forecasts(house.forecasts)
    forecasts.refresh({load.service(number) for number in range(load.series)})
    watched = [load.watched(number) for number in range(load.series)]
    points = [[(at, load.level(number))] for number in range(load.series)]
    began = time.perf_counter()
    forecasts.judge(watched, points)
    return load.series / (time.perf_counter() - began)


async def watch(house: House, load: Load, start: float, cycles: int) -> Watching:
    """A new worker's cycles, one for each minute after unix time `start`."""
    now, told = [start + MINUTE], Told()
    worker = DetectionActivities(
        house.metrics, house.series, house.forecasts, told, load.services_map(), MINUTE, lambda: now[0]
    )
    wall, cpu, last = list[float](), list[float](), Cycle()
    for _ in range(cycles):
        began, spent = time.perf_counter(), time.process_time()
        last = await ActivityEnvironment().run(worker.sweep)
        wall.append(time.perf_counter() - began)
        cpu.append(time.process_time() - spent)
        now[0] += MINUTE
    found, others = seen(load, told.firing)
    return Watching(
        series=last.series, forecasts=last.forecast, services=load.services, first_s=wall[0], wall_s=tuple(wall[1:]),
        cpu_s=tuple(cpu[1:]), peak_mb=peak_mb(), planted=len(load.broken()), found=found, others=others,
    )  # fmt: skip


def seen(load: Load, firing: Set[str]) -> tuple[int, int]:
    """Of the planted faults those that are among these fingerprints, and how many others are."""
    planted = {load.watched(number).key for number in load.broken()}
    return len(planted & firing), len(firing - planted)
