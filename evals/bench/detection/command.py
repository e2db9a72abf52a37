"""`nightshift bench detection`: what a check, a cycle and a training cost, each beside the obvious way."""

import asyncio
import statistics
import sys
import tempfile
import time
from contextlib import ExitStack
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Annotated

import typer
from pydantic import SecretStr
from rich.console import Console
from rich.table import Table

from evals.bench import figures
from evals.bench.detection import memory
from evals.bench.detection.cycles import Watching, check_rate, fill, prometheus, watch
from evals.bench.detection.predicting import predict_s
from evals.bench.detection.series import MINUTE, Load, history
from evals.bench.detection.sharded import Place, Sharded, house, watch_sharded
from evals.bench.detection.training import FitFailedError, Trained, compare
from integrations.store.migrate import migrate
from rig.obtain.missing import Missing
from rig.servers.postgres import PostgresServer
from rig.servers.process import ServerFailedError

_SERIES_OF_A_SERVICE = 100
_MODELS = 8
"""Models whose `predict` is timed for the baseline."""
_CYCLE_LIMIT_S = 60.0


@dataclass(frozen=True)
class Measured:
    """`checks_a_s`: samples held against forecasts in a second; `predicts_a_s`: calls of Prophet's predict."""

    checks_a_s: float
    predicts_a_s: float
    watching: Watching
    sharded: Sharded
    trained: Trained

    @property
    def complete(self) -> bool:
        """Exactly the planted faults were told, every cycle ended before the next was due, all forecasts are equal, and
        the shards are of all series.
        """
        ways = (self.watching, self.sharded)
        told = all(way.found == self.watching.planted and way.others == 0 for way in ways)
        in_time = all(max(way.wall_s) < _CYCLE_LIMIT_S for way in ways)
        return told and in_time and self.trained.same and sum(self.sharded.shares) == self.watching.series


def detection(
    series: Annotated[int, typer.Option(min=100, help="How many series are watched, each with its forecast.")] = 50_000,
    cycles: Annotated[int, typer.Option(min=8, help="How many cycles are run, a minute of samples each.")] = 10,
    fits: Annotated[int, typer.Option(min=2, help="How many series are fitted by Prophet, once by each way.")] = 120,
    workers: Annotated[int, typer.Option(min=2, max=16, help="How many workers share the cycles of the last run.")] = 2,
    json_file: Annotated[Path | None, typer.Option("--json", help="Write the figures to this file.")] = None,
) -> None:
    """Check, cycle and training. Exits with 0 only when the planted faults, and no others, were seen in time."""
    console = Console(highlight=False)
    load = Load(series, max(series // _SERIES_OF_A_SERVICE, 1), fits, faults=10)
    with tempfile.TemporaryDirectory(prefix="nightshift-", ignore_cleanup_errors=True) as folder:
        Path(folder).chmod(0o755)
        try:
            measured = _measure(console, Path(folder), load, cycles, workers)
        except (Missing, ServerFailedError, FitFailedError) as error:
            console.print(f"stopped: {error}", markup=False, soft_wrap=True)
            sys.exit(1)
    _show(console, measured)
    figures.write(json_file, "detection", _ratios(measured), asdict(measured), complete=measured.complete)
    sys.exit(0 if measured.complete else 1)


def _ratios(measured: Measured) -> dict[str, float | None]:
    trained, one, divided = measured.trained, measured.watching, measured.sharded
    return {
        "check_ratio": measured.checks_a_s / measured.predicts_a_s,
        "training_ratio": trained.ratio,
        "training_ratio_with_start": trained.loop_s / (trained.start_s + trained.pool_s),
        "sharding_ratio": statistics.median(one.wall_s) / statistics.median(divided.wall_s),
    }


def _measure(console: Console, folder: Path, load: Load, cycles: int, workers: int) -> Measured:
    start = time.time() // MINUTE * MINUTE - (cycles + 2) * MINUTE
    histories = [history(number, load.shapes, start) for number in range(load.shapes)]
    console.print(f"fitting {load.shapes} series, twice")
    trained, fitted = compare(histories, start + 172_800)
    predict = predict_s(histories[:_MODELS], start)
    with ExitStack() as running:
        metrics = running.enter_context(prometheus(folder, load, start, cycles))
        database = running.enter_context(PostgresServer(folder / "postgres", settings={"fsync": "off"}))

        def stored(name: str) -> Place:
            console.print(f"storing {load.series} series")
            place = Place(metrics.url, SecretStr(database.create_database(name)))
            migrate(place.database)
            around, pool = house(place)
            fill(around, load, fitted, start)
            pool.close()
            return place

        one, divided = stored("one"), stored("divided")
        around, pool = house(one)
        running.callback(pool.close)
        rate = check_rate(around, load, start + MINUTE)
        console.print(f"running {cycles} cycles")
        watching = asyncio.run(watch(around, load, start, cycles))
        console.print(f"running {cycles} cycles, {workers} workers")
        sharded = watch_sharded(divided, load, start, cycles, workers)
    return Measured(rate, 1 / predict, watching, sharded, trained)


def _show(console: Console, measured: Measured) -> None:
    watching, sharded, trained = measured.watching, measured.sharded, measured.trained
    table = Table("", "the obvious way", "Nightshift", "ratio")
    table.add_row(
        "series checked a second", f"{measured.predicts_a_s:,.1f}, Prophet's predict each",
        f"{measured.checks_a_s:,.0f}, by the table", f"{measured.checks_a_s / measured.predicts_a_s:,.0f}",
    )  # fmt: skip
    table.add_row(
        f"{trained.fits} series trained", f"{trained.loop_s:.1f} s, a loop",
        f"{trained.pool_s:.1f} s, {trained.processes} processes that were up after {trained.start_s:.1f} s",
        f"{trained.ratio:.2f}",
    )  # fmt: skip
    console.print(table)
    wall, cpu = watching.wall_s, watching.cpu_s
    console.print(
        f"{watching.series:,} series of {watching.services:,} services, {watching.forecasts:,} with a forecast:\n"
        f"a cycle takes {statistics.median(wall):.1f} s (at most {max(wall):.1f} s) and {statistics.median(cpu):.1f} s "
        f"of CPU of this process, the first one of a worker {watching.first_s:.1f} s; "
        f"{memory.told(watching.peak_mb)}\n"
        f"{sharded.workers} workers, with {' and '.join(f'{share:,}' for share in sharded.shares)} of them: "
        f"{statistics.median(sharded.wall_s):.1f} s (at most {max(sharded.wall_s):.1f} s), "
        f"{statistics.median(sharded.cpu_s):.1f} s of CPU of them all, first {sharded.first_s:.1f} s; each "
        f"{memory.told(sharded.peak_mb)}; {sharded.found} planted faults told, {sharded.others} others\n"
        f"{watching.found} of {watching.planted} planted faults told, {watching.others} others; "
        f"forecasts of both ways of training {'are the same' if trained.same else 'DIFFER'}"
    )
