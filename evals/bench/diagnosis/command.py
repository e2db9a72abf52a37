"""`nightshift bench diagnosis`: what naming a cause costs, beside the plainest scorer on the same series."""

import sys
import time
import tracemalloc
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from analysis import metric_evidence, trace_evidence
from analysis.logs import Volume, templates
from analysis.ranking import rank
from analysis.visits import slice_of, slices
from domain.finding import Finding, Window
from evals.bench import figures
from evals.bench.diagnosis.plain import ranked
from evals.bench.diagnosis.trouble import Trouble, make

_SIZES = (10, 30, 100, 300)
_HOUR, _TEN_MINUTES = Volume(3_600), Volume(600)


@dataclass(frozen=True)
class Cost:
    """Seconds of each step and in all, the most memory at once, and whether the guilty service came first."""

    services: int
    series: int
    lines: int
    spans: int
    metrics_s: float
    traces_s: float
    logs_s: float
    ranking_s: float
    all_s: float
    most_mb: float
    right: bool
    plain_s: float
    plain_mb: float
    plain_right: bool


def diagnosis(
    sizes: Annotated[
        list[int] | None, typer.Option("--services", min=4, help="How many services; may be given again.")
    ] = None,
    json_file: Annotated[Path | None, typer.Option("--json", help="Write the figures to this file.")] = None,
) -> None:
    """Metrics, traces and logs of made-up trouble, up to the ranked causes. Exits with 0 only when each is right."""
    _measured(make(_SIZES[0]))  # what is imported and compiled by the first run is not its size
    rows = [_measured(make(size)) for size in sizes or _SIZES]
    _show(Console(highlight=False), rows)
    complete = all(row.right for row in rows)
    absolute = {"sizes": [asdict(row) for row in rows]}
    figures.write(json_file, "diagnosis", _ratios(rows[-1]), absolute, complete=complete)
    sys.exit(0 if complete else 1)


def _ratios(largest: Cost) -> dict[str, float | None]:
    """Against the plain scorer, which reads the series only: all that is done, and the part that reads the same."""
    return {
        "time_ratio": figures.ratio(largest.all_s, largest.plain_s),
        "metrics_time_ratio": figures.ratio(largest.metrics_s, largest.plain_s),
        "memory_ratio": figures.ratio(largest.most_mb, largest.plain_mb),
    }


def _measured(trouble: Trouble) -> Cost:
    """Time and memory apart: counting every allocation takes time of its own."""
    began = time.perf_counter()
    metrics = _of_metrics(trouble)
    metrics_s = time.perf_counter() - began
    traces = _of_traces(trouble)
    traces_s = time.perf_counter() - began - metrics_s
    templates(trouble.lines, _TEN_MINUTES, trouble.before, _HOUR)
    logs_s = time.perf_counter() - began - metrics_s - traces_s
    first = _ranked(trouble, [*metrics, *traces])
    all_s = time.perf_counter() - began
    begun = time.perf_counter()
    plain = ranked(trouble.measured)
    plain_s = time.perf_counter() - begun
    return Cost(
        services=len(trouble.question.services), series=len(trouble.measured),
        lines=len(trouble.lines) + len(trouble.before), spans=trouble.spans, metrics_s=metrics_s, traces_s=traces_s,
        logs_s=logs_s, ranking_s=all_s - metrics_s - traces_s - logs_s, all_s=all_s,
        most_mb=_most_mb(lambda: _whole(trouble)), right=first == trouble.guilty, plain_s=plain_s,
        plain_mb=_most_mb(lambda: ranked(trouble.measured)), plain_right=plain[0] == trouble.guilty,
    )  # fmt: skip


def _whole(trouble: Trouble) -> str | None:
    templates(trouble.lines, _TEN_MINUTES, trouble.before, _HOUR)
    return _ranked(trouble, [*_of_metrics(trouble), *_of_traces(trouble)])


def _of_metrics(trouble: Trouble) -> list[Finding]:
    told = metric_evidence.told(trouble.measured, trouble.question.graph, trouble.alerted)
    return [metric_evidence.finding(one, _window(trouble)) for one in told if one.shift.strength > 0]


def _of_traces(trouble: Trouble) -> list[Finding]:
    return trace_evidence.findings([slice_of(trouble.present)], slices(trouble.calm), _window(trouble))


def _ranked(trouble: Trouble, found: list[Finding]) -> str | None:
    """The service of the first cause."""
    named = tuple(one.model_copy(update={"id": f"F{number}"}) for number, one in enumerate(found, start=1))
    hypotheses = rank(named, trouble.question).hypotheses
    return hypotheses[0].service if hypotheses else None


def _window(trouble: Trouble) -> Window:
    return Window(start=trouble.question.onset, end=trouble.question.now)


def _most_mb(run: Callable[[], object]) -> float:
    tracemalloc.start()
    run()
    most = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    return most / 1e6


def _show(console: Console, rows: list[Cost]) -> None:
    table = Table("", *(f"{row.services:,} services" for row in rows), title="seconds, and MB at most")
    lines: tuple[tuple[str, Callable[[Cost], str]], ...] = (
        ("series, log lines, spans", lambda c: f"{c.series:,}, {c.lines:,}, {c.spans:,}"),
        ("metrics", lambda c: f"{c.metrics_s:.3f}"),
        ("traces", lambda c: f"{c.traces_s:.3f}"),
        ("logs", lambda c: f"{c.logs_s:.3f}"),
        ("ranking", lambda c: f"{c.ranking_s:.3f}"),
        ("in all", lambda c: f"{c.all_s:.2f} s, {c.most_mb:.1f} MB, {_said(right=c.right)}"),
        (
            "plain scorer, series only",
            lambda c: f"{c.plain_s:.3f} s, {c.plain_mb:.1f} MB, {_said(right=c.plain_right)}",
        ),
        ("ratio of metrics to it", lambda c: f"{c.metrics_s / c.plain_s:.1f}"),
    )
    for name, told in lines:
        table.add_row(name, *(told(row) for row in rows))
    console.print(table)


def _said(*, right: bool) -> str:
    return "right" if right else "wrong"
