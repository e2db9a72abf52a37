"""`nightshift eval perturbed`: the same faults with changes that should not matter much (see perturb.py)."""

import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from random import Random
from typing import Annotated, Any

import typer
from rich.table import Table

from evals.diagnosis.case import Case, Dataset
from evals.diagnosis.options import (
    DataFolder,
    DatasetName,
    JsonFile,
    Only,
    console,
    known,
    stopped_where_data_are_missing,
    write,
)
from evals.diagnosis.perturb import CHANGES, STATED_LATE_S
from evals.diagnosis.run import answered, chosen, commit_of
from evals.diagnosis.scoring import Answer, average5, kind_right, named, named_right, specificity, top

_PLACES = 3
AS_IT_IS = "as it is"


def perturbed(
    dataset: DatasetName,
    data: DataFolder,
    only: Only = None,
    seeds: Annotated[int, typer.Option(min=1, help="How often each change that is made at random is tried.")] = 2,
    json_file: JsonFile = None,
) -> None:
    """Rank the causes of public faults with series gone, times wrong, services renamed and more.

    Exits with 2 when the data are not there, and says what is missing.
    """
    chosen_set, shown, began = known(dataset), console(), time.monotonic()
    with stopped_where_data_are_missing(shown):
        parts = chosen(chosen_set, data, only)
        rows = {change: row(told) for change, told in told_by_change(chosen_set, data, parts, range(seeds))}
    figures: dict[str, Any] = {
        "name": "perturbed", "dataset": dataset, "data_commit": commit_of(data), "parts": list(parts), "seeds": seeds,
        "scores": rows, "seconds": round(time.monotonic() - began, 1),
    }  # fmt: skip
    shown.print(_table(figures))
    write(figures, json_file)


def told_by_change(
    dataset: Dataset, data: Path, parts: Sequence[str], seeds: Sequence[int]
) -> Iterator[tuple[str, list[Answer]]]:
    """What the product says under each change, all seeds together; first of the cases as they are."""
    cases = _cases(dataset, data, parts, 0.0)
    yield AS_IT_IS, [answered(case) for case in cases]
    for change, make in CHANGES.items():
        told: list[Answer] = []
        for seed in seeds:
            changed, chance = make(), Random(f"{change} {seed}")  # noqa: S311 -- chance, not secrets
            told += [answered(changed(case, chance)) for case in cases]
        yield change, told
    for change, late_s in STATED_LATE_S.items() if dataset.timed else ():
        yield change, [answered(case) for case in _cases(dataset, data, parts, late_s)]


def row(told: Sequence[Answer]) -> dict[str, float | None]:
    """The figures of one change."""
    figures = {
        "top1": top(told, 1), "top3": top(told, 3), "avg5": average5(told), "kind": kind_right(told),
        "named": named(told), "named_right": named_right(told), "specificity": specificity(told),
    }  # fmt: skip
    return {name: None if value is None else round(value, _PLACES) for name, value in figures.items()}


def _cases(dataset: Dataset, data: Path, parts: Sequence[str], late_s: float) -> list[Case]:
    return [case for part in parts for case in dataset.cases(data, part, late_s)]


def _table(figures: dict[str, Any]) -> Table:
    columns = list(figures["scores"][AS_IT_IS])
    table = Table("change", *columns, title=f"{figures['dataset']}: {', '.join(figures['parts'])}")
    for change, values in figures["scores"].items():
        table.add_row(change, *("-" if values[c] is None else f"{values[c]:g}" for c in columns))
    return table
