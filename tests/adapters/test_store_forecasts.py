"""Forecasts as they are kept: the real store and its stand-in keep the same contract."""

from datetime import timedelta

import pytest

from domain.forecast import Forecast, Trouble
from domain.incident import Outcome, State
from integrations.ports import ForecastStore
from integrations.store.forecasts import PostgresForecasts
from integrations.store.incidents import PostgresIncidents
from integrations.store.pool import Pool
from tests.fakes import FakeForecasts
from tests.incidents import NOON, a_view, minutes


def forecast(key: str, hours: int, band: bytes = b"\x00\x01") -> Forecast:
    at = NOON + timedelta(hours=hours)
    return Forecast(
        key=key, service="orders", expression="errors", query="q", trained_at=at, again_at=at + timedelta(hours=24),
        fitted_from=at - timedelta(days=3), fitted_to=at, points=400, gap_s=600.0, starts_at=at, step_s=600.0,
        stretch=1.5, band=band,
    )  # fmt: skip


def not_ready(key: str) -> Forecast:
    return Forecast(
        key=key, service="orders", expression="errors", query="q", trained_at=NOON, again_at=NOON, ready_at=NOON,
        reason="3 of 100 points",
    )  # fmt: skip


@pytest.fixture(params=["postgres", "fake"])
def forecasts(request: pytest.FixtureRequest) -> ForecastStore:
    return FakeForecasts() if request.param == "fake" else PostgresForecasts(request.getfixturevalue("store_pool"))


def test_what_is_saved_is_there_whole_and_listed_without_its_table(forecasts: ForecastStore) -> None:
    for one in (forecast("b", 1), not_ready("a")):
        forecasts.save(one)
    assert forecasts.trained(["orders"]) == {"b": NOON + timedelta(hours=1)}, "there is none of the other one"
    assert list(forecasts.load(["b", "unknown"])) == [forecast("b", 1)]
    assert list(forecasts.heads()) == [not_ready("a"), forecast("b", 1, b"")]


def test_an_older_forecast_never_replaces_a_newer_one(forecasts: ForecastStore) -> None:
    for hours in (5, 3):
        forecasts.save(forecast("a", hours))
    assert forecasts.load(["a"])[0] == forecast("a", 5)
    forecasts.save(forecast("a", 6))
    assert forecasts.load(["a"])[0] == forecast("a", 6)


def test_those_that_were_not_trained_for_long_can_be_forgotten(forecasts: ForecastStore) -> None:
    for one in (forecast("a", 1), forecast("b", 2)):
        forecasts.save(one)
    forecasts.forget(NOON + timedelta(hours=2))
    assert [one.key for one in forecasts.heads()] == ["b"]


def test_trouble_ends_with_the_recovery_and_a_false_positive_was_none(store_pool: Pool) -> None:
    closed = a_view(state=State.RESOLVED, onset=NOON, closed_at=NOON + minutes(90))
    views: list[dict[str, object]] = [
        {"recovered_at": NOON + minutes(9)},
        {"outcome": Outcome.UNRESOLVED},
        {"outcome": Outcome.FALSE_POSITIVE},
    ]
    incidents = PostgresIncidents(store_pool)
    incidents.save(a_view(incident="INC-1", onset=NOON, services=("orders", "ledger")))
    for number, values in enumerate(views, 2):
        incidents.save(closed.model_copy(update={"incident": f"INC-{number}", **values}))
    found = PostgresForecasts(store_pool).troubles(NOON)
    assert found[0] == Trouble(services=("orders", "ledger"), start=NOON)
    assert [trouble.end for trouble in found] == [None, NOON + minutes(9), NOON + minutes(90)]
    assert PostgresForecasts(store_pool).troubles(NOON + minutes(91)) == found[:1]
