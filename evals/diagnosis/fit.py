"""`python -m evals.diagnosis.fit FILE ...` makes analysis/calibration.json from what `eval diagnosis --json` wrote of
the tuning parts.

A logistic map of the features in analysis/calibration.py, by penalised likelihood (scikit-learn, C = 1). Every data set
weighs the same, and within it faults weigh as much as normal windows, where whatever is named is wrong: otherwise the
map would learn how many of each somebody recorded.
"""

import sys
from collections.abc import Sequence
from typing import Any

import numpy as np

from analysis.calibration import Coefficients
from evals.diagnosis.fitting import calibrated, keep, said, tuning
from evals.diagnosis.told import Told, told

_NOTHING_FOUND = (0.0, 0.0)


def fitted(seen: Sequence[Told]) -> Coefficients:
    """The map for these cases."""
    from sklearn.linear_model import LogisticRegression  # noqa: PLC0415 -- heavy, and needed here only

    counts: dict[tuple[str, bool], int] = {}
    for one in seen:
        counts[one.dataset, one.fault] = counts.get((one.dataset, one.fault), 0) + 1
    weights = np.array([1 / counts[one.dataset, one.fault] for one in seen])
    model: Any = LogisticRegression(C=1.0)
    looks = np.array([one.looks or _NOTHING_FOUND for one in seen])
    model.fit(looks, [one.right for one in seen], sample_weight=weights * len(seen) / weights.sum())
    score, lead = (float(c) for c in model.coef_[0])
    return Coefficients(offset=round(float(model.intercept_[0]), 3), score=round(score, 3), lead=round(lead, 3))


def main(files: Sequence[str]) -> None:
    """Read the runs, fit, and write the file. Raises ValueError for a run of parts that are not for tuning."""
    runs = tuning(files)
    how = f"evals/diagnosis/fit.py on the tuning parts of {said(runs, lambda run: _count(told([run])))}"
    keep("calibration.json", calibrated(told(runs), fitted, how))


def _count(ours: Sequence[Told]) -> str:
    faults = sum(one.fault for one in ours)
    return f"{faults} faults, {len(ours) - faults} normal windows"


if __name__ == "__main__":
    main(sys.argv[1:])
