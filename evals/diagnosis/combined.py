"""`nightshift eval reliability`: stated confidence against hit rate over several runs of `eval diagnosis`."""

from collections.abc import Callable, Sequence
from typing import Any

from rich.table import Table

from domain.diagnosis import NAME_A_CAUSE_FROM
from evals.diagnosis.options import JsonFile, Runs, console, write
from evals.diagnosis.scoring import Bin, binned, calibration_error
from evals.diagnosis.told import Told, read, told


def reliability(files: Runs, json_file: JsonFile = None) -> None:
    """How often a place that was called so and so likely was right, over all data sets; then place and kind."""
    figures = combined(read(files))
    shown = console()
    shown.print(_table("confidence in the place, all data sets", figures["reliability"]))
    for name in ("normal_windows", "abstained", "brier", "calibration_error"):
        shown.print(f"{name}: {figures[name]}")
    kinds = figures["place_and_kind"]
    shown.print(_table("confidence in place and kind, where the data set tells the kind", kinds["reliability"]))
    for name, value in kinds.items():
        if name != "reliability":
            shown.print(f"{name}: {value}", soft_wrap=True)
    write(figures, json_file)


def combined(runs: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """The table over the cases of all runs, and in which share of the normal windows no place was named."""
    cases = told(runs)
    said = [(one.place, one.right) for one in cases]
    normal = [one.place for one in cases if not one.fault]
    return {
        "name": "reliability",
        "dataset": ", ".join(run["dataset"] for run in runs),
        "parts": [f"{run['dataset']}/{part}" for run in runs for part in run["parts"]],
        "reliability": [_row(b) for b in binned(said)],
        "normal_windows": len(normal),
        "abstained": round(sum(p < NAME_A_CAUSE_FROM for p in normal) / len(normal), 3) if normal else None,
        "brier": _brier(said),
        "calibration_error": round(calibration_error(said), 3),
        "place_and_kind": place_and_kind(cases),
    }


def place_and_kind(cases: Sequence[Told]) -> dict[str, Any]:
    """The number that actions ask for, held against place *and* kind, over the faults whose kind is told and the normal
    windows of their data sets; `kind_right`: right of those whose place is right, by data set.

    Beside it the simplest map that could be fitted: confidence in the place times the share of kinds that were right in
    the *other* data sets (Laplace's rule), nothing for a cause without a kind.
    """
    known = {one.dataset for one in cases if one.kind_right is not None}
    ours = [one for one in cases if one.dataset in known and (one.kind_right is not None or not one.fault)]
    said = [(one.both, one.right and bool(one.kind_right)) for one in ours]
    fitted = [(_from_others(one, ours), right) for one, (_, right) in zip(ours, said, strict=True)]
    return {
        "reliability": [_row(b) for b in binned(said)],
        "cases": len(ours),
        "kind_right": {
            name: "{} of {}".format(*_kinds(ours, lambda d, name=name: d == name)) for name in sorted(known)
        },
        "kind_not_told": sum(one.fault and one.kind_right is None for one in cases),
        "brier": _brier(said),
        "calibration_error": round(calibration_error(said), 3),
        "brier_of_a_share_from_other_sets": _brier(fitted),
        "calibration_error_of_a_share_from_other_sets": round(calibration_error(fitted), 3),
    }


def _from_others(one: Told, cases: Sequence[Told]) -> float:
    right, count = _kinds(cases, lambda dataset: dataset != one.dataset)
    return 0.0 if one.kindless else one.place * (right + 1) / (count + 2)


def _kinds(cases: Sequence[Told], of: Callable[[str], bool]) -> tuple[int, int]:
    """In how many of the faults whose place is right the kind is right too, and of how many."""
    judged = [one.kind_right for one in cases if of(one.dataset) and one.right and one.kind_right is not None]
    return sum(judged), len(judged)


def _brier(said: Sequence[tuple[float, bool]]) -> float | None:
    return round(sum((p - right) ** 2 for p, right in said) / len(said), 3) if said else None


def _table(title: str, rows: Sequence[dict[str, float]]) -> Table:
    table = Table("stated", "cases", "on average", "right", title=title)
    for row in rows:
        table.add_row(
            f"{row['low']:g} to {row['high']:g}", str(row["count"]), f"{row['stated']:g}", f"{row['right']:g}"
        )
    return table


def _row(one: Bin) -> dict[str, float]:
    return {key: round(value, 3) for key, value in vars(one).items()}
