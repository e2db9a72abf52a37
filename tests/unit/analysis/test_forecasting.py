"""What is fitted is healthy and enough; a sample is judged by the table that holds at its time, or not at all."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from analysis.forecasting.band import Band, Rule, Rules
from analysis.forecasting.history import DAY_S, WEEK_S, History, NotReady, covers_twice, prepare
from domain.services import MetricKind

NOW = 1_800_000_000.0
DAY = 86_400.0


def samples(days: float, step_s: float = 600.0, end: float = NOW) -> list[tuple[float, float]]:
    times = np.arange(end - days * DAY, end, step_s)
    return [(float(at), 20 + 5 * math.sin(at / DAY * 2 * math.pi)) for at in times]


def ready(found: History | NotReady) -> History:
    assert isinstance(found, History), found
    return found


def why_not(found: History | NotReady) -> NotReady:
    assert isinstance(found, NotReady), found
    return found


def test_the_newest_half_hour_and_known_trouble_are_left_out_and_so_is_what_is_no_number() -> None:
    points = samples(3)
    points[7] = (points[7][0], math.nan)
    points[8] = (points[8][0], math.inf)
    trouble = (NOW - 2 * DAY, NOW - 1.9 * DAY)
    history = ready(prepare(points, "load", 0.5, [trouble], NOW))
    assert np.isfinite(history.values).all()
    assert history.times[-1] == NOW - 1_800
    assert not ((history.times >= trouble[0]) & (history.times <= trouble[1])).any()


HOUR = 3_600.0
INCIDENT = (NOW - 2 * DAY, NOW - 2 * DAY + 4 * HOUR)


@pytest.mark.parametrize(
    ("silent", "longest_h"),
    [
        (None, 0.0),
        ((NOW - DAY, NOW - DAY + 2 * HOUR), 2.0),
        (INCIDENT, 0.0),
        ((INCIDENT[0] - HOUR, INCIDENT[0] + HOUR), 0.0),
    ],
)
def test_neither_an_incident_that_is_left_out_nor_silence_in_it_is_how_silent_a_series_usually_is(
    silent: tuple[float, float] | None, longest_h: float
) -> None:
    points = [point for point in samples(10) if silent is None or not silent[0] < point[0] < silent[1]]
    assert ready(prepare(points, "up", 0.1, [INCIDENT], NOW)).gap_s == pytest.approx(longest_h * HOUR, abs=601)


@pytest.mark.parametrize(("days", "daily", "weekly"), [(1.5, False, False), (2.1, True, False), (14.1, True, True)])
def test_a_season_is_fitted_only_where_two_cycles_are_covered(days: float, daily: bool, weekly: bool) -> None:
    history = ready(prepare(samples(days), "load", 0.5, [], NOW))
    assert (history.daily, history.weekly) == (daily, weekly)


def test_two_ends_with_a_gap_between_them_cover_nothing() -> None:
    both = [*samples(1.2, end=NOW - 26 * DAY), *samples(1.2)]
    history = ready(prepare(both, "load", 0.5, [], NOW))
    assert not history.weekly
    assert not covers_twice(np.array([0.0, 600.0, 1_200.0, 15 * DAY]), WEEK_S)
    assert not covers_twice(np.arange(0.0, 3 * DAY_S, 6 * 3_600.0), DAY_S), "four times of day are no day"


@pytest.mark.parametrize(
    ("points", "at"),
    [
        ([], None),
        ([(NOW - 9_000, 1.0)], None),
        (samples(0.5), NOW - 0.5 * DAY + DAY + 1_800),
        # A sample each two hours: a day is there before a hundred points are.
        (samples(2, step_s=7_200.0), None),
    ],
)
def test_too_little_history_says_when_it_will_be_enough(points: list[tuple[float, float]], at: float | None) -> None:
    found = why_not(prepare(points, "load", 0.5, [], NOW))
    if at is not None:
        assert found.at == at
    elif len(points) > 1:
        missing = 100 - len(points)
        assert found.at == points[-1][0] + missing * 7_200 + 1_800
    else:
        assert found.at is None


@pytest.mark.parametrize(("kind", "fits"), [("load", False), ("latency", False), ("memory", True), ("disk", True)])
def test_a_counter_of_requests_is_refused_and_a_disk_that_fills_is_not(kind: MetricKind, fits: bool) -> None:
    points = [(at, float(n % 250)) for n, (at, _) in enumerate(samples(3))]
    assert isinstance(prepare(points, kind, 0.5, [], NOW), History) is fits


def test_a_series_that_never_moves_can_be_fitted() -> None:
    flat = [(at, 0.0) for at, _ in samples(2)]
    assert ready(prepare(flat, "errors", 0.005, [], NOW)).values.max() == 0


@given(
    st.lists(
        st.tuples(st.floats(NOW - 2 * DAY, NOW + DAY), st.floats(allow_nan=True, allow_infinity=True)), max_size=300
    )
)
def test_whatever_comes_the_history_is_finite_rises_and_ends_in_time(points: list[tuple[float, float]]) -> None:
    found = prepare(points, "load", 0.5, [(NOW - DAY, NOW - DAY / 2)], NOW)
    if isinstance(found, History):
        assert np.isfinite(found.values).all()
        assert (np.diff(found.times) > 0).all()
        assert found.times[-1] <= NOW - 1_800


def rule(columns: int = 3, *, stretch: float = 1.0, until: float = NOW + DAY) -> Rule:
    """Rises by 10 each 600 s from 10 on, sigma 1."""
    expected = np.arange(10.0, 10.0 * columns + 1, 10.0)
    band = Band(NOW, 600.0, np.stack([expected, expected - 1.96, expected + 1.96]))
    return Rule(band, stretch, until)


def test_sigma_is_the_deviation_over_the_scale_of_the_interval() -> None:
    rules = Rules({"a": rule(), "b": rule(5), "c": rule(stretch=2.0)})
    rows = np.array([rules.row[key] for key in "abc"])
    times, values = np.array([NOW + 300.0, NOW + 600.0, NOW]), np.array([19.0, 12.0, 16.0])
    judged = rules.judge(rows, times, values, np.array([0.1, 4.0, 0.1]))
    assert judged.expected.tolist() == [15.0, 20.0, 10.0]
    assert judged.sigma == pytest.approx([4.0, 2.0, 3.0])


def test_what_the_table_does_not_reach_is_not_judged() -> None:
    rules = Rules({"a": rule(3), "long": rule(9), "stale": rule(9, until=NOW + 700)})
    times = np.array([NOW - 1, NOW + 1_200, NOW + 1_201, NOW + 1_201, NOW + 701])
    rows = np.array([rules.row[key] for key in ("a", "a", "a", "long", "stale")])
    sigma = rules.judge(rows, times, np.zeros(5), np.ones(5)).sigma
    assert np.isnan(sigma).tolist() == [
        True,
        False,
        True,
        False,
        True,
    ]


def test_a_table_survives_being_stored_and_nothing_else_is_taken_for_one() -> None:
    band = rule().band
    again = Band.unpacked(band.start, band.step_s, band.packed())
    assert again.table == pytest.approx(band.table, rel=1e-6)
    for bad in (b"", b"12345678", np.array([1, 2, np.nan], dtype="<f4").tobytes()):
        with pytest.raises(ValueError, match="no table"):
            Band.unpacked(NOW, 600.0, bad)
