"""`nightshift bench`: how fast the product is, with a baseline of the same run beside it."""

import asyncio
import sys
import tempfile
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from evals.bench import figures
from evals.bench.detection.command import detection
from evals.bench.diagnosis.command import diagnosis
from evals.bench.house import BenchHouse
from evals.bench.storm import ALONE, Load, Seen, weather
from evals.chaos.processes import ProductFailedError
from evals.chaos.sender import NotStoredError
from rig.obtain.missing import Missing
from rig.servers.process import ServerFailedError
from workflows.crowd import MOST_COUNTED

app = typer.Typer(add_completion=False, pretty_exceptions_enable=False, no_args_is_help=True)
app.command("detection")(detection)
app.command("diagnosis")(diagnosis)
_FAILURES = (Missing, ServerFailedError, ProductFailedError, NotStoredError)


@app.callback()
def bench() -> None:
    """Measure how fast the product is. Each figure stands beside a baseline of the same run."""


@app.command("storm")
def storm(
    alerts: Annotated[int, typer.Option(min=1, help="How many alerts, each of a series of its own.")] = 10_000,
    services: Annotated[int, typer.Option(min=1, help="Over how many services they are spread.")] = 200,
    patience_s: Annotated[float, typer.Option("--patience", min=1, help="Seconds after which it is given up.")] = 600.0,
    json_file: Annotated[Path | None, typer.Option("--json", help="Write the figures to this file.")] = None,
) -> None:
    """Alertmanager delivers a storm at once. Exits with 0 only when every alert is accounted for in time."""
    if alerts > services * MOST_COUNTED:
        raise typer.BadParameter(f"an incident counts {MOST_COUNTED:,} alerts one by one, and has one service here")
    console = Console(highlight=False)
    with tempfile.TemporaryDirectory(prefix="nightshift-", ignore_cleanup_errors=True) as folder:
        Path(folder).chmod(0o755)
        try:
            one, many = asyncio.run(_both(Path(folder), Load(alerts, services, "service"), patience_s))
        except _FAILURES as error:
            console.print(f"stopped: {error}", markup=False, soft_wrap=True)
            sys.exit(1)
    _show(console, one, many)
    complete = one.complete and many.complete
    figures.write(
        json_file, "storm", _ratios(one, many), {"alone": asdict(one), "storm": asdict(many)}, complete=complete
    )
    sys.exit(0 if complete else 1)


async def _both(folder: Path, load: Load, patience_s: float) -> tuple[Seen, Seen]:
    with BenchHouse(folder) as house:
        client = await house.temporal.connect()
        one = await weather(client, house.starter, house.token, ALONE, patience_s)
        return one, await weather(client, house.starter, house.token, load, patience_s)


def _ratios(one: Seen, many: Seen) -> dict[str, float | None]:
    """How many times as long as for one alert alone."""
    return {
        "accepted_ratio": figures.ratio(many.accepted_s, one.accepted_s),
        "slowest_answer_ratio": figures.ratio(many.slowest_answer_s, one.slowest_answer_s),
        "accounted_ratio": figures.ratio(many.accounted_s, one.accounted_s),
        "told_ratio": figures.ratio(many.told_s, one.told_s),
    }


def _show(console: Console, one: Seen, many: Seen) -> None:
    table = Table("", "one alert alone", "the storm", title="seconds from the first delivery")
    table.add_row("alerts, services", "1, 1", f"{many.load.alerts}, {many.load.services}")
    table.add_row("incidents", str(one.incidents), str(many.incidents))
    table.add_row("alerts accounted for", str(one.counted), str(many.counted))
    for name, seconds in (
        ("all deliveries answered", (one.accepted_s, many.accepted_s)),
        ("slowest answer", (one.slowest_answer_s, many.slowest_answer_s)),
        ("every alert accounted for", (one.accounted_s, many.accounted_s)),
        ("every incident looked at", (one.told_s, many.told_s)),
    ):
        table.add_row(name, *("not in time" if figure is None else f"{figure:.2f}" for figure in seconds))
    console.print(table)
    if one.told_s is not None and many.told_s is not None:
        said = f"{many.told_s / one.told_s:.1f} times as long as one alert alone, for {many.load.alerts} times as many"
        console.print(said)
