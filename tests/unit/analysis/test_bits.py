"""Evidence in bits."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from analysis.bits import bits, count_z, odds_of_full


@pytest.mark.parametrize(
    ("z", "z0", "expected"),
    [(0, 5, 0), (-40, 5, 0), (5, 5, 1), (2, 2, 1), (5 * math.sqrt(3), 5, 2), (5 * math.sqrt(1023), 5, 10)],
)
def test_a_deviation_of_z0_scales_is_one_bit_and_a_better_value_is_none(z: float, z0: float, expected: float) -> None:
    assert bits(z, z0) == pytest.approx(expected)


@pytest.mark.parametrize(("z", "z0"), [(math.nan, 5), (math.inf, 5), (1, 0), (1, -2), (1, math.nan)])
def test_numbers_that_say_nothing_are_refused(z: float, z0: float) -> None:
    with pytest.raises(ValueError, match="z"):
        bits(z, z0)


@given(st.floats(0, 1e6), st.floats(0, 1e6))
def test_more_deviation_never_is_less_evidence(a: float, b: float) -> None:
    low, high = sorted((a, b))
    assert bits(low) <= bits(high)


@pytest.mark.parametrize(
    ("seen", "expected", "sign"), [(10, 10, 0), (100, 1, 1), (0, 50, -1), (1, 0, 1), (0, 0, -1), (11, 10, 1)]
)
def test_a_count_is_judged_against_what_was_expected(seen: float, expected: float, sign: int) -> None:
    z = count_z(seen, expected)
    assert (z > 0) - (z < 0) == sign


def test_twice_as_much_says_more_when_there_is_more_of_it() -> None:
    assert count_z(200, 100) > count_z(20, 10) > count_z(2, 1)


def test_a_full_thing_has_finite_odds_and_no_limit_is_an_error() -> None:
    assert odds_of_full(12, 12) == 24
    assert odds_of_full(6, 12) < 1
    with pytest.raises(ValueError, match="limit: 0"):
        odds_of_full(1, 0)
