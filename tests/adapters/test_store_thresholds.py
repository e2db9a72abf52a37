"""What people's words did to thresholds: the real store and its stand-in keep the same contract."""

import psycopg
import pytest

from domain.doors import Door
from domain.thresholds import WordKind
from integrations.ports import PortError, ThresholdStore
from integrations.store.pool import Pool
from integrations.store.thresholds import PostgresThresholds
from tests.fakes import FakeThresholds
from tests.unit.domain.test_thresholds import word


@pytest.fixture(params=["postgres", "fake"])
def thresholds(request: pytest.FixtureRequest) -> ThresholdStore:
    return FakeThresholds() if request.param == "fake" else PostgresThresholds(request.getfixturevalue("store_pool"))


def test_words_are_kept_by_time_and_the_same_again_is_one(thresholds: ThresholdStore) -> None:
    later, sooner = word(WordKind.WITHDRAWN, "INC-1", 9), word(WordKind.RAISED, "INC-1", 1)
    named = sooner.model_copy(update={"series": "s2", "door": Door.SLACK, "comment": "a pause\x00 of a minute"})
    thresholds.add([later])
    thresholds.add([sooner, named])
    thresholds.add([sooner.model_copy(update={"who": "mia"})])
    thresholds.add([])
    known = list(thresholds.words())
    assert known[-1] == later
    assert {one.series for one in known[:-1]} == {"s1", "s2"}
    assert [one.who for one in known] == ["ana", "ana", "ana"]


def test_the_history_of_thresholds_cannot_be_rewritten(store_pool: Pool) -> None:
    PostgresThresholds(store_pool).add([word(WordKind.RAISED, "INC-1", 1)])
    for change in ("UPDATE nightshift.threshold_words SET who = 'mia'", "DELETE FROM nightshift.threshold_words"):
        with pytest.raises((PortError, psycopg.Error), match="append-only"), store_pool.transaction() as connection:
            connection.execute(change)
