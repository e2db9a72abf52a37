"""What detection knows of each series that it watches."""

import logging
from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any

from pydantic import ValidationError

from domain.detection import SeriesRow
from domain.model import read
from integrations.store.documents import document, text
from integrations.store.pool import Pool

_log = logging.getLogger(__name__)

# Two sweeps may overlap for a moment, when a worker is replaced: the one that has seen more is right.
_SAVE = """
INSERT INTO nightshift.series (key, service, expression, until, points, watched, standing, detector)
VALUES (%s, %s, %s, %s, %s, %s, %s, %s)
ON CONFLICT (key) DO UPDATE SET service = EXCLUDED.service, expression = EXCLUDED.expression, until = EXCLUDED.until,
    points = EXCLUDED.points, watched = EXCLUDED.watched, standing = EXCLUDED.standing, detector = EXCLUDED.detector
WHERE nightshift.series.until <= EXCLUDED.until
"""


class PostgresSeries:
    """SeriesStore in PostgreSQL."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    def services(self) -> Collection[str]:
        with self._pool.transaction() as connection:
            return {name for (name,) in connection.execute("SELECT DISTINCT service FROM nightshift.series")}

    def marks(self, services: Collection[str]) -> Mapping[str, datetime]:
        asked = "SELECT key, until FROM nightshift.series WHERE service = ANY(%s)"
        with self._pool.transaction() as connection:
            return dict(connection.execute(asked, [[text(name) for name in services]]).fetchall())

    def load(self, keys: Sequence[str]) -> Sequence[SeriesRow]:
        return self._rows("detector", "WHERE key = ANY(%s)", [list(keys)])

    def listed(self) -> Sequence[SeriesRow]:
        return self._rows("''::bytea", "ORDER BY service, expression, key", [])

    def save(self, rows: Sequence[SeriesRow]) -> None:
        values = [
            (
                row.watched.key, text(row.watched.service), text(row.watched.expression.name), row.until, row.points,
                document(row.watched), document(row.standing), row.detector,
            )
            for row in rows
        ]  # fmt: skip
        with self._pool.transaction() as connection, connection.cursor() as cursor:
            cursor.executemany(_SAVE, values)

    def forget(self, before: datetime) -> None:
        with self._pool.transaction() as connection:
            connection.execute("DELETE FROM nightshift.series WHERE until < %s", [before])

    def _rows(self, detector: str, rest: str, values: Sequence[Any]) -> Sequence[SeriesRow]:
        asked = f"SELECT watched, standing, until, points, {detector} FROM nightshift.series {rest}"  # noqa: S608 - ours
        with self._pool.transaction() as connection:
            rows = connection.execute(asked.encode(), values).fetchall()
        return [row for columns in rows if (row := _row(*columns)) is not None]


def _row(watched: Any, standing: Any, until: datetime, points: int, blob: bytes) -> SeriesRow | None:  # noqa: ANN401 - JSON
    """None for one that another build wrote in another way: it is learnt anew, and costs the others nothing."""
    said = {"watched": watched, "standing": standing, "until": until, "points": points, "detector": bytes(blob)}
    try:
        return read(SeriesRow, said)
    except ValidationError as error:
        _log.warning("a series that another build kept is learnt anew: %s", error)
        return None
