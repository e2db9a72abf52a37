"""Which worker looks at which shard."""

from collections.abc import Collection
from datetime import datetime

from domain.shards import Shard
from integrations.ports import Claim, Unavailable
from integrations.store.pool import Pool

# Claims come one after the other: two at once would each see what the other one has not yet taken.
_ALONE = "LOCK TABLE nightshift.shards IN EXCLUSIVE MODE"
_OTHERS_END = "DELETE FROM nightshift.shards WHERE shards <> %s"
_ALL_THERE = """
INSERT INTO nightshift.shards (shards, number) SELECT %(of)s, generate_series(0, %(of)s - 1) ON CONFLICT DO NOTHING
"""
# Three minutes behind the others comes before one's own: else a worker that is slow, and alone, never gets to it.
_NEXT = """
SELECT number, memory, claimed_at FROM nightshift.shards WHERE cycle <> %s
ORDER BY CASE
    WHEN claimed_at IS NULL OR claimed_at < max(claimed_at) OVER () - interval '3 minutes' THEN 0
    WHEN memory = ANY(%s) THEN 1
    ELSE 2
END, claimed_at NULLS FIRST, number LIMIT 1
"""
_CLAIM = "UPDATE nightshift.shards SET cycle = %s, memory = %s, claimed_at = %s WHERE number = %s"
_HELD = "SELECT memory FROM nightshift.shards WHERE memory = ANY(%s)"
_COUNT = """
UPDATE nightshift.shards SET silent = %s, watched = %s WHERE shards = %s AND number = %s AND cycle = %s RETURNING 1
"""
_SUM = "SELECT sum(silent)::integer, sum(watched)::integer FROM nightshift.shards WHERE shards = %s"


class PostgresShards:
    """ShardStore in PostgreSQL."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    def claim(self, cycle: str, of: int, memories: Collection[str], new: str, now: datetime) -> Claim | None:
        with self._pool.transaction() as connection:
            connection.execute(_ALONE)
            connection.execute(_OTHERS_END, [of])
            connection.execute(_ALL_THERE, {"of": of})
            found = connection.execute(_NEXT, [cycle, list(memories)]).fetchone()
            if found is None:
                return None
            number, last, before = found
            memory = last if last in memories else new
            connection.execute(_CLAIM, [cycle, memory, now, number])
            held = frozenset(one for (one,) in connection.execute(_HELD, [list(memories)]))
        return Claim(Shard(number=number, of=of), cycle, memory, held, before)

    def count(self, claim: Claim, silent: int, watched: int) -> tuple[int, int]:
        shard = claim.shard
        with self._pool.transaction() as connection:
            said = connection.execute(_COUNT, [silent, watched, shard.of, shard.number, claim.cycle]).fetchone()
            if said is None:
                raise Unavailable(f"shard {shard} was claimed by another cycle meanwhile")
            total = connection.execute(_SUM, [shard.of]).fetchone()
        assert total is not None, "a sum is one row"  # noqa: S101 - by SQL
        return total
