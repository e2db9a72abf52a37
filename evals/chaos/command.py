"""`nightshift chaos`: kills what can be killed, and exits with 0 only when nothing was lost or done twice."""

import asyncio
import json
import shutil
import sys
import tempfile
import time
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from temporalio.runtime import LoggingConfig, Runtime, TelemetryConfig, TelemetryFilter

from evals.chaos import report
from evals.chaos.collect import NobodyAnswersError
from evals.chaos.evidence import Evidence
from evals.chaos.judge import judge
from evals.chaos.performance import Performance
from evals.chaos.processes import ProductFailedError
from evals.chaos.sabotage import spoil, without_a_letter
from evals.chaos.script import Script, write_script
from evals.chaos.sender import NotStoredError
from evals.chaos.stage import Stage
from rig.obtain.missing import Missing
from rig.servers.process import ServerFailedError

_FAILURES = (Missing, ServerFailedError, ProductFailedError, NotStoredError, NobodyAnswersError)


def chaos(
    runs: Annotated[
        int,
        typer.Option(
            min=1, help="How many incidents are opened, and as many times SIGKILL falls on worker, starter or server."
        ),
    ] = 10,
    seed: Annotated[int, typer.Option(help="Decides what opens when, and which blow falls when.")] = 1,
    json_file: Annotated[Path | None, typer.Option("--json", help="Write the figures to this file.")] = None,
    *,
    sabotage: Annotated[
        bool,
        typer.Option("--sabotage", help="The control: the result is spoilt by hand, and it must exit with 1."),
    ] = False,
    keep: Annotated[bool, typer.Option("--keep", help="Leave logs and data where they are, and say where.")] = False,
) -> None:
    """Kill worker, starter and Temporal's server at random over mixed incidents, and count what was lost or doubled.

    Exits with 0 only when no incident and no escalation was lost, nothing was done twice and no lock was left.
    """
    _be_quiet_about_retries()
    console = Console(highlight=False)
    folder = Path(tempfile.mkdtemp(prefix="nightshift-"))
    folder.chmod(0o755)
    try:
        sys.exit(_run(console, folder, write_script(runs, seed), seed, json_file, sabotage=sabotage))
    finally:
        if keep:
            console.print(f"logs and data: {folder}", soft_wrap=True)
        else:
            shutil.rmtree(folder, ignore_errors=True)


def _be_quiet_about_retries() -> None:
    """The SDK warns of every try while the server is dead, which here it is on purpose."""
    errors = TelemetryFilter(core_level="ERROR", other_level="ERROR")
    Runtime.set_default(Runtime(telemetry=TelemetryConfig(logging=LoggingConfig(filter=errors))))


def _run(console: Console, folder: Path, script: Script, seed: int, json_file: Path | None, *, sabotage: bool) -> int:
    began = time.monotonic()
    try:
        evidence = _play(console, folder, script, sabotage=sabotage)
    except _FAILURES as error:
        console.print(f"stopped: {error}", markup=False, soft_wrap=True)
        return 1
    problems = judge(evidence)
    report.show(console, script, evidence, problems)
    if json_file is not None:
        figures = report.as_json(script, seed, evidence, problems, time.monotonic() - began)
        json_file.write_text(json.dumps(figures, indent=2) + "\n", encoding="utf-8")
    return report.verdict(console, problems)


def _play(console: Console, folder: Path, script: Script, *, sabotage: bool) -> Evidence:
    services = [case.service for case in script.cases]
    callers = {case.caller: case.service for case in script.cases}
    with Stage(folder, services, callers) as stage:
        performance = Performance(stage, script, console)
        asyncio.run(performance.play())
        if sabotage:
            spoil(stage, performance)
        evidence = asyncio.run(performance.collect())
    return without_a_letter(evidence) if sabotage else evidence
