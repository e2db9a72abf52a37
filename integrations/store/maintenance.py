"""Maintenance windows as a history of words, and the record of what was muted."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from psycopg.rows import dict_row

from domain.holding import Became, MutedRow, Tally
from domain.maintenance import WindowWord
from integrations.store.documents import document, text
from integrations.store.pool import Pool

_SAY = """
INSERT INTO nightshift.maintenance_words (window_id, kind, ends, at, who, door, document)
VALUES (%(window)s, %(kind)s, %(ends)s, %(at)s, %(who)s, %(door)s, %(document)s)
ON CONFLICT (window_id, kind) DO NOTHING
"""
_WORDS = "SELECT document FROM nightshift.maintenance_words WHERE ends > %(since)s ORDER BY at, number"
_RECORD = """
INSERT INTO nightshift.muted AS known (window_id, series, starts_at, became, at, document)
VALUES (%(window)s, %(series)s, %(starts_at)s, %(became)s, %(at)s, %(document)s)
ON CONFLICT (window_id, series, starts_at) DO UPDATE SET
    became = excluded.became, at = excluded.at, document = excluded.document
WHERE known.at <= excluded.at
"""
_MUTED = "SELECT document FROM nightshift.muted ORDER BY (became = 'held') DESC, at DESC LIMIT %(limit)s"
_TALLIES = """
SELECT window_id, count(*) FILTER (WHERE became = %(held)s) AS held, count(*) AS in_all
FROM nightshift.muted GROUP BY window_id
"""


class PostgresMaintenance:
    """MaintenanceStore in PostgreSQL."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    def say(self, word: WindowWord) -> None:
        said = {
            "window": text(word.window.id), "kind": word.kind.value, "ends": word.window.ends, "at": word.at,
            "who": text(word.who), "door": word.door.value, "document": document(word),
        }  # fmt: skip
        with self._pool.transaction() as connection:
            connection.execute(_SAY, said)

    def words(self, since: datetime) -> Sequence[WindowWord]:
        return [WindowWord.model_validate(row) for row in self._documents(_WORDS, {"since": since})]

    def record(self, rows: Sequence[MutedRow]) -> None:
        if not rows:
            return
        with self._pool.transaction() as connection, connection.cursor() as cursor:
            cursor.executemany(_RECORD, [_values(row) for row in rows])

    def muted(self, limit: int) -> Sequence[MutedRow]:
        return [MutedRow.model_validate(row) for row in self._documents(_MUTED, {"limit": limit})]

    def tallies(self) -> Mapping[str, Tally]:
        with self._pool.transaction() as connection, connection.cursor(row_factory=dict_row) as cursor:
            rows = cursor.execute(_TALLIES, {"held": Became.HELD.value}).fetchall()
        return {row["window_id"]: Tally(held=row["held"], in_all=row["in_all"]) for row in rows}

    def _documents(self, statement: str, asked: Mapping[str, Any]) -> list[Any]:
        with self._pool.transaction() as connection, connection.cursor(row_factory=dict_row) as cursor:
            return [row["document"] for row in cursor.execute(statement.encode(), asked).fetchall()]


def _values(row: MutedRow) -> dict[str, Any]:
    return {
        "window": text(row.window), "series": text(row.series), "starts_at": row.starts_at,
        "became": row.became.value, "at": row.at, "document": document(row),
    }  # fmt: skip
