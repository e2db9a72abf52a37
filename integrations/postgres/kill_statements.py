"""The statements of KILL_CONNECTIONS: what matches, what is ended, what is left."""

from collections.abc import Sequence

from psycopg import sql
from psycopg.rows import class_row

from domain.model import Model
from integrations.postgres.connections import Connection
from integrations.postgres.kill_target import KillTarget, Session
from integrations.postgres.occupancy import read_occupancy

# The one condition under which a session may be ended. `idle` is outside of any transaction; walsenders and the
# server's own processes are not client backends.
_MAY_BE_ENDED = sql.SQL(
    "backend_type = 'client backend' AND pid <> pg_backend_pid() AND datname = %(database)s AND usename = %(role)s"
    " AND application_name = %(application)s AND state = 'idle'"
    " AND state_change <= clock_timestamp() - make_interval(secs => %(idle_age_s)s)"
)
_LIST = sql.SQL(
    "SELECT pid, backend_start FROM pg_stat_activity WHERE {} ORDER BY state_change, pid LIMIT %(cap)s"
).format(_MAY_BE_ENDED)
# Looks and ends in one statement: between two of them a session may have begun to work. PostgreSQL can do no better:
# a session that begins to work in the microseconds between the look and the signal is ended and rolled back.
_END = sql.SQL(
    "SELECT pg_terminate_backend(pid) AS signalled FROM pg_stat_activity"
    " WHERE pid = %(pid)s AND backend_start = %(backend_start)s AND {}"
).format(_MAY_BE_ENDED)
_PRESENT = sql.SQL(
    "SELECT pid, backend_start FROM pg_stat_activity WHERE (pid, backend_start) IN"
    " (SELECT * FROM unnest(%(pids)s::int[], %(starts)s::timestamptz[]))"
)
_COUNTS = sql.SQL(
    "SELECT count(*) AS sessions_of_application, count(*) FILTER (WHERE {}) AS idle_of_application"
    " FROM pg_stat_activity WHERE backend_type = 'client backend' AND pid <> pg_backend_pid()"
    " AND datname = %(database)s AND usename = %(role)s AND application_name = %(application)s"
).format(_MAY_BE_ENDED)
_ROLE = sql.SQL(
    "SELECT t.rolsuper OR t.rolreplication AS privileged,"
    " EXISTS (SELECT 1 FROM pg_roles r WHERE r.rolname = 'pg_use_reserved_connections'"
    " AND pg_has_role(t.oid, r.oid, 'USAGE')) AS reserved,"
    " current_user AS own,"
    " pg_has_role(current_user, 'pg_signal_backend', 'USAGE') OR pg_has_role(current_user, t.oid, 'USAGE') AS may_end"
    " FROM pg_roles t WHERE t.rolname = %(role)s"
)


class RoleFacts(Model):
    """What the server says of the role whose sessions would be ended, and of our own."""

    privileged: bool
    reserved: bool
    own: str
    may_end: bool


def read_role(connection: Connection, role: str) -> RoleFacts | None:
    """None: there is no such role."""
    with connection.cursor(row_factory=class_row(RoleFacts)) as cursor:
        return cursor.execute(_ROLE, {"role": role}).fetchone()


def read_counts(connection: Connection, target: KillTarget) -> dict[str, str | int | float]:
    """Connections of the database (`used` of `limit`) and of the application (`idle_of_application` old enough)."""
    occupancy = read_occupancy(connection, target.database)
    counts = connection.execute(_COUNTS, target.model_dump()).fetchone() or {}
    return {"limit": occupancy.limit, "used": occupancy.used, **counts}


def list_sessions(connection: Connection, target: KillTarget) -> Sequence[Session]:
    """What may be ended now, longest idle first, at most `cap`."""
    with connection.cursor(row_factory=class_row(Session)) as cursor:
        return cursor.execute(_LIST, target.model_dump()).fetchall()


def end_session(connection: Connection, target: KillTarget, session: Session) -> bool:
    """End it if it still may be ended; False: nothing was done."""
    row = connection.execute(_END, {**target.model_dump(), **session.model_dump()}).fetchone()
    return row is not None and bool(row["signalled"])


def present(connection: Connection, sessions: Sequence[Session]) -> frozenset[Session]:
    """Those of the sessions that exist now, in whatever state."""
    values = {"pids": [s.pid for s in sessions], "starts": [s.backend_start for s in sessions]}
    with connection.cursor(row_factory=class_row(Session)) as cursor:
        return frozenset(cursor.execute(_PRESENT, values).fetchall())
