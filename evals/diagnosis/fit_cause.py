"""`python -m evals.diagnosis.fit_cause FILE ...` makes analysis/cause_calibration.json from what `eval withheld --json`
wrote of the tuning parts.

The map of analysis/confidence.py by penalised likelihood, times what missing sources leave: a map that was fitted
without would be too modest by what they take. The other bounds of a confidence (the place, the kind, the lead, 0.95)
are left out: with them a map that never saw Nezha came out as a constant, because they alone told right from wrong in
the rest. Rankings without a cause or without a kind teach nothing, as their confidence does not come from the map.
"""

import sys
from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Any, cast

import numpy as np

from analysis.calibration import Coefficients, mapped
from evals.diagnosis.fitting import calibrated, keep, said, tuning
from evals.diagnosis.told_causes import ToldCause, told_causes

_PENALTY = 1.0
_LEAST = 1e-6


def fitted(seen: Sequence[ToldCause]) -> Coefficients:
    """The map for these rankings: more evidence and a larger lead never make it less sure."""
    # Heavy, and needed here only; scipy has no types.
    from scipy.optimize import minimize  # noqa: PLC0415 # pyright: ignore[reportUnknownVariableType]

    ours = [(one, one.looks) for one in _teaching(seen) if one.looks is not None]
    right = np.array([one.right for one, _ in ours])
    weight = np.array(weights([one for one, _ in ours]))

    def cost(at: Sequence[float]) -> float:
        by = _coefficients(at)
        sure = np.clip([mapped(looks, by) * one.left for one, looks in ours], _LEAST, 1 - _LEAST)
        surprise = -np.log(np.where(right, sure, 1 - sure))
        return float(np.sum(weight * surprise)) + _PENALTY / 2 * (by.score**2 + by.lead**2)

    found = cast("Any", minimize)(
        cost, [-4.0, 1.0, 1.0], method="L-BFGS-B", bounds=[(None, None), (0, None), (0, None)]
    )
    return _coefficients([round(float(x), 3) for x in found.x])


def weights(seen: Sequence[ToldCause]) -> list[float]:
    """Every data set weighs the same, in it faults as much as normal windows where it has both, every case as much as
    another, and what is said of it with all its sources as much as with all choices of fewer together. Their mean is 1.
    """
    rankings = Counter((_case(one), one.whole) for one in seen)
    choices = Counter(case for case, _ in rankings)
    cases = Counter((dataset, fault) for dataset, _, _, fault in choices)
    sides = Counter(dataset for dataset, _ in cases)
    each = [
        1 / (sides[one.dataset] * cases[one.dataset, one.fault] * choices[_case(one)] * rankings[_case(one), one.whole])
        for one in seen
    ]
    return [weight * len(each) / sum(each) for weight in each]


def _case(one: ToldCause) -> tuple[str, str, str, bool]:
    return one.dataset, one.part, one.name, one.fault


def _teaching(seen: Iterable[ToldCause]) -> list[ToldCause]:
    return [one for one in seen if one.looks is not None and not one.kindless]


def _coefficients(at: Sequence[float]) -> Coefficients:
    offset, score, lead = at
    return Coefficients(offset=offset, score=score, lead=lead)


def main(files: Sequence[str]) -> None:
    """Read the runs, fit, and write the file. Raises ValueError for a run of parts that are not for tuning."""
    runs = tuning(files)
    how = f"evals/diagnosis/fit_cause.py on the tuning parts of {said(runs, lambda run: _count(told_causes([run])))}"
    keep("cause_calibration.json", calibrated(told_causes(runs), fitted, how))


def _count(seen: Sequence[ToldCause]) -> str:
    """Of what teaches."""
    ours = _teaching(seen)
    faults, normal = (len({_case(one) for one in ours if one.fault is fault}) for fault in (True, False))
    return f"{faults} faults, {normal} normal windows, {len(ours)} rankings"


if __name__ == "__main__":
    main(sys.argv[1:])
