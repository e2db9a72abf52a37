"""The made-up week: faults are where they are said to be, apart from each other, and in the series of their kind."""

import itertools

import numpy as np

from evals.detection.week.history import DAY_S, KINDS, make

SERIES = {
    "errors": "error ratio",
    "slow": "latency p95",
    "traffic": "request rate",
    "leak": "resident memory",
    "down": "up",
}


def test_faults_lie_in_the_last_days_apart_from_each_other_and_break_what_they_say() -> None:
    made = make(3, 9, 7, faults=True)
    assert {fault.kind for fault in made.faults} == set(KINDS)
    assert made.faults[0].start > made.times[-1] - 7 * DAY_S
    assert all(after.start - before.end >= 3 * 3_600 for before, after in itertools.pairwise(made.faults))
    for fault in made.faults:
        values, half = made.values[SERIES[fault.kind]], (fault.start + fault.end) / 2
        inside = values[(made.times >= half) & (made.times < fault.end)].mean()
        before = values[(made.times >= fault.start - 3_600) & (made.times < fault.start)].mean()
        worse = before - inside if fault.kind in {"traffic", "down"} else inside - before
        assert worse > 0.2 * before
    assert not make(3, 2, 1, faults=False).faults
    assert np.isfinite(made.values["latency p95"]).all()
