"""The same cycles, divided: worker processes that each claim a shard, on the same servers."""

import asyncio
import multiprocessing
import time
from collections.abc import Generator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from multiprocessing.connection import Connection

from pydantic import SecretStr
from temporalio.testing import ActivityEnvironment

from activities.detection import DetectionActivities
from activities.detection.activity import Share
from evals.bench.detection.cycles import House, Told, seen
from evals.bench.detection.memory import peak_mb
from evals.bench.detection.series import MINUTE, Load
from integrations.prometheus import PrometheusMetrics
from integrations.store.forecasts import PostgresForecasts
from integrations.store.pool import Pool
from integrations.store.series import PostgresSeries
from integrations.store.shards import PostgresShards

_ENDS_WITHIN_S = 30.0


@dataclass(frozen=True)
class Sharded:
    """Seconds until the last of so many workers is through with a cycle, and CPU seconds of all of them together.

    `peak_mb`: the most memory that one of them ever had; None: not known. `shares`: series of each shard.
    """

    workers: int
    shares: tuple[int, ...]
    first_s: float
    wall_s: tuple[float, ...]
    cpu_s: tuple[float, ...]
    peak_mb: float | None
    found: int
    others: int


@dataclass(frozen=True)
class Place:
    """Where a worker process finds its servers."""

    prometheus: str
    database: SecretStr


@dataclass(frozen=True)
class _Did:
    """What one worker says of its cycle; `firing`: fingerprints of all that it ever told of."""

    series: int
    cpu_s: float
    peak_mb: float | None
    firing: frozenset[str]


def house(place: Place) -> tuple[House, Pool]:
    pool = Pool(place.database)
    return House(PrometheusMetrics(place.prometheus), PostgresSeries(pool), PostgresForecasts(pool)), pool


def watch_sharded(place: Place, load: Load, start: float, cycles: int, workers: int) -> Sharded:
    """New workers' cycles, one for each minute after unix time `start`, each begun by all of them at once."""
    wall, did = list[float](), list[Sequence[_Did]]()
    with _at_work(place, load, workers) as lines:
        for number in range(1, cycles + 1):
            began = time.perf_counter()
            for line in lines:
                line.send((f"cycle-{number}", start + number * MINUTE))
            did.append([line.recv() for line in lines])
            wall.append(time.perf_counter() - began)
    last = did[-1]
    peaks = [one.peak_mb for one in last if one.peak_mb is not None]
    cpu = tuple(sum(one.cpu_s for one in each) for each in did[1:])
    found, others = seen(load, frozenset[str]().union(*(one.firing for one in last)))
    return Sharded(
        workers=workers, shares=tuple(one.series for one in last), first_s=wall[0], wall_s=tuple(wall[1:]), cpu_s=cpu,
        peak_mb=max(peaks, default=None), found=found, others=others,
    )  # fmt: skip


@contextmanager
def _at_work(place: Place, load: Load, workers: int) -> Generator[Sequence[Connection]]:
    """A line to each of so many processes. They end with the block."""
    spawning = multiprocessing.get_context("spawn")
    with ExitStack() as running:
        lines: list[Connection] = []
        for _ in range(workers):
            ours, theirs = spawning.Pipe()
            process = spawning.Process(target=_work, args=(theirs, place, load, workers), daemon=True)
            process.start()
            theirs.close()  # so that a worker that died is the end of its line, instead of a wait for ever
            running.callback(process.join, _ENDS_WITHIN_S)
            running.callback(ours.close)
            lines.append(ours)
        yield lines


def _work(line: Connection, place: Place, load: Load, of: int) -> None:
    asyncio.run(_cycles(line, place, load, of))


async def _cycles(line: Connection, place: Place, load: Load, of: int) -> None:
    """A worker: a cycle for each word that comes down the line, until it is closed."""
    around, pool = house(place)
    now, told = [0.0], Told()
    worker = DetectionActivities(
        around.metrics, around.series, around.forecasts, told, load.services_map(), MINUTE, lambda: now[0],
        shards=PostgresShards(pool),
    )  # fmt: skip
    try:
        while True:
            name, now[0] = line.recv()
            spent = time.process_time()
            cycle = await ActivityEnvironment().run(worker.sweep, Share(cycle=name, of=of))
            line.send(_Did(cycle.series, time.process_time() - spent, peak_mb(), frozenset(told.firing)))
    except EOFError:
        pool.close()
