"""`nightshift demo`: the main job, from nothing to a verified fix, and an exit code that means it."""

import asyncio
import signal
import sys
from types import FrameType
from typing import Annotated, NoReturn

import typer
from rich.console import Console

from rig.demo.approvers import DOORS
from rig.demo.decided import DecidedPerformance
from rig.demo.paths import make_paths
from rig.demo.performance import Choice, Performance, UnwellError
from rig.demo.product import ProductFailedError
from rig.demo.provisions import REQUIRED, ProvisionsMissingError, obtain_required
from rig.demo.scenarios import SCENARIOS
from rig.demo.stage import Stage
from rig.faults.connection_pool import ConnectionPoolFault
from rig.servers.process import ServerFailedError

_FILE_WIDTH = 160


def demo(
    scenario: Annotated[str, typer.Option(help=f"One of: {', '.join(SCENARIOS)}.")] = ConnectionPoolFault.scenario,
    seed: Annotated[int, typer.Option(help="Seed of the load and of the synthetic history.")] = 1,
    approve_by: Annotated[
        str, typer.Option(help=f"By which door the person decides, where one has to: {', '.join(DOORS)}.")
    ] = "signal",
    *,
    reject: Annotated[
        bool, typer.Option("--reject", help="The person says no: nothing is fixed, and it exits with 1.")
    ] = False,
    no_fault: Annotated[bool, typer.Option("--no-fault", help="Ten quiet minutes: no incident may open.")] = False,
    pause_automation: Annotated[
        bool, typer.Option("--pause-automation", help="The control run: nothing may be fixed, and it exits with 1.")
    ] = False,
) -> None:
    """Break a real system for real, and watch the incident until it is fixed, verified and written up."""
    if scenario not in SCENARIOS:
        raise typer.BadParameter(f"{scenario!r} is not one of {', '.join(SCENARIOS)}", param_hint="--scenario")
    if approve_by not in DOORS:
        raise typer.BadParameter(f"{approve_by!r} is not one of {', '.join(DOORS)}", param_hint="--approve-by")
    signal.signal(signal.SIGTERM, _as_interrupt)
    # A file or a pipe has no width of its own, and the default of 80 columns would break every line.
    console = Console(highlight=False, width=None if sys.stdout.isatty() else _FILE_WIDTH)
    choice = Choice(SCENARIOS[scenario], quiet=no_fault, paused=pause_automation, door=approve_by, reject=reject)
    sys.exit(_run(console, choice, seed))


def _run(console: Console, choice: Choice, seed: int) -> int:
    try:
        obtain_required(console, (*REQUIRED, *choice.scenario.needs))
        with Stage(make_paths(), console, seed, choice.scenario) as stage:
            stage.start()
            play = DecidedPerformance if choice.scenario.ending == "decided" else Performance
            return asyncio.run(play(stage, console, choice).play())
    except KeyboardInterrupt:
        console.print("stopped: every process of the demo has ended")
        return 130
    except (ProvisionsMissingError, ServerFailedError, ProductFailedError, UnwellError) as error:
        console.print(f"[red]stopped:[/] {error}", highlight=False)
        return 1


def _as_interrupt(_number: int, _frame: FrameType | None) -> NoReturn:
    raise KeyboardInterrupt
