"""Filters of the list that people keep, for everybody."""

from collections.abc import Sequence

from domain.listing import SavedFilter
from integrations.store.documents import text
from integrations.store.pool import Pool

_KEEP = """
INSERT INTO nightshift.filters (name, query, who, at) VALUES (%s, %s, %s, %s)
ON CONFLICT (name) DO UPDATE SET query = excluded.query, who = excluded.who, at = excluded.at
"""


class PostgresFilters:
    """FilterStore in PostgreSQL."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    def keep(self, saved: SavedFilter) -> None:
        with self._pool.transaction() as connection:
            connection.execute(_KEEP, [text(saved.name), text(saved.query), text(saved.who), saved.at])

    def drop(self, name: str) -> None:
        with self._pool.transaction() as connection:
            connection.execute("DELETE FROM nightshift.filters WHERE name = %s", [text(name)])

    def all(self) -> Sequence[SavedFilter]:
        with self._pool.transaction() as connection:
            rows = connection.execute("SELECT name, query, who, at FROM nightshift.filters ORDER BY name").fetchall()
        return [SavedFilter(name=name, query=query, who=who, at=at) for name, query, who, at in rows]
