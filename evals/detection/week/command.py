"""`nightshift eval week`: detection as a whole on made-up weeks, with and without the streaming detector."""

import json
import statistics
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.console import Console
from rich.table import Table

from domain.anomaly import Anomaly
from domain.severity import assess

if TYPE_CHECKING:
    from evals.detection.week.history import Made

    _Judged = tuple[Made, Sequence[tuple[float, Anomaly]]]

# An anomaly that begins so long after a fault may still be of it.
_MARGIN_S = 600.0
_HISTORY_DAYS = 28


def week(
    weeks: Annotated[int, typer.Option(help="So many weeks with faults, and as many healthy ones.", min=1)] = 2,
    days: Annotated[int, typer.Option(help="Judge so many days of each, after four weeks of history.", min=1)] = 7,
    json_file: Annotated[Path | None, typer.Option("--json", help="Write the figures to this file.")] = None,
) -> None:
    """Made-up metrics of a service, forecasts trained each midnight, every sample judged as in production."""
    console = Console(highlight=False)
    rows: list[dict[str, Any]] = []
    with console.status("training and replaying"):
        for faults in (True, False):
            rows += _measured(weeks, days, faults=faults)
    table = Table("week", "judged by", "faults seen", "median delay s", "false anomalies a day", "CRITICAL")
    for row in rows:
        table.add_row(*(str(row[name]) for name in ("week", "by", "seen", "delay_s", "false_a_day", "critical")))
    console.print(table)
    if json_file is not None:
        json_file.write_text(json.dumps(rows, indent=2) + "\n", encoding="utf-8")


def _measured(weeks: int, days: int, *, faults: bool) -> list[dict[str, Any]]:
    from evals.detection.week import replay  # noqa: PLC0415 - the arithmetic is loaded when it is needed
    from evals.detection.week.history import make  # noqa: PLC0415 - as above

    made = [make(seed, _HISTORY_DAYS + days, days, faults=faults) for seed in range(weeks)]
    trained = [replay.train(one, days) for one in made]
    ways: dict[str, tuple[bool, bool]] = {
        "both": (True, True), "forecast": (True, False), "streaming detector": (False, True)
    }  # fmt: skip
    found: list[dict[str, Any]] = []
    for name, (forecast, streaming) in ways.items():
        told = [
            replay.replay(one, days, tables if forecast else (), streaming=streaming)
            for one, tables in zip(made, trained, strict=True)
        ]
        found.append(_row(name, [(one, seen.told) for one, seen in zip(made, told, strict=True)], days, faults=faults))
    return found


def _row(
    name: str, weeks: Sequence[tuple[Any, Sequence[tuple[float, Any]]]], days: int, *, faults: bool
) -> dict[str, Any]:

    delays: list[float] = []
    missed: Counter[str] = Counter()
    false = 0
    severities: Counter[str] = Counter()
    for made, told in weeks:
        firing = [(at, anomaly) for at, anomaly in told if anomaly.firing]
        severities.update(assess([anomaly]).severity.value for _, anomaly in firing)
        for fault in made.faults:
            seen = [at for at, _ in firing if fault.start <= at < fault.end]
            delays += [seen[0] - fault.start] if seen else []
            missed.update([] if seen else [fault.kind])
        false += sum(not any(f.start <= at < f.end + _MARGIN_S for f in made.faults) for at, _ in firing)
    all_told = sum(severities.values())
    return {
        "week": "with faults" if faults else "healthy", "by": name,
        "seen": f"{len(delays)} of {len(delays) + sum(missed.values())}", "missed": dict(missed),
        "delay_s": statistics.median(delays) if delays else None, "false": false,
        "false_a_day": round(false / len(weeks) / days, 2), "anomalies": all_told, "severities": dict(severities),
        "critical": f"{severities['CRITICAL']} of {all_told}",
    }  # fmt: skip
