"""Series: deviation from a baseline, trend, change point, lead."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from analysis.bits import bits
from analysis.series import Trend, baseline, lead_s, onset, robust_z, summarise, trend

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


@given(st.integers(5, 200), st.integers(1, 60), st.integers(0, 10_000))
def test_a_step_is_dated_within_one_point_however_short(before: int, after: int, seed: int) -> None:
    noise = np.random.default_rng(seed)
    calm, now = list(noise.normal(1, 0.3, before)), list(noise.normal(9, 0.5, after))
    found = onset([*calm, *now], baseline(calm, 0.01), float(np.median(now)))
    assert found is not None
    assert abs(found - before) <= 1


@pytest.mark.parametrize("wobble", [0.05, 0.1, 0.15])
@pytest.mark.parametrize("lasts", [2, 8, 20])
def test_a_wobble_before_a_step_is_not_its_onset(wobble: float, lasts: int) -> None:
    """As p95 does when few requests are slow: 23 ms, a while of 100 ms, and only then 378 ms."""
    calm = [0.023, 0.024] * 100
    values = [*calm, *[wobble, wobble * 0.97] * (lasts // 2), *[0.378] * 5]
    found = onset(values, baseline(calm, 0.005), 0.378)
    assert found is not None
    assert abs(found - (len(calm) + lasts)) <= 1


def test_a_slope_begins_at_its_foot_and_an_earlier_trouble_is_none_of_it() -> None:
    earlier = [1.0] * 20 + [9.0] * 10 + [1.0] * 12
    slope = [2.5, 4.0, 5.5, 7.0, 8.5, 9.0, 9.0]
    base = baseline([1.0] * 20, 0.1)
    assert onset([*earlier, *slope], base, 9.0) == 42
    assert onset([-v for v in (*earlier, *slope)], baseline([-1.0] * 20, 0.1), -9.0) == 42


def test_a_dip_does_not_begin_it_anew_and_what_was_always_there_has_no_onset() -> None:
    base = baseline([1.0] * 20, 0.1)
    assert onset([*[1.0] * 20, 9.0, 9.0, 1.0, 1.0, 9.0, 9.0, 9.0], base, 9.0) == 20
    assert onset([9.0] * 10, base, 9.0) is None


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
