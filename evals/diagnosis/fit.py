"""`python -m evals.diagnosis.fit DATASET=DIR ...` makes analysis/calibration.json from the tuning parts.

A logistic map of the features in analysis/calibration.py, by penalised likelihood (scikit-learn, C = 1). Every data set
weighs the same, and within it faults weigh as much as normal windows, where whatever is named is wrong: otherwise the
map would learn how many of each somebody recorded.
"""

import json
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from analysis.calibration import Calibration, Coefficients, features
from evals.diagnosis.datasets import DATASETS
from evals.diagnosis.run import answers, commit_of

_FILE = Path(__file__).parents[2] / "analysis" / "calibration.json"


@dataclass(frozen=True)
class Row:
    """One case: what its ranking looked like, and whether its first place was right."""

    dataset: str
    part: str
    fault: bool
    right: bool
    looks: tuple[float, float, float]


def rows(dataset: str, data: Path) -> list[Row]:
    """The tuning parts of one data set."""
    known = DATASETS[dataset]
    return [
        Row(dataset, a.case.part, not a.normal, a.rank == 1, features(a.diagnosis.places))
        for a in answers(known, data, known.tuning)
    ]


def fitted(seen: Sequence[Row]) -> Coefficients:
    """The map for these cases."""
    from sklearn.linear_model import LogisticRegression  # noqa: PLC0415 -- heavy, and needed here only

    counts: dict[tuple[str, bool], int] = {}
    for row in seen:
        counts[row.dataset, row.fault] = counts.get((row.dataset, row.fault), 0) + 1
    weights = np.array([1 / counts[row.dataset, row.fault] for row in seen])
    model: Any = LogisticRegression(C=1.0)
    looks = np.array([row.looks for row in seen])
    model.fit(looks, [row.right for row in seen], sample_weight=weights * len(seen) / weights.sum())
    offset, (score, lead, symptom) = float(model.intercept_[0]), (float(c) for c in model.coef_[0])
    return Coefficients(
        offset=round(offset, 3), score=round(score, 3), lead=round(lead, 3), symptom=round(symptom, 3)
    )  # fmt: skip


def calibrated(seen: Sequence[Row], how: str) -> Calibration:
    """The map of all cases, and one without each part."""
    parts = dict.fromkeys((row.dataset, row.part) for row in seen)
    without = {
        f"{dataset}/{part}": fitted([r for r in seen if (r.dataset, r.part) != (dataset, part)])
        for dataset, part in parts
    }
    return Calibration(how=how, all=fitted(seen), without=without)


def main(given: Sequence[str]) -> None:
    """Read the data sets, fit, and write the file."""
    seen: list[Row] = []
    said: list[str] = []
    for one in given:
        dataset, _, data = one.partition("=")
        ours = rows(dataset, Path(data))
        faults = sum(row.fault for row in ours)
        said.append(f"{dataset} {commit_of(Path(data))}: {faults} faults, {len(ours) - faults} normal windows")
        seen += ours
    how = f"evals/diagnosis/fit.py on the tuning parts of {'; '.join(said)}"
    _FILE.write_text(json.dumps(calibrated(seen, how).model_dump(), indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main(sys.argv[1:])
