"""`nightshift eval shop`: real faults in the running shop, and whether the whole product names them right."""

import asyncio
import json
import shutil
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import httpx
import typer
from rich.console import Console
from temporalio.service import RPCError

from evals.shop import report
from evals.shop.asked import files_kept
from evals.shop.kinds import KINDS
from evals.shop.performance import MISSED_AFTER_S, NotCalmError, Performance
from evals.shop.scoring import Result
from evals.shop.script import Trial, write_script
from evals.shop.stage import ShopStage
from rig.demo.paths import Paths
from rig.demo.product import ProductFailedError
from rig.demo.provisions import REQUIRED, ProvisionsMissingError, obtain_required
from rig.faults.fault import FaultFailedError
from rig.servers.process import ServerFailedError

_FILE_WIDTH = 160
_STOPPED = 2
_FAILURES = (
    ProvisionsMissingError, ServerFailedError, ProductFailedError, FaultFailedError, NotCalmError, RPCError,
    httpx.HTTPError,
)  # fmt: skip


@dataclass(frozen=True)
class _Run:
    """What was asked for. `cases`: the folder in which the questions are kept."""

    script: Sequence[Trial]
    seed: int
    warm_up_s: float
    json_file: Path | None
    cases: Path | None


def shop(
    kinds: Annotated[
        str, typer.Option(help=f"Kinds of faults, with commas between them. Default: all, {', '.join(KINDS)}.")
    ] = "",
    times: Annotated[int, typer.Option(min=1, help="How often each kind is brought on.")] = 3,
    seed: Annotated[int, typer.Option(help="Decides the order, the moments, and the customers.")] = 1,
    warm_up_s: Annotated[
        float, typer.Option("--warm-up", min=0, help="Seconds of calm before the first fault, to compare with.")
    ] = 600.0,
    json_file: Annotated[Path | None, typer.Option("--json", help="Write the figures to this file.")] = None,
    cases: Annotated[
        Path | None, typer.Option(help="Keep in this folder what the ranking was asked of each fault, with the truth.")
    ] = None,
    *,
    keep: Annotated[bool, typer.Option("--keep", help="Leave logs and data where they are, and say where.")] = False,
) -> None:
    """Break the running shop in every way that we know, and count how often the product names the right cause.

    Exits with 0 when service and cause are right in more than 85 %, with 1 when they are not, with 2 when the run came
    to no end.
    """
    chosen = [kind.strip() for kind in kinds.split(",")] if kinds else list(KINDS)
    if unknown := set(chosen) - set(KINDS):
        raise typer.BadParameter(f"{', '.join(sorted(unknown))}: not one of {', '.join(KINDS)}", param_hint="--kinds")
    if cases is not None and (held := sum(map(len, files_kept(cases).values()))):
        raise typer.BadParameter(f"{cases} holds {held} faults of another run: choose another", param_hint="--cases")
    # A file or a pipe has no width of its own, and the default of 80 columns would break every line.
    console = Console(highlight=False, width=None if sys.stdout.isatty() else _FILE_WIDTH)
    folder = Path(tempfile.mkdtemp(prefix="nightshift-"))
    folder.chmod(0o755)  # PostgreSQL runs as an account of its own, which has to pass
    try:
        run = _Run(write_script(chosen, times, seed), seed, warm_up_s, json_file, cases)
        sys.exit(_play(run, console, folder))
    finally:
        if keep:
            console.print(f"logs and data: {folder}", soft_wrap=True)
        else:
            shutil.rmtree(folder, ignore_errors=True)


def _play(run: _Run, console: Console, folder: Path) -> int:
    results: list[Result] = []
    began = time.monotonic()

    def learned(one: Result) -> None:
        """Written down at once: a run that is broken off has shown what it has shown."""
        results.append(one)
        if run.json_file is not None:
            figures = report.as_json(results, run.seed, time.monotonic() - began)
            run.json_file.write_text(json.dumps(figures, indent=2) + "\n", encoding="utf-8")

    console.print(f"a fault without an incident in {MISSED_AFTER_S:.0f} s is missed, and counts as wrong")
    try:
        obtain_required(console, REQUIRED)
        with ShopStage(Paths(kept=folder, run=folder / "run"), console, run.seed) as stage:
            stage.start()
            asyncio.run(_play_on(stage, run, console, learned))
    except _FAILURES as error:
        console.print(f"stopped: {error}", markup=False, soft_wrap=True)
        report.show(console, results)
        return _STOPPED
    return report.show(console, results)


async def _play_on(stage: ShopStage, run: _Run, console: Console, learned: Callable[[Result], None]) -> None:
    performance = Performance(stage, console, await stage.temporal.connect(), run.cases)
    await performance.prepare(run.warm_up_s)
    for trial in run.script:
        learned(await performance.play(trial))
