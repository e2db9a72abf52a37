"""Maintenance windows as a history of words, and the record of what was muted."""

import logging
from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any, TypeVar

from psycopg.rows import dict_row
from pydantic import ValidationError

from domain.holding import Became, MutedRow, Tally
from domain.maintenance import WindowWord
from domain.model import Model
from integrations.store.documents import document, text
from integrations.store.pool import Pool

_SAY = """
INSERT INTO nightshift.maintenance_words (window_id, kind, ends, at, who, door, document)
VALUES (%(window)s, %(kind)s, %(ends)s, %(at)s, %(who)s, %(door)s, %(document)s)
ON CONFLICT (window_id, kind) DO NOTHING
"""
_WORDS = "SELECT window_id, document FROM nightshift.maintenance_words WHERE ends > %(since)s ORDER BY at, number"
_RECORD = """
INSERT INTO nightshift.muted AS known (window_id, series, starts_at, became, at, document)
VALUES (%(window)s, %(series)s, %(starts_at)s, %(became)s, %(at)s, %(document)s)
ON CONFLICT (window_id, series, starts_at) DO UPDATE SET
    became = excluded.became, at = excluded.at, document = excluded.document
WHERE known.at <= excluded.at
"""
_MUTED = "SELECT window_id, document FROM nightshift.muted ORDER BY (became = 'held') DESC, at DESC LIMIT %(limit)s"
_NEWEST = """
SELECT DISTINCT ON (window_id) window_id, document FROM nightshift.muted
WHERE became = %(held)s OR window_id = ANY(%(windows)s)
ORDER BY window_id, became = %(held)s DESC, at DESC
"""
_FORGET = """
DELETE FROM nightshift.muted
WHERE at < %(before)s AND (became <> %(held)s OR (document->>'until')::timestamptz < %(before)s)
"""
_TALLIES = """
SELECT window_id, count(*) FILTER (WHERE became = %(held)s) AS held, count(*) AS in_all
FROM nightshift.muted GROUP BY window_id
"""
_log = logging.getLogger(__name__)
M = TypeVar("M", bound=Model)


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
        read = list(_read(WindowWord, self._rows(_WORDS, {"since": since})))
        # Of a window whose end cannot be read nobody knows whether it holds: in doubt it mutes nothing.
        unread = {window for window, word in read if word is None}
        return [word for window, word in read if word is not None and window not in unread]

    def record(self, rows: Sequence[MutedRow]) -> None:
        if not rows:
            return
        with self._pool.transaction() as connection, connection.cursor() as cursor:
            cursor.executemany(_RECORD, [_values(row) for row in rows])

    def muted(self, limit: int) -> Sequence[MutedRow]:
        return [row for _, row in _read(MutedRow, self._rows(_MUTED, {"limit": limit})) if row is not None]

    def newest(self, windows: Collection[str]) -> Sequence[MutedRow]:
        asked = {"held": Became.HELD.value, "windows": [text(window) for window in windows]}
        return [row for _, row in _read(MutedRow, self._rows(_NEWEST, asked)) if row is not None]

    def forget(self, before: datetime) -> None:
        with self._pool.transaction() as connection:
            connection.execute(_FORGET, {"before": before, "held": Became.HELD.value})

    def tallies(self) -> Mapping[str, Tally]:
        with self._pool.transaction() as connection, connection.cursor(row_factory=dict_row) as cursor:
            rows = cursor.execute(_TALLIES, {"held": Became.HELD.value}).fetchall()
        return {row["window_id"]: Tally(held=row["held"], in_all=row["in_all"]) for row in rows}

    def _rows(self, statement: str, asked: Mapping[str, Any]) -> list[dict[str, Any]]:
        with self._pool.transaction() as connection, connection.cursor(row_factory=dict_row) as cursor:
            return cursor.execute(statement.encode(), asked).fetchall()


def _read(model: type[M], rows: Sequence[Mapping[str, Any]]) -> Iterator[tuple[str, M | None]]:
    """Each with the id of its window; None: it cannot be read, which is logged."""
    for row in rows:
        try:
            yield row["window_id"], model.model_validate(row["document"])
        except ValidationError as error:
            first = error.errors(include_url=False, include_input=False)[0]
            where = ".".join(str(part) for part in first["loc"])
            said = (model.__name__, row["window_id"], where, first["msg"])
            _log.warning("a %s of the window %s cannot be read, and is left out: %s: %s", *said)
            yield row["window_id"], None


def _values(row: MutedRow) -> dict[str, Any]:
    return {
        "window": text(row.window), "series": text(row.series), "starts_at": row.starts_at,
        "became": row.became.value, "at": row.at, "document": document(row),
    }  # fmt: skip
