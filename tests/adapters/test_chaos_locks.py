"""What the judge of durability is told of locks is what PostgreSQL holds: each kind is seen while it is there."""

from datetime import UTC, datetime

import psycopg

from domain.gate import Circumstances
from domain.levels import Risk
from domain.policy import Policy
from evals.chaos.collect import locks
from integrations.store.guard import LOCK, PostgresGuard
from integrations.store.pool import Pool
from rig.servers.waiting import wait_until
from tests.incidents import a_plan

POLICY = Policy(max_risk_level=Risk.LOW, allow=("database/orders",))
INCIDENT = "INC-20260131-000001"
WITHIN_S = 60.0
"""A transaction is young for its first ten seconds."""


def test_a_reservation_a_lock_and_an_old_transaction_are_seen_until_they_are_gone(
    store_pool: Pool, store_address: str
) -> None:
    guard, now = PostgresGuard(store_pool), datetime.now(UTC)
    with psycopg.connect(store_address, autocommit=True) as store:
        assert locks(store) == ()
        guard.reserve(a_plan(INCIDENT), POLICY, Circumstances(confidence=0.9, now=now))
        assert locks(store) == (f"reservation of database/orders by {INCIDENT}",)
        guard.release(INCIDENT, 1, "recovered", now)
        with psycopg.connect(store_address) as dead:
            dead.execute("SELECT pg_advisory_xact_lock(%s)", [LOCK])
            assert locks(store) == (f"advisory lock {LOCK & 0xFFFF_FFFF} of process {dead.info.backend_pid}",)
            wait_until("the transaction is old", lambda: len(locks(store)) > 1, WITHIN_S)
            assert f"transaction of process {dead.info.backend_pid}" in locks(store)[1]
        assert locks(store) == ()
