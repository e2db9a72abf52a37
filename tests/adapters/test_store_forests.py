"""Forests as they are kept: the real store and its stand-in keep the same contract."""

from datetime import timedelta

import pytest

from domain.forest import Feature, Forest
from integrations.ports import ForestStore
from integrations.store.forests import PostgresForests
from tests.fakes import FakeForests
from tests.incidents import NOON


def forest(hours: int) -> Forest:
    at = NOON + timedelta(hours=hours)
    return Forest(
        service="orders", versions="v", queries=("q", "p"), trained_at=at, again_at=at, ready_at=at, reason="why",
        features=(
            Feature(
                key="k", service="orders", expression="errors", query="q", unit="1", labels=(("a", "b"), ("c", "d"))
            ),
        ),
        left_out=("up: why",), times=b"\x00\x01", matrix=b"\xff\x00", checksum="c",
    )  # fmt: skip


@pytest.fixture(params=["postgres", "fake"])
def forests(request: pytest.FixtureRequest) -> ForestStore:
    return FakeForests() if request.param == "fake" else PostgresForests(request.getfixturevalue("store_pool"))


def test_what_is_saved_is_there_whole_and_an_older_one_never_replaces_a_newer_one(forests: ForestStore) -> None:
    assert forests.load("orders") is None
    for hours in (5, 3):
        forests.save(forest(hours))
    assert forests.load("orders") == forest(5)
    forests.save(forest(6))
    assert forests.load("orders") == forest(6)
    assert forests.load("ledger") is None
