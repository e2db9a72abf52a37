"""What both fits do alike: refuse parts that are kept back, and keep beside the map of all cases those that never saw a
part or a data set.
"""

import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Protocol, TypeVar

from analysis.calibration import Calibration, Coefficients
from evals.diagnosis.datasets import DATASETS
from evals.diagnosis.told import read


class Seen(Protocol):
    """One case to fit on."""

    @property
    def dataset(self) -> str: ...
    @property
    def part(self) -> str: ...


One = TypeVar("One", bound=Seen)


def tuning(files: Sequence[str]) -> list[dict[str, Any]]:
    """The runs of these files. Raises ValueError for one of parts that are not for tuning."""
    runs = read(map(Path, files))
    for run in runs:
        if others := set(run["parts"]) - set(DATASETS[run["dataset"]].tuning):
            raise ValueError(f"{run['dataset']}: {', '.join(sorted(others))} is not for tuning")
    return runs


def calibrated(seen: Sequence[One], fitted: Callable[[Sequence[One]], Coefficients], how: str) -> Calibration:
    """The map of all cases, one without each data set and one without each of its parts."""
    without: dict[str, Coefficients] = {}
    for dataset in dict.fromkeys(one.dataset for one in seen):
        without[dataset] = fitted([one for one in seen if one.dataset != dataset])
        for part in dict.fromkeys(one.part for one in seen if one.dataset == dataset):
            without[f"{dataset}/{part}"] = fitted([o for o in seen if (o.dataset, o.part) != (dataset, part)])
    return Calibration(how=how, all=fitted(seen), without=without)


def said(runs: Sequence[dict[str, Any]], count: Callable[[dict[str, Any]], str]) -> str:
    """Each run's data set with its commit, where there is one, and its cases as counted."""
    named = (" ".join(filter(None, (run["dataset"], run["data_commit"]))) for run in runs)
    return "; ".join(f"{name}: {count(run)}" for name, run in zip(named, runs, strict=True))


def keep(name: str, calibration: Calibration) -> None:
    """Beside the analysis that reads it."""
    file = Path(__file__).parents[2] / "analysis" / name
    file.write_text(json.dumps(calibration.model_dump(), indent=2) + "\n", encoding="utf-8")
