"""The NAB score by hand: what each kind of detection is worth in a series of a hundred points."""

import numpy as np
import pytest

from evals.detection.nab_data import Labelled
from evals.detection.nab_score import PROFILES, Judged, Profile, best_threshold, nab_score, probation, sigmoid
from evals.detection.streaming import Streamed, alarms

STANDARD, LOW_FP, LOW_FN = PROFILES
WINDOW = (40, 49)
LEFT_EDGE = float(sigmoid(-1.0))


def corpus(*detections: int, windows: tuple[tuple[int, int], ...] = (WINDOW,)) -> list[Judged]:
    scores = np.zeros(100)
    scores[list(detections)] = 5.0
    return [Judged("by hand", scores, windows)]


def score(*detections: int, windows: tuple[tuple[int, int], ...] = (WINDOW,)) -> float:
    return nab_score(corpus(*detections, windows=windows), 5.0, STANDARD)


def test_a_detector_that_says_nothing_gets_0_and_one_at_the_very_start_of_the_window_100() -> None:
    assert score() == pytest.approx(0.0)
    assert score(40) == pytest.approx(100.0)


def test_a_later_detection_is_worth_less_along_the_sigmoid() -> None:
    # 45 is the sixth of ten points: half of the window is left.
    assert score(45) == pytest.approx(50 * (1 + float(sigmoid(-0.5)) / LEFT_EDGE))
    assert score(49) < score(45) < score(40)


def test_only_the_earliest_detection_in_a_window_counts() -> None:
    assert score(42, 45, 49) == pytest.approx(score(42))


def test_a_false_alarm_costs_its_weight_and_less_shortly_after_a_window() -> None:
    assert score(40, 20) == pytest.approx(100 - 50 * 0.11)
    assert score(40, 90) == pytest.approx(100 - 50 * 0.11)
    assert 100 - 50 * 0.11 < score(40, 51) < 100


def test_nothing_counts_in_the_probation_not_even_a_window() -> None:
    assert probation(100) == 15
    assert probation(22_000) == 750
    assert score(40, 3) == pytest.approx(100.0)
    assert score(40, windows=((2, 6), WINDOW)) == pytest.approx(75.0), "the window in it is neither hit nor missed"


@pytest.mark.parametrize(("profile", "worth"), [(STANDARD, -5.5), (LOW_FP, -11.0), (LOW_FN, -11.0 / 3)])
def test_each_profile_weighs_a_false_alarm_against_what_could_be_won(profile: Profile, worth: float) -> None:
    assert nab_score(corpus(20), 5.0, profile) == pytest.approx(worth)


def test_the_best_threshold_is_the_one_that_a_look_at_all_of_them_finds() -> None:
    draw = np.random.default_rng(7)
    series = [Judged(str(n), draw.random(200).round(1), ((60, 79), (120, 139))) for n in range(3)]
    threshold, best = best_threshold(series, STANDARD)
    assert best == pytest.approx(max(nab_score(series, t / 10, STANDARD) for t in range(12)))
    assert best == pytest.approx(nab_score(series, threshold, STANDARD))


def test_without_a_window_there_is_nothing_to_score() -> None:
    with pytest.raises(ValueError, match="no labelled window"):
        score(windows=())


def test_delay_counts_from_the_label_and_what_is_outside_is_false() -> None:
    at = np.arange(0.0, 6_000.0, 60.0)
    series = Labelled("f/s.csv", at, at, (WINDOW, (70, 79)), labels=(44 * 60.0, 75 * 60.0))
    sigma = np.zeros(100)
    sigma[[3, 20, 47, 90]] = 4.0
    found = alarms(Streamed(series, sigma), 3.0)
    assert found.delays == (180.0,)
    assert (found.missed, found.false) == (1, 2), "what was said in the probation is not counted"
