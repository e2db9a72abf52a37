"""What is trained is what is not fresh; a forecast of another query or of long ago is none."""

from datetime import UTC, datetime, timedelta

import pytest

from domain.forecast import Forecast, Question, Seen, Trouble, again_at, due, troubled

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
ERRORS = Question(service="orders", expression="errors", query="q")


def forecast(hours: float = 0, **fields: object) -> Forecast:
    """As it was trained so many hours before noon."""
    at = NOON - timedelta(hours=hours)
    values = {"key": "k", "service": "orders", "expression": "errors", "query": "q", "trained_at": at}
    return Forecast.model_validate({**values, "again_at": at + timedelta(hours=24), "starts_at": at} | fields)


def seen(key: str, days: float = 0) -> Seen:
    """A series of errors whose last sample came so many days before noon."""
    return Seen(key=key, service="orders", expression="errors", until=NOON - timedelta(days=days))


@pytest.mark.parametrize(
    ("kept", "asked_for"),
    [
        ((), True),
        ((forecast(),), False),
        ((forecast(23.9),), False),
        ((forecast(24.1),), True),
        ((forecast(query="another"),), True),
        ((forecast(model="prophet-0"),), True),
        ((forecast(starts_at=None, again_at=NOON + timedelta(hours=3)),), False),
        ((forecast(starts_at=None, again_at=NOON),), True),
    ],
)
def test_a_question_is_due_until_all_of_its_series_are_fresh(kept: tuple[Forecast, ...], asked_for: bool) -> None:
    assert (due([ERRORS], [seen("k")], kept, NOON) == [ERRORS]) is asked_for


def test_a_series_that_only_detection_knows_makes_its_question_due() -> None:
    watched = [seen("k"), seen("new")]
    assert due([ERRORS], watched, [forecast()], NOON) == [ERRORS]
    assert due([ERRORS], watched, [forecast(), forecast(key="new")], NOON) == []


@pytest.mark.parametrize(
    ("watched", "trained_hours_ago", "asked_for"),
    [
        ([seen("k"), seen("old", days=29)], 24 * 28, False),  # it has left the history: nothing can be trained of it
        ([seen("k"), seen("old", days=27)], 25, True),
        ([seen("k")], 49, False),  # its row is gone already
        ([seen("k")], 25, True),
        ([], 49, True),
    ],
)
def test_a_series_that_has_ended_makes_no_question_due(
    watched: list[Seen], trained_hours_ago: float, asked_for: bool
) -> None:
    known = [forecast(trained_hours_ago, key="old"), *(forecast(key="k") for _ in watched[:1])]
    assert (due([ERRORS], watched, known, NOON) == [ERRORS]) is asked_for


def test_a_forecast_is_stale_after_two_days_and_one_that_is_not_ready_is_none() -> None:
    assert not forecast(48).stale(NOON)
    assert forecast(48.1).stale(NOON)
    assert not forecast(1_000, starts_at=None).stale(NOON)


def test_what_is_not_ready_is_looked_at_when_it_will_be_and_never_at_once() -> None:
    assert again_at(NOON, NOON + timedelta(hours=5)) == NOON + timedelta(hours=5)
    assert again_at(NOON, NOON) > NOON
    assert again_at(NOON, None) > NOON


def test_only_the_trouble_of_its_own_service_is_left_out_of_a_series() -> None:
    hour = timedelta(hours=1)
    troubles = [
        Trouble(services=("orders", "gateway"), start=NOON - 2 * hour, end=NOON - hour),
        Trouble(services=("catalogue",), start=NOON - hour),
        Trouble(services=("orders",), start=NOON - hour / 2),
    ]
    end = NOON.timestamp()
    assert troubled(troubles, "orders", NOON) == [(end - 7_200, end - 3_600), (end - 1_800, end)]
