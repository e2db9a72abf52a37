"""Postmortems: the text that people read, and the facts behind it."""

from collections.abc import Mapping

from integrations.store.documents import document, text
from integrations.store.pool import Pool

_SAVE = """
INSERT INTO nightshift.postmortems (incident, markdown, facts) VALUES (%s, %s, %s)
ON CONFLICT (incident) DO UPDATE SET markdown = excluded.markdown, facts = excluded.facts, written = now()
"""


class PostgresPostmortems:
    """PostmortemStore in PostgreSQL."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    def save(self, incident: str, markdown: str, facts: Mapping[str, object]) -> None:
        """Write it, or replace what was written before."""
        with self._pool.transaction() as connection:
            connection.execute(_SAVE, [incident, text(markdown), document(facts)])

    def get(self, incident: str) -> tuple[str, dict[str, object]] | None:
        with self._pool.transaction() as connection:
            row = connection.execute(
                "SELECT markdown, facts FROM nightshift.postmortems WHERE incident = %s", [text(incident)]
            ).fetchone()
        return (row[0], row[1]) if row else None
