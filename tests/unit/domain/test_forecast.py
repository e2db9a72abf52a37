"""What is trained is what is not fresh; a forecast of another query or of long ago is none."""

from datetime import UTC, datetime, timedelta

import pytest

from domain.forecast import Forecast, Question, Trouble, again_at, due, troubled

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
ERRORS = Question(service="orders", expression="errors", query="q")


def forecast(hours: float = 0, **fields: object) -> Forecast:
    """As it was trained so many hours before noon."""
    at = NOON - timedelta(hours=hours)
    values = {"key": "k", "service": "orders", "expression": "errors", "query": "q", "trained_at": at}
    return Forecast.model_validate({**values, "again_at": at + timedelta(hours=24), "starts_at": at} | fields)


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
    assert (due([ERRORS], [("k", "orders", "errors")], kept, NOON) == [ERRORS]) is asked_for


def test_a_series_that_only_detection_knows_makes_its_question_due() -> None:
    watched = [("k", "orders", "errors"), ("new", "orders", "errors")]
    assert due([ERRORS], watched, [forecast()], NOON) == [ERRORS]
    assert due([ERRORS], watched, [forecast(), forecast(key="new")], NOON) == []


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
