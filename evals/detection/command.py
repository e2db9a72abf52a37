"""`nightshift eval detection`: the product's detector on the Numenta Anomaly Benchmark."""

import json
import time
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from evals.detection.nab_data import RESERVED, TUNING, NoCheckoutError


def detection(
    data: Annotated[Path, typer.Option(help="A checkout of numenta/NAB, or a copy of its folders.")],
    only: Annotated[
        str, typer.Option(help="Folders under `data`, with commas; `all` for every one. Default: the tuning part.")
    ] = ",".join(TUNING),
    json_file: Annotated[Path | None, typer.Option("--json", help="Write the figures to this file.")] = None,
) -> None:
    """Run the detector over recorded series, point by point as in production, and score what it says as NAB does."""
    # The arithmetic is loaded when it is needed: the command's name is read for every help text.
    from evals.detection import nab_data, report, streaming  # noqa: PLC0415

    console = Console(highlight=False)
    folders = (*TUNING, *RESERVED) if only == "all" else tuple(name.strip() for name in only.split(",") if name.strip())
    began = time.monotonic()
    try:
        series = nab_data.load(data, folders)
        with console.status(f"{len(series)} series, {sum(len(one.values) for one in series)} points"):
            streamed = streaming.stream(series)
            figures = report.measure(streamed)
        report.show(console, figures, data)
    except (NoCheckoutError, ValueError) as error:
        console.print(f"stopped: {error}", markup=False, soft_wrap=True)
        raise typer.Exit(1) from error
    if json_file is not None:
        written = report.as_json(streamed, figures, data, nab_data.commit(data), time.monotonic() - began)
        json_file.write_text(json.dumps(written, indent=2) + "\n", encoding="utf-8")
