"""The rows from which the forest of each service is grown."""

from psycopg.rows import class_row
from psycopg.types.json import Jsonb

from domain.forest import Forest
from integrations.store.documents import document, text
from integrations.store.pool import Pool

_COLUMNS = tuple(Forest.model_fields)
_SELECT = f"SELECT {', '.join(_COLUMNS)} FROM nightshift.forests WHERE service = %s"  # noqa: S608 - ours
# Of two trainings at the same time the later one is right.
_SAVE = f"""
INSERT INTO nightshift.forests ({", ".join(_COLUMNS)}) VALUES ({", ".join(f"%({name})s" for name in _COLUMNS)})
ON CONFLICT (service) DO UPDATE SET {", ".join(f"{name} = excluded.{name}" for name in _COLUMNS[1:])}
WHERE nightshift.forests.trained_at <= excluded.trained_at
"""  # noqa: S608 - ours


class PostgresForests:
    """ForestStore in PostgreSQL."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    def load(self, service: str) -> Forest | None:
        with self._pool.transaction() as connection, connection.cursor(row_factory=class_row(Forest)) as cursor:
            return cursor.execute(_SELECT.encode(), [text(service)]).fetchone()

    def save(self, forest: Forest) -> None:
        said = {name: text(getattr(forest, name)) for name in ("service", "versions", "reason", "checksum")}
        listed = {name: Jsonb([text(one) for one in getattr(forest, name)]) for name in ("queries", "left_out")}
        features = {"features": Jsonb([document(feature).obj for feature in forest.features])}
        values = {name: getattr(forest, name) for name in _COLUMNS} | said | listed | features
        with self._pool.transaction() as connection:
            connection.execute(_SAVE.encode(), values)
