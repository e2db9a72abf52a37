"""The states of series: the real store and its stand-in keep the same contract."""

from datetime import UTC, datetime, timedelta

import pytest

from domain.detection import SeriesRow, Watched
from domain.series import Standing
from domain.services import Expression
from integrations.ports import SeriesStore
from integrations.store.pool import Pool
from integrations.store.series import PostgresSeries
from tests.fakes import FakeSeries

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
EXPRESSION = Expression(name="up", kind="up", query="up", unit="targets", floor=0.1)


def row(key: str, minutes: int, detector: bytes = b"\x00\x01") -> SeriesRow:
    watched = Watched(key=key, service="orders", expression=EXPRESSION, query="up")
    return SeriesRow(
        watched=watched, standing=Standing(), until=NOON + timedelta(minutes=minutes), points=minutes, detector=detector
    )


@pytest.fixture(params=["postgres", "fake"])
def series(request: pytest.FixtureRequest) -> SeriesStore:
    return FakeSeries() if request.param == "fake" else PostgresSeries(request.getfixturevalue("store_pool"))


def test_what_is_saved_is_there_and_marked(series: SeriesStore) -> None:
    series.save([row("a", 1), row("b", 2)])
    assert set(series.services()) == {"orders"}
    assert series.marks(["gateway"]) == {}
    assert series.marks(["orders"]) == {"a": NOON + timedelta(minutes=1), "b": NOON + timedelta(minutes=2)}
    assert list(series.load(["b", "unknown"])) == [row("b", 2)]
    assert [one.watched.key for one in series.listed()] == ["a", "b"]
    assert all(one.detector == b"" for one in series.listed())


def test_an_older_state_never_replaces_a_newer_one(series: SeriesStore) -> None:
    series.save([row("a", 5, b"new")])
    series.save([row("a", 3, b"old")])
    assert series.load(["a"])[0].detector == b"new"
    series.save([row("a", 6, b"newer")])
    assert series.load(["a"])[0].detector == b"newer"


def test_those_without_a_sample_for_long_can_be_forgotten(series: SeriesStore) -> None:
    series.save([row("a", 1), row("b", 2)])
    series.forget(NOON + timedelta(minutes=2))
    assert list(series.marks(["orders"])) == ["b"]


def test_what_a_newer_build_added_is_left_out_and_what_nobody_can_read_costs_the_others_nothing(
    store_pool: Pool,
) -> None:
    """Two builds run side by side while one replaces the other, in both directions."""
    series = PostgresSeries(store_pool)
    series.save([row("a", 1), row("b", 2)])
    with store_pool.transaction() as connection:
        connection.execute("UPDATE nightshift.series SET standing = standing || '{\"newer\": 1}' WHERE key = 'a'")
        connection.execute("UPDATE nightshift.series SET watched = '{\"another\": \"form\"}' WHERE key = 'b'")
    assert list(series.load(["a", "b"])) == [row("a", 1)]
