"""What calls of language models cost: asked before each call, so that nothing is paid twice or beyond the limits."""

from datetime import datetime
from typing import Any

from psycopg import Connection

from domain.advice.ledger import Account, Admission, Entry, admission
from domain.advice.money import HOUR, Spent
from domain.advice.terms import Terms
from integrations.store.documents import text
from integrations.store.pool import Pool

# Any number will do, as long as nothing else in this database takes the same one.
_LOCK = 7_305_220_134

_KNOWN = "SELECT under_way, kept FROM nightshift.model_calls WHERE key = %s"
# What is under way, or lost, counts with the most that it may have cost.
_SPENT = """
SELECT coalesce(sum(spent_usd + reserved_usd) FILTER (WHERE incident = %(incident)s), 0),
       coalesce(sum(spent_usd + reserved_usd) FILTER (WHERE at > %(since)s), 0)
FROM nightshift.model_calls WHERE incident = %(incident)s OR at > %(since)s
"""
_BEGIN = """
INSERT INTO nightshift.model_calls (key, incident, at, spent_usd, reserved_usd, under_way)
VALUES (%(key)s, %(incident)s, %(at)s, 0, %(most)s, true)
ON CONFLICT (key) DO UPDATE SET at = excluded.at, reserved_usd = excluded.reserved_usd, under_way = true
"""
_END = """
UPDATE nightshift.model_calls
SET spent_usd = spent_usd + %(usd)s, reserved_usd = 0, under_way = false, kept = %(kept)s
WHERE key = %(key)s AND under_way
"""


class PostgresModelCalls:
    """ModelLedger in PostgreSQL."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    def begin(self, key: str, incident: str, at: datetime, most_usd: float, terms: Terms) -> Account:
        with self._pool.transaction() as connection:
            connection.execute("SELECT pg_advisory_xact_lock(%s)", [_LOCK])
            row = connection.execute(_KNOWN, [key]).fetchone()
            known = Entry(under_way=row[0], kept=row[1]) if row is not None else None
            account = admission(known, most_usd, _spent(connection, incident, at), terms)
            if account.admission is Admission.NEW:
                connection.execute(_BEGIN, {"key": key, "incident": incident, "at": at, "most": most_usd})
        return account

    def end(self, key: str, usd: float, kept: str | None) -> None:
        said = {"key": key, "usd": usd, "kept": text(kept) if kept is not None else None}
        with self._pool.transaction() as connection:
            connection.execute(_END, said)

    def spent(self, incident: str | None, now: datetime) -> Spent:
        with self._pool.transaction() as connection:
            return _spent(connection, incident, now)


def _spent(connection: Connection[Any], incident: str | None, now: datetime) -> Spent:
    found = connection.execute(_SPENT, {"incident": incident, "since": now - HOUR}).fetchone()
    return Spent(incident_usd=found[0], hour_usd=found[1]) if found is not None else Spent()
