"""`nightshift eval reliability`: stated confidence against hit rate over several runs of `eval diagnosis`."""

import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.table import Table

from domain.diagnosis import NAME_A_CAUSE_FROM
from evals.diagnosis.scoring import Bin, binned

_FILE_WIDTH = 160


def reliability(
    files: Annotated[list[Path], typer.Argument(help="What `eval diagnosis --json` wrote, one file for each run.")],
    json_file: Annotated[Path | None, typer.Option("--json", help="Write the figures to this file.")] = None,
) -> None:
    """How often a place that was called so and so likely was right, over all data sets together."""
    runs: list[dict[str, Any]] = [json.loads(file.read_text(encoding="utf-8")) for file in files]
    figures = combined(runs)
    console = Console(highlight=False, width=None if sys.stdout.isatty() else _FILE_WIDTH)
    table = Table("stated", "cases", "on average", "right", title="confidence in the place, all data sets")
    for row in figures["reliability"]:
        table.add_row(
            f"{row['low']:g} to {row['high']:g}", str(row["count"]), f"{row['stated']:g}", f"{row['right']:g}"
        )
    console.print(table)
    for name in ("normal_windows", "abstained", "brier"):
        console.print(f"{name}: {figures[name]}")
    if json_file is not None:
        json_file.write_text(json.dumps(figures, indent=2) + "\n", encoding="utf-8")


def combined(runs: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """The table over the cases of all runs, and in which share of the normal windows no place was named."""
    cases = [case for run in runs for case in run["cases"]]
    said = [(float(case["place_confidence"]), _right(case)) for case in cases]
    normal = [float(case["place_confidence"]) for case in cases if not case["truth"]]
    return {
        "name": "reliability",
        "dataset": ", ".join(run["dataset"] for run in runs),
        "parts": [f"{run['dataset']}/{part}" for run in runs for part in run["parts"]],
        "reliability": [_row(b) for b in binned(said)],
        "normal_windows": len(normal),
        "abstained": round(sum(p < NAME_A_CAUSE_FROM for p in normal) / len(normal), 3) if normal else None,
        "brier": round(sum((p - right) ** 2 for p, right in said) / len(said), 3) if said else None,
    }


def _right(case: dict[str, Any]) -> bool:
    return bool(case["said"]) and case["said"][0]["service"] in case["truth"]


def _row(one: Bin) -> dict[str, float]:
    return {key: round(value, 3) for key, value in vars(one).items()}
