"""The audit log. The database itself refuses to change or delete what was written."""

from collections.abc import Sequence

from domain.audit import AuditRow
from domain.model import read
from integrations.store.documents import document, text
from integrations.store.pool import Pool


class PostgresAudit:
    """AuditLog in PostgreSQL."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    def append(self, row: AuditRow) -> None:
        with self._pool.transaction() as connection:
            connection.execute(
                "INSERT INTO nightshift.audit (key, incident, at, entry) VALUES (%s, %s, %s, %s) "
                "ON CONFLICT (key) DO NOTHING",
                [text(row.key), text(row.incident), row.at, document(row)],
            )

    def rows(self, incident: str) -> Sequence[AuditRow]:
        """By time, and in the order of writing where the time is the same."""
        with self._pool.transaction() as connection:
            found = connection.execute(
                "SELECT entry FROM nightshift.audit WHERE incident = %s ORDER BY at, number", [text(incident)]
            ).fetchall()
        return [read(AuditRow, entry) for (entry,) in found]
