"""By how much a forecast was off lately: by the last hour without its last ten minutes, and what climbs is told apart
from what jumps.
"""

import math
from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from analysis.forecasting.recent import Correction, Recent

TRAINED = 1_000.0
misses = st.lists(st.floats(-1e9, 1e9), min_size=40, max_size=90)


def fed(values: Sequence[float], *, step_s: float = 60.0, trained: float = TRAINED) -> tuple[Recent, Correction | None]:
    """After so many samples; with what the last one was corrected by."""
    recent, last = Recent(), None
    for number, value in enumerate(values):
        last = recent.judge(number * step_s, value, trained)
    return recent, last


def test_it_needs_twenty_minutes_beside_the_last_ten_which_have_no_say() -> None:
    assert fed([5.0] * 29)[1] is None
    assert fed([5.0] * 20 + [90.0] * 10)[1] == Correction(level=5.0, spread=0.0, rise=0.0)


def test_it_knows_an_hour_and_one_sample_a_minute_of_it() -> None:
    hourly = fed([1e6] * 240 + [4.0, 6.0] * 150, step_s=15.0)
    assert hourly[1] == Correction(level=4.0, spread=0.0, rise=0.0), "of the four in a minute the first"
    assert len(hourly[0].misses) <= 61


def test_another_training_and_what_is_no_number_say_nothing_of_this_forecast() -> None:
    recent, _ = fed([5.0] * 60)
    assert recent.judge(3_600, 5.0, TRAINED + 1) is None
    assert fed([math.nan] * 60)[1] is None


def test_trouble_is_never_what_it_is_usually_off_by() -> None:
    recent, before = fed([5.0] * 40)
    for minute in range(40, 60):
        recent.judge(minute * 60, 500.0, TRAINED)
    recent.disown(40 * 60)
    for minute in range(60, 81):
        assert recent.judge(minute * 60, 500.0, TRAINED, learn=False) == before == Correction(5.0, 0.0, 0.0)
    assert recent.judge(81 * 60, 500.0, TRAINED, learn=False) is None, "what it was off by is too long ago"


@pytest.mark.parametrize(
    ("last", "rise"),
    [
        (range(1, 11), 10.0),
        ((1, 3, 2, 4, 5, 7, 6, 8, 10, 9), 9.5),
        (range(-1, -11, -1), 0.0),
        ((0, 0, 0, 0, 0, 9, 9, 9, 9, 9), 0.0),
        ((0, 0, 0, 0, 0, 0, 0, 0, 0, 90), 0.0),
        ((9, 1, 8, 2, 9, 1, 9, 2, 8, 9), 0.0),
    ],
)
def test_what_rises_steadily_for_ten_minutes_climbs_and_nothing_else(last: Sequence[float], rise: float) -> None:
    found = fed([0.0] * 30 + [float(one) for one in last])[1]
    assert found is not None
    assert found.rise == pytest.approx(rise, abs=0.5)


@given(st.integers(0, 10), st.floats(0.001, 1e9))
def test_a_jump_is_no_climb_wherever_and_however_high(place: int, height: float) -> None:
    found = fed([0.0] * (30 + place) + [height] * (10 - place))[1]
    assert found is not None
    assert found.rise == 0


def test_where_samples_are_missing_or_between_two_minutes_nothing_climbs() -> None:
    recent, _ = fed([0.0] * 30 + [float(n) for n in range(9)])
    late = recent.judge(42 * 60, 9.0, TRAINED)
    assert late is not None
    assert late.rise == 0
    recent, on_time = fed([0.0] * 30 + [float(n) for n in range(10)])
    between = recent.judge(39 * 60 + 15, 10.0, TRAINED)
    assert on_time is not None
    assert between is not None
    assert (on_time.rise > 0, between.rise) == (True, 0)


@given(misses)
def test_another_worker_goes_on_from_what_was_written_down(values: list[float]) -> None:
    recent, _ = fed(values)
    restored, at = Recent.restore(recent.state()), len(values) * 60.0
    assert restored.judge(at, 1.0, TRAINED) == recent.judge(at, 1.0, TRAINED)
    assert Recent.restore(Recent().state()).judge(0, 1.0, TRAINED) is None
