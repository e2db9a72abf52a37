"""A series while a worker holds it: when it is written down, and what it knows of its forecast's last hour."""

import json
import zlib
from collections import Counter

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

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


MEMORY = Expression(name="memory", kind="memory", query="memory", unit="MB", floor=10)
USUAL, OFF = 400.0, 25.0


def _held() -> Kept:
    """An hour of a forecast that is 2.5 sigma too low."""
    kept = Kept(
        Watched(key="k", service="shop", expression=MEMORY, query="memory"), Standing(), 0.0, Detector(floor=10)
    )
    for minute in range(60):
        kept.take([(minute * 60.0 + 60, USUAL + OFF)], _expected(USUAL + OFF))
    return kept


def _expected(value: float) -> Expected:
    return Expected(np.array([USUAL]), np.array([10.0]), np.array([abs(value - USUAL) / 10]), trained=1.0)


def test_a_leak_is_seen_as_a_climb_from_where_the_series_was_by_another_worker_as_well() -> None:
    kept = Kept.of(_held().row())
    assert kept.standing.signs[-1].sigma == 2.5
    climbing: list[bool] = []
    for minute in range(1, 15):
        value = USUAL + OFF + 4 * minute
        kept.take([(3_600.0 + minute * 60, value)], _expected(value))
        climbing.append(kept.standing.climbs)
    assert climbing == [minute >= 8 for minute in range(1, 15)], "three sigma are 30 MB"
    assert kept.standing.signs[-1].look in {"climb", "forecast"}


@given(st.lists(st.floats(-1e100, 1e100), min_size=1, max_size=60))
def test_another_worker_knows_every_number_to_its_last_bit(values: list[float]) -> None:
    kept = _held()
    for minute, value in enumerate(values):
        kept.take([(3_660.0 + minute * 60, value)], _expected(value))
    taken_over = Kept.of(kept.row())
    assert taken_over.detector.state() == kept.detector.state()
    assert taken_over.recent == kept.recent


def test_what_a_version_wrote_that_knew_nothing_of_the_last_hour_is_read() -> None:
    row = _held().row()
    state = json.loads(zlib.decompress(row.detector))
    del state["recent"]
    kept = Kept.of(row.model_copy(update={"detector": zlib.compress(json.dumps(state).encode())}))
    assert (kept.detector.points, len(kept.recent.times)) == (60, 0)


def test_a_latency_is_known_after_a_week_also_one_that_a_version_wrote_that_told_no_kinds_apart() -> None:
    latency = Watched(key="k", service="shop", expression=LOAD.model_copy(update={"kind": "latency"}), query="latency")
    held = [Kept(watched, Standing(), 0.0, Detector(floor=1)) for watched in (_kept(0).watched, latency)]
    written = [one.row() for one in held]
    before = [row.model_copy(update={"standing": Standing()}) for row in written]
    for rows in (written, before):
        assert [Kept.of(row).standing.known_after.days for row in rows] == [1, 7]


def test_what_was_learnt_of_trouble_before_it_was_known_to_be_some_is_forgotten() -> None:
    kept = _held()
    before = kept.recent.state()[1]
    for minute in range(1, 4):
        kept.take([(3_600.0 + minute * 60, 900.0)], _expected(900.0))
    assert len(kept.recent.times) > len(before)
    kept.settle(kept.standing.model_copy(update={"since": kept.standing.onset}))
    kept.take([(3_900.0, 900.0)], _expected(900.0))
    assert kept.recent.state()[1] == [one for one in before if one[0] >= 300]
