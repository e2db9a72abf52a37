"""`nightshift eval diagnosis`: how often the right service is named, without a model, one configuration for all."""

import json
import sys
import time
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from analysis.calibration import calibration
from evals.diagnosis import report
from evals.diagnosis.case import MissingDataError
from evals.diagnosis.datasets import DATASETS
from evals.diagnosis.run import answers, chosen, commit_of

_FILE_WIDTH = 160
_MISSING = 2


def diagnosis(
    dataset: Annotated[str, typer.Option(help=f"One of: {', '.join(DATASETS)}.")],
    data: Annotated[Path, typer.Option(help="A checkout of the data set's repository.")],
    only: Annotated[
        str | None, typer.Option(help="Parts, with commas between them. Default: those that may be tuned on.")
    ] = None,
    json_file: Annotated[Path | None, typer.Option("--json", help="Write the figures to this file.")] = None,
) -> None:
    """Rank the causes of public faults by the product's own analysis, and count how often it is right.

    Exits with 2 when the data are not there, and says what is missing.
    """
    if dataset not in DATASETS:
        raise typer.BadParameter(f"{dataset!r} is not one of {', '.join(DATASETS)}", param_hint="--dataset")
    # A file or a pipe has no width of its own, and the default of 80 columns would break every line.
    console = Console(highlight=False, width=None if sys.stdout.isatty() else _FILE_WIDTH)
    began = time.monotonic()
    try:
        parts = chosen(DATASETS[dataset], data, only)
        found = list(answers(DATASETS[dataset], data, parts))
    except MissingDataError as error:
        console.print(f"stopped: {error}", markup=False, soft_wrap=True)
        sys.exit(_MISSING)
    maps = {key.partition("/")[2]: by for key, by in calibration().without.items() if key.startswith(f"{dataset}/")}
    figures = report.as_json(
        DATASETS[dataset], parts, commit_of(data), found, maps, time.monotonic() - began
    )  # fmt: skip
    report.show(console, figures)
    if json_file is not None:
        json_file.write_text(json.dumps(figures, indent=2) + "\n", encoding="utf-8")
