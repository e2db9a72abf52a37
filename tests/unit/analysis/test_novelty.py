"""The streaming detector finds what a forecast cannot see, says it once, and forgets nothing over a restart."""

import json
import math
from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analysis.novelty import CALM, READY_AFTER, THRESHOLD, Detector, Judgement

START = 1_700_000_000.0
STEP = 60.0
Numbers = np.ndarray[tuple[int], np.dtype[np.float64]]


def noise(points: int, seed: int = 1) -> Numbers:
    return 50 + np.random.default_rng(seed).normal(0, 2, points)


def judged(values: Numbers, detector: Detector | None = None) -> list[Judgement | None]:
    detector = detector or Detector()
    return [detector.judge(START + STEP * n, float(value)) for n, value in enumerate(values)]


def alarm_places(values: Numbers) -> list[int]:
    return [place for place, one in enumerate(judged(values)) if one is not None and one.alarm]


def level(values: Numbers) -> None:
    values[2_000:] += 15


def drift(values: Numbers) -> None:
    values[2_000:] += np.linspace(0, 30, len(values) - 2_000)


def wilder(values: Numbers) -> None:
    values[2_000:] = 50 + 4 * (values[2_000:] - 50)


def frozen(values: Numbers) -> None:
    values[2_000:] = values[2_000]


def spike(values: Numbers) -> None:
    values[2_000] += 40


@pytest.mark.parametrize(("change", "within"), [(level, 2), (drift, 250), (wilder, 30), (frozen, 60), (spike, 1)])
def test_each_kind_of_change_is_told_soon(change: Callable[[Numbers], None], within: int) -> None:
    values = noise(2_300)
    change(values)
    places = alarm_places(values)
    first = next((place for place in places if place >= 2_000), math.inf)
    assert first < 2_000 + within


def test_noise_alone_raises_fewer_than_three_alarms_in_a_thousand_points() -> None:
    """A record comes up now and then: why one point of one series opens no incident."""
    assert len([place for place in alarm_places(noise(2_500)) if place >= 500]) < 6


def test_the_wrong_time_of_day_is_told_though_the_value_is_common() -> None:
    day = 1_440
    hours = np.arange(6 * day) / day
    values = 100 + 50 * np.sin(2 * np.pi * hours) + np.random.default_rng(2).normal(0, 1, 6 * day)
    at = 5 * day + day // 4
    values[at : at + 30] = 60.0
    detector = Detector()
    told = [
        one
        for n, value in enumerate(values)
        if (one := detector.judge(START + STEP * n, float(value))) is not None and one.alarm and n >= at
    ]
    assert told
    assert told[0].at <= START + STEP * (at + 5)


def test_what_lasts_is_told_once_and_stays_strange_until_it_is_back() -> None:
    values = noise(2_200)
    values[2_000:2_060] += 40
    stream = judged(values)
    inside = [one for one in stream[2_000:2_060] if one is not None]
    assert sum(one.alarm for one in inside) <= 2
    assert all(one.lasting >= THRESHOLD for one in inside)
    assert all(one is not None and one.lasting < CALM for one in stream[2_061:2_100])


def test_what_belongs_to_a_known_incident_is_not_learnt() -> None:
    values = noise(2_000)
    known, careful = Detector(), Detector()
    for detector in (known, careful):
        judged(values, detector)
    for n in range(60):
        known.judge(START + STEP * (2_000 + n), 90.0)
        careful.judge(START + STEP * (2_000 + n), 90.0, learn=False)
    again = START + STEP * 2_500
    first, second = known.judge(again, 90.0), careful.judge(again, 90.0)
    assert first is not None
    assert second is not None
    assert first.sigma < THRESHOLD <= second.sigma


def test_trouble_that_was_disowned_is_new_when_it_comes_again() -> None:
    detector = Detector()
    judged(noise(2_000), detector)
    for n in range(3):
        detector.judge(START + STEP * (2_000 + n), 90.0)
    detector.disown()
    again = detector.judge(START + STEP * 2_003, 90.0)
    assert again is not None
    assert again.sigma >= THRESHOLD
    assert 45 < again.usual < 55


def test_a_change_below_the_floor_is_none_and_one_above_it_counts_from_zero_on() -> None:
    """An error ratio that was always 0: one request of a thousand is nothing, one of ten is."""
    detector = Detector(floor=0.005)
    judged(np.zeros(500), detector)
    little, much = detector.judge(START + STEP * 500, 0.001), detector.judge(START + STEP * 501, 0.1)
    assert little is not None
    assert much is not None
    assert little.sigma < THRESHOLD < much.sigma


def test_a_young_series_and_what_is_no_number_are_not_judged() -> None:
    detector = Detector()
    assert all(one is None for one in judged(noise(READY_AFTER), detector))
    assert detector.judge(START, 50.0) is not None
    assert detector.judge(START, math.nan) is None
    assert detector.judge(START, math.inf) is None


@given(st.lists(st.floats(-1e6, 1e6) | st.sampled_from([0.0, 7.0]), min_size=5, max_size=90))
def test_a_deviation_is_that_of_all_of_its_points(values: list[float]) -> None:
    detector = Detector()
    for n, value in enumerate(values):
        detector.judge(START + STEP * n, value)
    for size, channel in ((5, detector.channels["deviation of 5"]), (48, detector.channels["deviation of 48"])):
        known = channel.codebook.words.tolist()
        spans = [values[end - size : end] for end in range(size, len(values) + 1)]
        expected = [float(np.std(span)) for span in spans]
        # What is within half a hundredth of the scale of a known one is no word of its own.
        assert all(min(abs(word - one) for one in expected) <= 1e-9 * max(expected) + 1e-12 for word in known)
        assert bool(known) == bool(spans)


@settings(max_examples=8, deadline=None)
@given(st.integers(1, 600), st.integers(0, 2**16))
def test_a_restart_at_any_point_changes_no_judgement(stop: int, seed: int) -> None:
    values = noise(700, seed)
    values[300:320] += 30
    without = judged(values)
    detector = Detector()
    before = [detector.judge(START + STEP * n, float(values[n])) for n in range(stop)]
    resumed = Detector.restore(json.loads(json.dumps(detector.state())))
    after = [resumed.judge(START + STEP * n, float(values[n])) for n in range(stop, 700)]
    assert [*before, *after] == without


def test_a_state_of_another_version_is_refused() -> None:
    with pytest.raises(ValueError, match="format"):
        Detector.restore({**Detector().state(), "format": 0})


def test_memory_is_bounded_however_wild_the_series() -> None:
    walk = np.cumsum(np.random.default_rng(3).normal(0, 1, 5_000))
    detector = Detector()
    judged(walk, detector)
    assert all(len(channel.codebook.words) <= 4_100 for channel in detector.channels.values())
    assert len(json.dumps(detector.state())) < 400_000


def test_a_detector_knows_a_day_when_it_has_seen_nine_tenths_of_its_hours() -> None:
    detector = Detector()
    for minute in range(24 * 60 - 180):
        detector.judge(60.0 * minute, 1.0)
    assert not detector.knows_a_day
    for minute in range(24 * 60 - 180, 24 * 60 - 120):
        detector.judge(60.0 * minute, 1.0)
    assert detector.knows_a_day
