"""Is our own Postgres there, and is its schema the one that this build wants?"""

from collections.abc import Iterator

from config import adapters
from config.settings import Settings
from integrations.ports import Rejected
from integrations.store.migrate import versions
from starter.doctor.check import Check, blocking

GROUP = "store"
_COST = "no memory, no audit log, no list; nothing is fixed automatically, because limits are kept there"


def checks(settings: Settings) -> Iterator[Check]:
    """The server and the schema."""

    def answers() -> str:
        with adapters.store(settings).pool as pool:
            pool.ping()
        return "answers"

    def current() -> str:
        has, wants = versions(adapters.store_address(settings))
        if has != wants:
            raise Rejected(f"the schema is at {has or 'nothing'}, this build wants {wants}")
        return f"at {has}"

    yield Check(GROUP, "postgres", "SELECT 1", _COST, "start PostgreSQL, or set DATABASE_URL", blocking(answers))
    yield Check(GROUP, "migrations", "the schema's version", _COST, "nightshift migrate", blocking(current))
