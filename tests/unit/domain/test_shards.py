"""Shards: each service is of exactly one, the same in every process, and few move when there is one more."""

import pytest

from domain.shards import Shard

NAMES = [f"service-{n}" for n in range(600)]


@pytest.mark.parametrize("of", [1, 2, 3, 7])
def test_each_service_is_of_exactly_one_shard_and_none_is_left_out_or_crowded(of: int) -> None:
    held = [[name for name in NAMES if Shard(number=number, of=of).holds(name)] for number in range(of)]
    assert sorted(name for names in held for name in names) == sorted(NAMES)
    assert all(0.6 < len(names) * of / len(NAMES) < 1.4 for names in held)


def test_with_one_shard_more_only_what_is_its_own_moves() -> None:
    for name in NAMES:
        (now,) = (number for number in range(4) if Shard(number=number, of=4).holds(name))
        assert now == 3 or Shard(number=now, of=3).holds(name)


def test_the_shard_of_a_service_is_written_in_stone() -> None:
    """Workers of two versions agree on it; Python's own hash would differ between two processes."""
    assert [Shard(number=0, of=2).holds(name) for name in NAMES[:8]] == STONE


STONE = [False, True, True, False, False, False, True, True]
