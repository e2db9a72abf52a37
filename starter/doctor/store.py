"""Is our own Postgres there, and is its schema the one that this build wants?"""

from collections.abc import Iterator
from datetime import UTC, datetime

from config.adapters.store import own_store, store_address
from config.settings import Settings
from integrations.ports import Rejected
from integrations.store.migrate import versions
from starter.doctor.check import Check, Doubt, blocking

GROUP = "store"
_SKEW_S = 2.0
_COST = "no memory, no audit log, no list; nothing is fixed automatically, because limits are kept there"


def checks(settings: Settings) -> Iterator[Check]:
    """The server and the schema."""

    def answers() -> str:
        with own_store(settings).pool as pool:
            pool.ping()
        return "answers"

    def current() -> str:
        has, wants = versions(store_address(settings))
        if has != wants:
            raise Rejected(f"the schema is at {has or 'nothing'}, this build wants {wants}")
        return f"at {has}"

    def clock() -> str:
        with own_store(settings).pool as pool, pool.transaction() as connection:
            before = datetime.now(UTC)
            row = connection.execute("SELECT clock_timestamp()").fetchone()
            ours = before + (datetime.now(UTC) - before) / 2
        skew = abs((row[0] - ours).total_seconds()) if row else 0.0
        if skew > _SKEW_S:
            raise Doubt(f"it and this machine differ by {skew:.1f} s")
        return f"within {max(skew, 0.1):.1f} s"

    yield Check(GROUP, "clock", "the time", "times on pages and deadlines are off by so much",
                "synchronise the clocks (NTP)", blocking(clock))  # fmt: skip
    yield Check(GROUP, "postgres", "SELECT 1", _COST, "start PostgreSQL, or set DATABASE_URL", blocking(answers))
    yield Check(GROUP, "migrations", "the schema's version", _COST, "nightshift migrate", blocking(current))
