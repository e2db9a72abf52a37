"""Series: deviation from a baseline, trend, change point, lead."""

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from analysis.bits import bits
from analysis.series import Trend, baseline, change_point, episode, lead_s, robust_z, summarise, trend

VALUES = st.lists(st.floats(-1e6, 1e6), min_size=5, max_size=40)


def test_a_series_that_never_moved_is_measured_by_the_floor() -> None:
    base = baseline([0.0] * 50, floor=0.005)
    assert robust_z([0.05], base) == pytest.approx(10)


def test_without_a_floor_there_is_no_measure() -> None:
    with pytest.raises(ValueError, match="floor: 0"):
        baseline([1.0], floor=0)
    with pytest.raises(ValueError, match="values"):
        baseline([], floor=1)


def test_blips_in_the_baseline_do_not_hide_a_fault() -> None:
    calm = [1.0, 1.01, 0.99, 1.0] * 20 + [50.0] * 5
    assert robust_z([3.0, 3.1, 2.9], baseline(calm, 0.01)) > 10


def test_one_spike_is_not_a_fault() -> None:
    assert robust_z([1.0, 1.0, 90.0, 1.0, 1.0], baseline([1.0] * 20, 0.01)) == pytest.approx(0)


@pytest.mark.parametrize(("harmful", "sign"), [("up", 1), ("down", -1)])
def test_only_the_harmful_direction_counts(harmful: str, sign: int) -> None:
    base = baseline([10.0] * 20, 0.1)
    z = robust_z([20.0], base, "up" if harmful == "up" else "down")
    assert z * sign > 0
    assert (bits(z) > 0) == (sign > 0)


@given(VALUES, VALUES, st.floats(0.001, 1e3), st.integers(-20, 20))
def test_units_do_not_decide(calm: list[float], now: list[float], floor: float, power: int) -> None:
    """Seconds or milliseconds, megabytes or bytes: the deviation is the same."""
    scale = 2.0**power
    here = robust_z(now, baseline(calm, floor))
    there = robust_z([v * scale for v in now], baseline([v * scale for v in calm], floor * scale))
    assert there == pytest.approx(here, rel=1e-9, abs=1e-9)


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ([1, 2, 3, 4], Trend.UNKNOWN),
        ([], Trend.UNKNOWN),
        ([5, 5, 5, 5, 5], Trend.STABLE),
        ([100, 104, 108, 112, 116], Trend.STABLE),
        ([100, 110, 120, 130, 140], Trend.INCREASING),
        ([140, 130, 120, 110, 100], Trend.DECREASING),
        ([-100, -110, -120, -130, -140], Trend.DECREASING),
        ([900, 800, 700, 600, 500, *[100] * 10], Trend.STABLE),
        ([0, 0, 0, 0, 0, 0], Trend.STABLE),
    ],
)
def test_the_trend_is_the_slope_of_the_last_ten_points(values: list[float], expected: Trend) -> None:
    assert trend(values) is expected


def test_just_beyond_five_percent_of_the_mean_per_point_is_a_trend() -> None:
    """The mean is 100: 5 a point is the bound, and a hair more crosses it."""
    assert trend([90, 95, 100, 105, 110]) is Trend.STABLE
    assert trend([89.9, 94.95, 100, 105.05, 110.1]) is Trend.INCREASING


def test_a_summary_holds_least_greatest_and_mean() -> None:
    summary = summarise([3.0, 1.0, 2.0, 2.0, 2.0])
    assert (summary.least, summary.greatest, summary.mean) == (1.0, 3.0, 2.0)


@given(st.integers(3, 60), st.integers(3, 60), st.integers(0, 10_000))
def test_a_step_is_found_where_it_is(before: int, after: int, seed: int) -> None:
    noise = np.random.default_rng(seed)
    values = [*noise.normal(1, 0.1, before), *noise.normal(9, 0.1, after)]
    found = change_point([10.0 * n for n in range(len(values))], values)
    assert found is not None
    assert found.at == 10.0 * before
    assert found.before == pytest.approx(1, abs=0.5)
    assert found.after == pytest.approx(9, abs=0.5)


def test_noise_and_constants_have_no_change_point() -> None:
    noise = np.random.default_rng(5)
    assert change_point(list(range(200)), list(noise.normal(1, 0.1, 200))) is None
    assert change_point(list(range(20)), [4.0] * 20) is None
    assert change_point([], []) is None
    assert change_point([1.0, 2.0], [1.0, 9.0]) is None


@pytest.mark.parametrize(
    ("shape", "start"),
    [
        ("calm 40, bad 10", 0),
        ("calm 20, bad 10, calm 12, bad 8", 30),
        ("calm 20, bad 10, calm 3, bad 8", 0),
        ("bad 10", 0),
        ("calm 9, bad 9, calm 9, bad 9, calm 9, bad 9", 36),
    ],
)
def test_an_earlier_trouble_is_no_part_of_this_episode(shape: str, start: int) -> None:
    parts = [part.split() for part in shape.split(", ")]
    values = [9.0 if word == "bad" else 1.0 for word, count in parts for _ in range(int(count))]
    assert episode(values, baseline([1.0] * 20, 0.01)) == start
    assert episode([-v for v in values], baseline([-1.0] * 20, 0.01), "down") == start


def test_the_one_that_moves_first_leads() -> None:
    step = [0.0] * 30 + [1.0] * 30
    later = [0.0] * 34 + [1.0] * 26
    assert lead_s(step, later, 5.0) == 20.0
    assert lead_s(later, step, 5.0) == -20.0
    assert lead_s(step, step, 5.0) == 0.0


def test_series_that_have_nothing_in_common_have_no_lead() -> None:
    noise = np.random.default_rng(3)
    a, b = (list(noise.normal(0, 1, 400)) for _ in range(2))
    assert lead_s(a, b, 5.0) is None
    assert lead_s([1.0] * 50, [2.0] * 50, 5.0) is None
    assert lead_s([1.0], [1.0], 5.0) is None


@given(st.lists(st.floats(0.1, 100), min_size=6, max_size=40))
def test_change_points_lie_inside_of_the_series(values: list[float]) -> None:
    times = [float(n) for n in range(len(values))]
    found = change_point(times, values)
    if found is not None:
        assert times[2] < found.at < times[-2]
        assert 0.4 <= found.gain <= 1
        assert any(a != b for a, b in pairwise(values))
