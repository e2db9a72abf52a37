"""Past incidents are found by likeness, with a score and a reason that a person can check."""

from collections.abc import Sequence

import pytest

from domain.finding import Category
from domain.incident import Outcome
from domain.levels import Severity
from domain.memory import Remembered
from domain.plan import Action
from integrations.embeddings import HashingEmbedder
from integrations.ports import Rejected
from integrations.store.memory import PostgresMemory
from integrations.store.pool import Pool
from tests.incidents import NOON, minutes

POOL_FULL = (
    "orders HighErrorRatio: orders fails\norders error_template connection_pool: too many connections for database"
)
LOCKED = "orders SlowRequests: p95 latency is 4 s\norders blocked_sessions dependency: 12 sessions wait for a lock"
OUT_OF_MEMORY = "search Restarting: search restarts\nsearch oom memory_leak: container killed, out of memory"


def _remembered(number: int, symptoms: str, **changes: object) -> Remembered:
    facts: dict[str, object] = {
        "incident": f"INC-20260131-00000{number}", "service": "orders", "category": Category.CONNECTION_POOL,
        "cause": "nightly-report holds all connections", "symptoms": symptoms, "severity": Severity.HIGH,
        "outcome": Outcome.AUTO_RESOLVED, "opened_at": NOON, "closed_at": NOON + minutes(5),
        "actions": ((Action.KILL_CONNECTIONS, True),),
    }  # fmt: skip
    return Remembered.model_validate({**facts, **changes})


@pytest.fixture
def memory(store_pool: Pool) -> PostgresMemory:
    return PostgresMemory(store_pool, HashingEmbedder())


def test_the_likest_comes_first_and_reads_back_whole(memory: PostgresMemory) -> None:
    full = _remembered(1, POOL_FULL)
    for one in (_remembered(2, LOCKED), full, _remembered(3, OUT_OF_MEMORY)):
        memory.remember(one)
    found = memory.similar("orders HighErrorRatio: orders fails 9 %\norders error_template connection_pool: too many")
    assert found[0].remembered == full
    assert [s.score for s in found] == sorted((s.score for s in found), reverse=True)
    assert -1 <= found[-1].score < 0.5 < found[0].score <= 1


def test_the_same_symptoms_score_one(memory: PostgresMemory) -> None:
    memory.remember(_remembered(1, POOL_FULL))
    assert memory.similar(POOL_FULL)[0].score == pytest.approx(1.0, abs=1e-6)


def test_the_reason_names_service_kind_and_terms(memory: PostgresMemory) -> None:
    memory.remember(_remembered(1, POOL_FULL))
    why = memory.similar("orders error_template connection_pool: too many connections")[0].why
    assert why == "same service orders; both speak for connection_pool; both mention error_template, many, connections"


def test_an_incident_does_not_find_itself(memory: PostgresMemory) -> None:
    memory.remember(_remembered(1, POOL_FULL))
    assert memory.similar(POOL_FULL, exclude="INC-20260131-000001") == []


def test_learning_again_replaces_what_was_known(memory: PostgresMemory) -> None:
    memory.remember(_remembered(1, POOL_FULL))
    corrected = _remembered(1, POOL_FULL, cause="a leak in orders", outcome=Outcome.RESOLVED_BY_HUMAN)
    memory.remember(corrected)
    assert [s.remembered for s in memory.similar(POOL_FULL)] == [corrected]


def test_at_most_the_limit_is_returned(memory: PostgresMemory) -> None:
    for number in range(1, 8):
        memory.remember(_remembered(number, POOL_FULL))
    assert len(memory.similar(POOL_FULL)) == 5
    assert len(memory.similar(POOL_FULL, limit=2)) == 2


def test_vectors_of_another_embedder_are_never_compared(memory: PostgresMemory, store_pool: Pool) -> None:
    class Tiny:
        name = "tiny"
        dimensions = 2

        def embed(self, texts: Sequence[str]) -> Sequence[Sequence[float]]:
            return [[1.0, 0.0] for _ in texts]

    memory.remember(_remembered(1, POOL_FULL))
    other = PostgresMemory(store_pool, Tiny())
    other.remember(_remembered(2, LOCKED))
    assert [s.remembered.incident for s in memory.similar(POOL_FULL)] == ["INC-20260131-000001"]
    assert [s.remembered.incident for s in other.similar(POOL_FULL)] == ["INC-20260131-000002"]


def test_symptoms_without_words_are_like_nothing(memory: PostgresMemory) -> None:
    memory.remember(_remembered(1, POOL_FULL))
    assert memory.similar("") == []
    with pytest.raises(Rejected, match="no word to search by"):
        memory.remember(_remembered(2, " 42 "))
