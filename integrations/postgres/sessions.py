"""Sessions and locks of a PostgreSQL database, read by a role that may only look."""

import logging
from collections.abc import Mapping, Sequence

from psycopg.rows import class_row
from pydantic import SecretStr

from domain.model import Model
from domain.services import Database
from integrations.ports import BlockedSession, DatabaseState, PortError, SessionGroup
from integrations.postgres.connections import Connection, Connections
from integrations.postgres.occupancy import OCCUPANCY, as_query, read_occupancy
from integrations.postgres.relations import relation_names

_GROUPS = """\
SELECT coalesce(usename, '') AS role,
       coalesce(application_name, '') AS application,
       coalesce(state, 'unknown') AS state,
       count(*) AS count,
       coalesce(max(extract(epoch FROM clock_timestamp() - state_change)), 0)::float8 AS oldest_s
FROM pg_stat_activity
WHERE backend_type = 'client backend' AND pid <> pg_backend_pid() AND datname = :'database'
GROUP BY 1, 2, 3
ORDER BY 4 DESC, 1, 2, 3"""

# One blocker for each session that waits: one that does not wait itself comes first, then the oldest transaction.
# A blocker without a transaction start of its own (a prepared transaction) is at least as old as the wait.
_BLOCKED = """\
SELECT DISTINCT ON (w.pid)
       w.pid,
       coalesce(w.application_name, '') AS application,
       waited.s AS wait_s,
       coalesce(l.locktype, 'unknown') AS lock_type,
       l.relation::bigint AS relation_oid,
       blocker.pid AS blocker_pid,
       coalesce(b.usename, b.backend_type, '') AS blocker_role,
       coalesce(b.application_name, '') AS blocker_application,
       coalesce(b.state, b.backend_type, 'prepared transaction') AS blocker_state,
       coalesce(extract(epoch FROM clock_timestamp() - b.xact_start), waited.s)::float8 AS blocker_age_s
FROM pg_stat_activity w
CROSS JOIN LATERAL unnest(pg_blocking_pids(w.pid)) AS blocker(pid)
LEFT JOIN pg_stat_activity b ON b.pid = blocker.pid
LEFT JOIN pg_locks l ON l.pid = w.pid AND NOT l.granted
CROSS JOIN LATERAL (
  SELECT coalesce(extract(epoch FROM clock_timestamp() - l.waitstart), 0)::float8 AS s
) AS waited
WHERE w.backend_type = 'client backend' AND w.datname = :'database'
ORDER BY w.pid, (b.wait_event_type IS NOT DISTINCT FROM 'Lock'), b.xact_start, blocker.pid"""

# The last free connections belong to the service that needs them.
_ROOM = 2
_log = logging.getLogger(__name__)


class _Waiting(Model):
    """A row of _BLOCKED: the lock by its type and, for a table or index, its object id."""

    pid: int
    application: str
    wait_s: float
    lock_type: str
    relation_oid: int | None
    blocker_pid: int
    blocker_role: str
    blocker_application: str
    blocker_state: str
    blocker_age_s: float

    def named(self, names: Mapping[int, str]) -> BlockedSession:
        """The relation by its name where that is known, else by its object id, else the kind of lock."""
        relation = self.lock_type
        if self.relation_oid is not None:
            relation = names.get(self.relation_oid, f"relation {self.relation_oid}")
        return BlockedSession(relation=relation, **self.model_dump(exclude={"lock_type", "relation_oid"}))


class PostgresSessions:
    """Reads pg_stat_activity and pg_locks through connections to another database, so that a full one can be seen.

    The role needs pg_read_all_stats (pg_monitor has it). Where it may also connect to the database itself, and that
    has room, locked tables are given by name; else by object id.
    """

    def __init__(self, connections: Mapping[str, SecretStr], timeout_s: float = 5.0) -> None:
        self._connections = Connections(connections, timeout_s)

    def state(self, database: Database) -> DatabaseState:
        """One consistent look at sessions and locks. `blocker_age_s` is the age of the blocker's transaction.

        `limit` is what this database can have now, for roles without reserved connections. Sessions of the server's
        own processes and the one that asks are not counted.
        """
        with self._connections.open(database.watch) as connection, connection.transaction():
            connection.execute("SET TRANSACTION READ ONLY")
            occupancy = read_occupancy(connection, database.name)
            groups = _groups(connection, database.name)
            waiting = _waiting(connection, database.name)
        has_room = occupancy.free >= _ROOM
        names = self._relation_names(database, waiting if has_room else ())
        return DatabaseState(
            at=occupancy.at,
            database=database.name,
            limit=occupancy.limit,
            used=occupancy.used,
            groups=tuple(groups),
            blocked=tuple(row.named(names) for row in waiting),
        )

    def query_text(self) -> str:
        """The statements, for psql: `psql -v database=NAME`."""
        return ";\n\n".join((OCCUPANCY, _GROUPS, _BLOCKED)) + ";"

    def _relation_names(self, database: Database, waiting: Sequence[_Waiting]) -> Mapping[int, str]:
        """Names of locked relations: only their own database knows them, and need not let us in."""
        oids = sorted({row.relation_oid for row in waiting if row.relation_oid is not None})
        if not oids:
            return {}
        try:
            with self._connections.open(database.watch, database=database.name) as connection:
                return relation_names(connection, oids)
        except PortError as error:
            _log.info("names of locked relations in %s stay unknown: %s", database.name, error)
            return {}


def _groups(connection: Connection, database: str) -> list[SessionGroup]:
    with connection.cursor(row_factory=class_row(SessionGroup)) as cursor:
        return cursor.execute(as_query(_GROUPS), {"database": database}).fetchall()


def _waiting(connection: Connection, database: str) -> list[_Waiting]:
    with connection.cursor(row_factory=class_row(_Waiting)) as cursor:
        return cursor.execute(as_query(_BLOCKED), {"database": database}).fetchall()
