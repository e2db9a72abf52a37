"""By how much a forecast was off lately: by the last hour without its last ten minutes, and what climbs is told apart
from what jumps.
"""

import math
from collections.abc import Sequence
from dataclasses import astuple, dataclass, field
from statistics import correlation, fmean, linear_regression

import pytest
from hypothesis import assume, given
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
    assert len(hourly[0].times) <= 61


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


@dataclass
class Plain:
    """The same as it is said: all of it anew for each sample, from the samples that were learnt."""

    learnt: list[tuple[float, float, float]] = field(default_factory=list[tuple[float, float, float]])

    def judge(self, at: float, miss: float, trained: float, *, learn: bool) -> Correction | None:
        self.learnt = [one for one in self.learnt if one[2] == trained and one[0] >= at - 3_600]
        if learn and math.isfinite(miss) and all(at - then >= 59 for then, *_ in self.learnt):
            self.learnt.append((at, miss, trained))
        before = [known for then, known, _ in self.learnt if then <= at - 600]
        if len(before) < 20:
            return None
        level, ten = fmean(before), self.learnt[-10:]
        spread = math.sqrt(fmean((known - level) ** 2 for known in before))
        on_time = ten[-1][0] == at and ten[0][0] >= at - 601
        return Correction(level, spread, rise([known for _, known, _ in ten], level) if on_time else 0.0)

    def disown(self, since: float) -> None:
        self.learnt = [one for one in self.learnt if one[0] < since]


def rise(ten: Sequence[float], level: float) -> float:
    if max(ten) == min(ten):
        return 0.0
    steady = correlation(range(10), ten)
    assume(abs(steady - 0.9) > 1e-6)
    slope, intercept = linear_regression(range(10), ten)
    return max(intercept + 9 * slope - level, 0.0) if steady >= 0.9 else 0.0


def climb(slope: float, size: int) -> list[float]:
    return [slope * n for n in range(size)]


numbers = st.floats(-1e3, 1e3) | st.sampled_from([math.nan, math.inf, 0.0])
climbs = st.builds(climb, st.floats(0.1, 9), st.integers(10, 20))
# Seconds between samples: a minute, a little less or more, four in a minute, and such with gaps between them.
stretches = st.tuples(
    st.sampled_from([60.0, 60.0, 59.5, 60.5, 15.0, 180.0]),
    st.lists(numbers, min_size=1, max_size=40) | climbs,
    st.sampled_from(["healthy", "healthy", "healthy", "after a gap", "known trouble", "trouble after all", "trained"]),
)


@given(st.lists(stretches, min_size=2, max_size=8))
def test_it_says_what_the_plain_sums_say_over_gaps_troubles_and_trainings(
    made: list[tuple[float, list[float], str]],
) -> None:
    recent, plain, at, trained = Recent(), Plain(), 0.0, TRAINED
    for step_s, values, how in [(60.0, [1.0, 2.0] * 15, "healthy"), *made]:
        began = at + step_s
        at += 2_400.0 if how == "after a gap" else 0.0
        trained += how == "trained"
        for value in values:
            at += step_s
            found, expected = (one.judge(at, value, trained, learn=how != "known trouble") for one in (recent, plain))
            assert (found is None) == (expected is None)
            if found is not None and expected is not None:
                assert astuple(found) == pytest.approx(astuple(expected), rel=1e-9, abs=1e-9)
        if how == "trouble after all":
            recent.disown(began)
            plain.disown(began)
