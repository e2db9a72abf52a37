"""`nightshift eval week`: detection as a whole on made-up weeks, with and without the streaming detector."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.table import Table

_HISTORY_DAYS = 28
# By forecast, by streaming detector.
_WAYS = {"both": (True, True), "forecast": (True, False), "streaming detector": (False, True)}
_Rows = Sequence[Mapping[str, Any]]


def week(
    weeks: Annotated[int, typer.Option(help="So many weeks with faults, and as many healthy ones.", min=1)] = 2,
    days: Annotated[int, typer.Option(help="Judge so many days of each, after four weeks of history.", min=1)] = 7,
    seed: Annotated[int, typer.Option(help="The first week's seed; each further one has the next.", min=0)] = 0,
    json_file: Annotated[Path | None, typer.Option("--json", help="Write the figures to this file.")] = None,
) -> None:
    """Made-up metrics of a service, forecasts trained each midnight, every sample judged as in production."""
    console = Console(highlight=False)
    seeds = range(seed, seed + weeks)
    with console.status("training and replaying"):
        broken, healthy = (_measured(seeds, days, faults=faults) for faults in (True, False))
    console.print(_with_faults(broken))
    console.print(_by_kind(broken))
    console.print(_healthy(healthy))
    if json_file is not None:
        written = {
            "name": "week", "seeds": list(seeds), "days": days, "scores": scores(broken[0], healthy[0]),
            "with_faults": broken, "healthy": healthy,
        }  # fmt: skip
        json_file.write_text(json.dumps(written, indent=2) + "\n", encoding="utf-8")


def scores(broken: Mapping[str, Any], healthy: Mapping[str, Any]) -> dict[str, float | None]:
    """Of weeks with faults and of healthy ones, as both judges together have them; delays in seconds."""
    return {
        "recall": round(broken["found"] / broken["faults"], 3) if broken["faults"] else None,
        "median_delay_s": broken["delay_s"],
        "p95_delay_s": broken["p95_s"],
        "false_share": broken["false_share"],
        "healthy_incidents_most_in_a_week": healthy["most_in_a_week"],
        "healthy_critical": healthy["severities"].get("CRITICAL", 0),
    }


def _measured(seeds: Sequence[int], days: int, *, faults: bool) -> _Rows:
    from evals.detection.week import replay, report  # noqa: PLC0415 - the arithmetic is loaded when it is needed
    from evals.detection.week.history import make  # noqa: PLC0415 - as above

    made = [make(seed, _HISTORY_DAYS + days, days, faults=faults) for seed in seeds]
    trained = [replay.train(one, days) for one in made]
    found: list[dict[str, Any]] = []
    for name, (forecast, streaming) in _WAYS.items():
        replayed = replay.replay_all(made, days, trained if forecast else [() for _ in made], streaming=streaming)
        judged = [report.Week(one.faults, days, seen.told) for one, seen in zip(made, replayed, strict=True)]
        found.append(report.row(name, judged))
    return found


def _with_faults(rows: _Rows) -> Table:
    table = Table(
        "judged by", "faults found", "median delay", "95th", "incidents", "false", "share", "false anomalies a day",
        title="with faults",
    )  # fmt: skip
    for row in rows:
        share = "none" if row["false_share"] is None else f"{row['false_share']:.0%}"
        table.add_row(
            row["by"], f"{row['found']} of {row['faults']}", _seconds(row["delay_s"]), _seconds(row["p95_s"]),
            str(row["incidents"]), str(row["false_incidents"]), share, f"{row['false_anomalies_a_day']:.2f}",
        )  # fmt: skip
    return table


def _by_kind(rows: _Rows) -> Table:
    table = Table("fault", *(row["by"] for row in rows), title="found, median and 95th percentile of the delay")
    for kind in rows[0]["kinds"]:
        table.add_row(kind, *(_of_a_kind(row["kinds"][kind]) for row in rows))
    return table


def _of_a_kind(found: Mapping[str, Any]) -> str:
    return f"{found['found']} of {found['faults']}, {_seconds(found['delay_s'])}, {_seconds(found['p95_s'])}"


def _healthy(rows: _Rows) -> Table:
    table = Table("judged by", "incidents", "most in a week", "a day", "anomalies", "severities", title="healthy")
    for row in rows:
        severities = ", ".join(f"{count} {name}" for name, count in row["severities"].items()) or "none"
        table.add_row(
            row["by"], str(row["incidents"]), str(row["most_in_a_week"]), f"{row['false_incidents_a_day']:.2f}",
            str(row["false_anomalies"]), severities,
        )  # fmt: skip
    return table


def _seconds(value: float | None) -> str:
    return "none" if value is None else f"{value:.0f} s"
