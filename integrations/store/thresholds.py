"""What people's words did to thresholds of detection: a history, and what is raised now follows from all of it."""

from collections.abc import Sequence
from typing import Any

from psycopg.rows import class_row

from domain.thresholds import ThresholdWord
from integrations.store.documents import text
from integrations.store.pool import Pool

_COLUMNS = ("series", "service", "expression", "kind", "incident", "at", "who", "door", "comment")
_ADD = f"""
INSERT INTO nightshift.threshold_words ({", ".join(_COLUMNS)}) VALUES ({", ".join(f"%({name})s" for name in _COLUMNS)})
ON CONFLICT (series, incident, kind, at) DO NOTHING
"""  # noqa: S608 - ours
_ALL = f"SELECT {', '.join(_COLUMNS)} FROM nightshift.threshold_words ORDER BY at, number"  # noqa: S608 - ours


class PostgresThresholds:
    """ThresholdStore in PostgreSQL."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    def add(self, words: Sequence[ThresholdWord]) -> None:
        if not words:
            return
        with self._pool.transaction() as connection, connection.cursor() as cursor:
            cursor.executemany(_ADD.encode(), [_values(word) for word in words])

    def words(self) -> Sequence[ThresholdWord]:
        with self._pool.transaction() as connection, connection.cursor(row_factory=class_row(ThresholdWord)) as cursor:
            return cursor.execute(_ALL.encode()).fetchall()


def _values(word: ThresholdWord) -> dict[str, Any]:
    texts = ("series", "service", "expression", "incident", "who", "comment")
    return {**word.model_dump(), **{name: text(getattr(word, name)) for name in texts}, "kind": word.kind.value}
