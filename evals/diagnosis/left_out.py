"""`nightshift eval left-out`: every part, and every data set, by a confidence that never saw it.

Of runs of `eval diagnosis` the confidence in the place, of runs of `eval withheld` that in the cause.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Protocol, TypeVar

import typer
from rich.table import Table

from analysis.calibration import Calibration, calibration, cause_calibration
from domain.diagnosis import NAME_A_CAUSE_FROM
from evals.diagnosis.options import JsonFile, Runs, console, write
from evals.diagnosis.scoring import BOUNDS, calibration_error
from evals.diagnosis.told import Told, read, told
from evals.diagnosis.told_causes import ToldCause, told_causes

_PLACES = 3
_WITH_ALL, _WITH_FEWER = "with all sources", "with every choice of fewer"
ALL = "all"


class Case(Protocol):
    """What was said of a case, and whether it was right."""

    @property
    def dataset(self) -> str: ...
    @property
    def part(self) -> str: ...
    @property
    def fault(self) -> bool: ...
    @property
    def right(self) -> bool: ...


One = TypeVar("One", bound=Case)
Judged = Sequence[tuple[Case, float]]


def left_out(files: Runs, json_file: JsonFile = None) -> None:
    """What is named, and how sure, where the map from ranking to confidence has not seen the part or the data set."""
    figures, shown = _figures(read(files)), console()
    for title, rows in figures["scores"].items():
        shown.print(_table(title, rows))
    shown.print(f"calibration error in the bins {', '.join(f'{b:g}' for b in figures['bins'])}")
    write(figures, json_file)


def _figures(runs: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """Raises typer.BadParameter where the runs are of both commands: one confidence is not the other."""
    kinds = {run["name"] for run in runs}
    if kinds == {"diagnosis"}:
        return of_places(told(runs), calibration())
    if kinds != {"withheld"}:
        raise typer.BadParameter(f"runs of one command are needed, and these are of {', '.join(sorted(kinds))}")
    causes = told_causes(runs)
    every, fewer = (
        of_causes([one for one in causes if one.whole is whole], cause_calibration(), calibration())
        for whole in (True, False)
    )
    titled = ((_WITH_ALL, every), (_WITH_FEWER, fewer))
    return every | {"scores": {f"{said}: {t}": rows for said, of in titled for t, rows in of["scores"].items()}}


def of_places(cases: Sequence[Told], known: Calibration) -> dict[str, Any]:
    """The figures of `by_maps_that_never_saw`, for places."""
    return by_maps_that_never_saw(cases, lambda one, key: one.sure(known.that_never_saw(key)))


def of_causes(cases: Sequence[ToldCause], known: Calibration, places: Calibration) -> dict[str, Any]:
    """The same for causes, whose confidence is bounded by that in their place: neither map saw the data."""
    return by_maps_that_never_saw(
        cases, lambda one, key: one.sure(known.that_never_saw(key), places.that_never_saw(key))
    )  # fmt: skip


def by_maps_that_never_saw(cases: Sequence[One], sure: Callable[[One, str | None], float]) -> dict[str, Any]:
    """Figures by part, by data set, and by the map in use, each with a last row for all of them.

    `sure`: the confidence in a case by the maps that never saw that part (`DATASET/PART`) or data set, and for None by
    those in use.
    """
    parts = _grouped(cases, sure, lambda one: f"{one.dataset}/{one.part}")
    sets = _grouped(cases, sure, lambda one: one.dataset)
    in_use = [(one, sure(one, None)) for one in cases]
    return {
        "name": "left_out",
        "dataset": ", ".join(dict.fromkeys(one.dataset for one in cases)),
        "parts": list(parts),
        "bins": list(BOUNDS),
        "scores": {
            "each part by a map that never saw it": _rows(parts),
            "each data set by a map that never saw any of it": _rows(sets),
            "by the map in use, which saw them": {ALL: row(in_use)},
        },
    }


def row(judged: Judged) -> dict[str, float]:
    """Counts of cases, the calibration error and the Brier score of stated confidences."""
    faults = [(one, p >= NAME_A_CAUSE_FROM) for one, p in judged if one.fault]
    normal = [p >= NAME_A_CAUSE_FROM for one, p in judged if not one.fault]
    said = [(p, one.right) for one, p in judged]
    return {
        "cases": len(judged),
        "faults": len(faults),
        "named_right": sum(named and one.right for one, named in faults),
        "named_wrong": sum(named and not one.right for one, named in faults),
        "abstained": sum(not named for _, named in faults),
        "normal": len(normal),
        "normal_named": sum(normal),
        "calibration_error": round(calibration_error(said), _PLACES),
        "brier": round(sum((p - right) ** 2 for p, right in said) / len(said), _PLACES),
    }


def _grouped(
    cases: Sequence[One], sure: Callable[[One, str | None], float], key: Callable[[One], str]
) -> dict[str, list[tuple[Case, float]]]:
    found: dict[str, list[tuple[Case, float]]] = {}
    for one in cases:
        found.setdefault(key(one), []).append((one, sure(one, key(one))))
    return found


def _rows(groups: Mapping[str, Judged]) -> dict[str, dict[str, float]]:
    together = [judged for group in groups.values() for judged in group]
    return {**{name: row(group) for name, group in groups.items()}, ALL: row(together)}


def _table(title: str, rows: Mapping[str, Mapping[str, float]]) -> Table:
    columns = list(next(iter(rows.values())))
    table = Table("", *(c.replace("_", " ") for c in columns), title=title)
    for name, values in rows.items():
        table.add_row(name, *(f"{values[c]:g}" for c in columns))
    return table
