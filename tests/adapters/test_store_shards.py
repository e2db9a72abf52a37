"""Who looks at which shard: the real store and its stand-in keep the same contract."""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest

from integrations.ports import Claim, ShardStore, Unavailable
from integrations.store.shards import PostgresShards
from tests.fakes import FakeShards
from tests.incidents import NOON


@pytest.fixture(params=["postgres", "fake"])
def shards(request: pytest.FixtureRequest) -> ShardStore:
    return FakeShards() if request.param == "fake" else PostgresShards(request.getfixturevalue("store_pool"))


def claimed(shards: ShardStore, cycle: str, of: int, memories: Sequence[str], new: str, minute: int = 0) -> Claim:
    found = shards.claim(cycle, of, memories, new, NOON + timedelta(minutes=minute))
    assert found is not None
    return found


def test_in_a_cycle_each_shard_is_claimed_once_however_many_ask_at_once(shards: ShardStore) -> None:
    with ThreadPoolExecutor(8) as pool:
        asked = [pool.submit(shards.claim, "first", 5, [], f"memory-{n}", NOON) for n in range(8)]
    claims = [one.result() for one in asked]
    assert sorted(claim.shard.number for claim in claims if claim is not None) == [0, 1, 2, 3, 4]
    assert claims.count(None) == 3


def test_who_looked_at_a_shard_last_gets_it_again_and_learns_what_others_have_taken(shards: ShardStore) -> None:
    claimed(shards, "first", 2, [], "mine")
    other = claimed(shards, "first", 2, [], "other")
    assert (other.memory, other.before) == ("other", None)
    again = claimed(shards, "second", 2, ["other"], "new", minute=1)
    assert (again.shard, again.memory, again.before) == (other.shard, "other", NOON)
    taken = claimed(shards, "second", 2, ["other"], "new", minute=1)
    assert (taken.memory, taken.held) == ("new", {"other"}), "whoever has no shard of its own takes the other's"
    late = claimed(shards, "third", 2, ["mine"], "newer", minute=2)
    assert (late.memory, late.held) == ("newer", frozenset()), "what the first one knew is of the past"


def test_another_number_of_shards_ends_all_that_anybody_remembers(shards: ShardStore) -> None:
    first = claimed(shards, "first", 2, [], "mine")
    claimed(shards, "second", 3, ["mine"], "new")
    with pytest.raises(Unavailable, match="another cycle"):
        shards.count(first, 1, 1)
    back = claimed(shards, "third", 2, ["mine"], "newer")
    assert (back.memory, back.before) == ("newer", None)


def test_what_is_counted_in_each_shard_is_summed(shards: ShardStore) -> None:
    first, second = (claimed(shards, "first", 2, [], memory) for memory in ("a", "b"))
    assert shards.count(first, 1, 4) == (1, 4)
    assert shards.count(second, 2, 3) == (3, 7)
    assert shards.count(first, 0, 4) == (2, 7)


def test_a_shard_that_was_left_alone_for_minutes_comes_before_what_somebody_remembers(shards: ShardStore) -> None:
    """One worker is left, and so slow that it gets to one shard in each cycle."""
    mine = claimed(shards, "first", 3, [], "mine").shard
    other = claimed(shards, "first", 3, [], "other").shard
    never = claimed(shards, "second", 3, ["mine"], "new", minute=1)
    assert never.before is None, "what nobody has ever looked at comes first of all"
    turns = [claimed(shards, f"{minute}", 3, ["mine", "new"], "newer", minute).shard for minute in range(2, 6)]
    assert turns == [mine, never.shard, mine, other]
