"""Lateness counts from when a timer was due, without the time in which nobody could have been on time."""

from datetime import timedelta

import pytest

from domain.policy import Policy
from evals.chaos.evidence import Down, Incident, Timer
from evals.chaos.lateness import away, lateness, out_of_order, percentile
from tests.incidents import NOON, a_view


def seconds(count: float) -> timedelta:
    return timedelta(seconds=count)


def down(victim: str, since: float, until: float) -> Down:
    return Down(victim, NOON + seconds(since), NOON + seconds(until))


def an_incident(*timers: Timer) -> Incident:
    return Incident("RUNNING", a_view(), Policy(), timers)


@pytest.mark.parametrize(
    ("downs", "expected"),
    [
        ((), 0),
        ((down("worker", 2, 5),), 3),
        ((down("worker", -5, 5),), 5),
        ((down("worker", 8, 20),), 2),
        ((down("worker", 2, 5), down("temporal server", 3, 7)), 5),
        ((down("worker", 2, 9), down("temporal server", 3, 4)), 7),
        ((down("starter", 2, 5),), 0),
        ((down("worker", 11, 15),), 0),
    ],
)
def test_time_away_counts_once_and_within_the_stretch_only(downs: tuple[Down, ...], expected: float) -> None:
    assert away(downs, NOON, NOON + seconds(10)) == seconds(expected)


def test_a_timer_is_late_by_what_is_left_after_the_time_away() -> None:
    on_time = Timer("a", NOON, order=1, fired=1, acted_at=NOON + seconds(0.5))
    late = Timer("b", NOON, order=2, fired=1, acted_at=NOON + seconds(9))
    cancelled = Timer("c", NOON, canceled=1)
    found = lateness([an_incident(on_time, late, cancelled)], [down("worker", 1, 7)])
    assert found == [pytest.approx(0.5), pytest.approx(3)]


def test_what_acted_before_it_was_due_by_a_hair_is_not_early() -> None:
    assert lateness([an_incident(Timer("a", NOON, order=1, fired=1, acted_at=NOON - seconds(0.001)))], []) == [0.0]


@pytest.mark.parametrize(("share", "expected"), [(0.5, 50), (0.99, 99), (1.0, 100), (0.001, 1)])
def test_a_percentile_is_a_number_that_was_measured(share: float, expected: float) -> None:
    assert percentile([float(n) for n in range(1, 101)], share) == expected


def test_without_numbers_there_is_no_lateness() -> None:
    assert percentile([], 0.99) == 0


def test_timers_that_fire_in_another_order_than_they_are_due_are_seen() -> None:
    first, second = Timer("first", NOON, order=5, fired=1), Timer("second", NOON + seconds(5), order=3, fired=1)
    assert out_of_order(an_incident(first, second)) == ["'second' fired before 'first', which was due earlier"]
    assert out_of_order(an_incident(Timer("first", NOON, order=2, fired=1), second)) == []
