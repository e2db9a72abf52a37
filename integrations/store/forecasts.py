"""What was forecast of each series, and when services were in trouble, which no forecast may learn."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime

from psycopg.rows import class_row

from domain.forecast import Forecast, Trouble
from integrations.store.documents import text
from integrations.store.pool import Pool

_BUT_THE_BAND = (
    "key", "service", "expression", "query", "model", "trained_at", "again_at", "ready_at", "reason", "fitted_from",
    "fitted_to", "points", "gap_s", "starts_at", "step_s", "stretch",
)  # fmt: skip
_COLUMNS = (*_BUT_THE_BAND, "band")
_SELECT = f"SELECT {', '.join(_COLUMNS)} FROM nightshift.forecasts WHERE key = ANY(%s)"  # noqa: S608 - ours
_TRAINED = "SELECT key, trained_at FROM nightshift.forecasts WHERE starts_at IS NOT NULL AND service = ANY(%s)"
_HEADS = f"SELECT {', '.join(_BUT_THE_BAND)} FROM nightshift.forecasts ORDER BY service, expression, key"  # noqa: S608 - ours
# Of two trainings at the same time the later one is right.
_SAVE = f"""
INSERT INTO nightshift.forecasts ({", ".join(_COLUMNS)}) VALUES ({", ".join(f"%({name})s" for name in _COLUMNS)})
ON CONFLICT (key) DO UPDATE SET {", ".join(f"{name} = excluded.{name}" for name in _COLUMNS[1:])}
WHERE nightshift.forecasts.trained_at <= excluded.trained_at
"""  # noqa: S608 - ours

# Recovered is healthy again, whatever is still watched or written up.
_TROUBLES = """
SELECT services, (view->>'onset')::timestamptz AS start,
    coalesce((view->>'recovered_at')::timestamptz, closed_at) AS "end"
FROM nightshift.incidents
WHERE (closed_at IS NULL OR closed_at >= %s) AND outcome IS DISTINCT FROM 'false_positive'
ORDER BY start, incident
"""


class PostgresForecasts:
    """ForecastStore in PostgreSQL."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    def trained(self, services: Collection[str]) -> Mapping[str, datetime]:
        with self._pool.transaction() as connection:
            return dict(connection.execute(_TRAINED, [[text(name) for name in services]]).fetchall())

    def load(self, keys: Sequence[str]) -> Sequence[Forecast]:
        with self._pool.transaction() as connection, connection.cursor(row_factory=class_row(Forecast)) as cursor:
            return cursor.execute(_SELECT.encode(), [list(keys)]).fetchall()

    def heads(self) -> Sequence[Forecast]:
        with self._pool.transaction() as connection, connection.cursor(row_factory=class_row(Forecast)) as cursor:
            return cursor.execute(_HEADS.encode()).fetchall()

    def save(self, forecast: Forecast) -> None:
        said = {name: text(getattr(forecast, name)) for name in ("service", "expression", "query", "reason")}
        values = {name: getattr(forecast, name) for name in _COLUMNS} | said
        with self._pool.transaction() as connection:
            connection.execute(_SAVE.encode(), values)

    def forget(self, before: datetime) -> None:
        with self._pool.transaction() as connection:
            connection.execute("DELETE FROM nightshift.forecasts WHERE trained_at < %s", [before])

    def troubles(self, since: datetime) -> Sequence[Trouble]:
        with self._pool.transaction() as connection, connection.cursor(row_factory=class_row(Trouble)) as cursor:
            return cursor.execute(_TROUBLES, [since]).fetchall()
