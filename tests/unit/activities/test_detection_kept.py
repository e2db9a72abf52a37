"""A series while a worker holds it: when it is written down."""

from collections import Counter

import numpy as np

from activities.detection.forecasts import Expected
from activities.detection.kept import Kept
from analysis.novelty import Detector
from domain.detection import Watched
from domain.series import Standing
from domain.services import Expression

LOAD = Expression(name="load", kind="load", query="load", unit="1/s", floor=1)
NOTHING = Expected(*np.full((3, 1), np.nan))
SERIES, CYCLES = 400, 20


def _kept(number: int) -> Kept:
    watched = Watched(key=f"series-{number}", service="shop", expression=LOAD, query="load")
    return Kept(watched, Standing(), 0.0, Detector(floor=1))


def test_what_one_cycle_took_over_is_written_in_turns_each_series_once_in_twenty_samples() -> None:
    first = [_kept(number) for number in range(SERIES)]
    for one in first:
        one.take([(60.0, 5.0)], NOTHING)
    taken_over = [Kept.of(one.row()) for one in first]
    written: Counter[int] = Counter()
    in_a_cycle: list[int] = []
    for cycle in range(CYCLES):
        for one in taken_over:
            one.take([(120.0 + 60 * cycle, 5.0)], NOTHING)
        due = [number for number, one in enumerate(taken_over) if one.due]
        in_a_cycle.append(len(due))
        written.update(due)
        for number in due:
            taken_over[number].written = taken_over[number].detector.points
    assert set(written.values()) == {1}
    assert len(written) == SERIES
    assert max(in_a_cycle) < 3 * SERIES / CYCLES
