"""What the commands over public faults share: their options, the console they write to, and how they stop."""

import json
import sys
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console

from evals.diagnosis.case import Dataset, MissingDataError
from evals.diagnosis.datasets import DATASETS

DatasetName = Annotated[str, typer.Option(help=f"One of: {', '.join(DATASETS)}.")]
DataFolder = Annotated[Path, typer.Option(help="A checkout of the data set's repository.")]
Only = Annotated[str | None, typer.Option(help="Parts, with commas between them. Default: those that may be tuned on.")]
JsonFile = Annotated[Path | None, typer.Option("--json", help="Write the figures to this file.")]
Runs = Annotated[list[Path], typer.Argument(help="What `eval diagnosis --json` wrote, one file for each run.")]

_FILE_WIDTH = 160
_MISSING = 2


def known(dataset: str) -> Dataset:
    """The data set of that name. Raises typer.BadParameter where there is none."""
    if dataset not in DATASETS:
        raise typer.BadParameter(f"{dataset!r} is not one of {', '.join(DATASETS)}", param_hint="--dataset")
    return DATASETS[dataset]


def console() -> Console:
    """A file or a pipe has no width of its own, and the default of 80 columns would break every line."""
    return Console(highlight=False, width=None if sys.stdout.isatty() else _FILE_WIDTH)


@contextmanager
def stopped_where_data_are_missing(shown: Console) -> Generator[None]:
    """Says what is missing, and exits with 2."""
    try:
        yield
    except MissingDataError as error:
        shown.print(f"stopped: {error}", markup=False, soft_wrap=True)
        sys.exit(_MISSING)


def write(figures: Mapping[str, Any], file: Path | None) -> None:
    """The figures as JSON, where a file is given."""
    if file is not None:
        file.write_text(json.dumps(figures, indent=2) + "\n", encoding="utf-8")
