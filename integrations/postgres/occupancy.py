"""How many connections a database has, and how many it can have."""

from psycopg.rows import class_row
from pydantic import AwareDatetime

from domain.model import Model
from integrations.ports import Rejected
from integrations.postgres.connections import Connection

# `:'database'` is psql's own notation for a value, so that people can repeat the statement as it stands.
OCCUPANCY = """\
WITH others AS (
  SELECT datname FROM pg_stat_activity WHERE backend_type = 'client backend' AND pid <> pg_backend_pid()
)
SELECT clock_timestamp() AS at,
       nullif(d.datconnlimit, -1) AS database_limit,
       current_setting('max_connections')::int
         - current_setting('superuser_reserved_connections')::int
         - coalesce(current_setting('reserved_connections', true)::int, 0) AS server_limit,
       (SELECT count(*) FROM others WHERE datname = d.datname) AS used,
       (SELECT count(*) FROM others WHERE datname IS DISTINCT FROM d.datname) AS used_elsewhere,
       current_user AS role,
       pg_has_role(current_user, 'pg_read_all_stats', 'USAGE') AS sees_all
FROM pg_database d
WHERE d.datname = :'database'"""


class Occupancy(Model):
    """Client sessions without our own, and the limits that hold for roles without reserved connections."""

    at: AwareDatetime
    database_limit: int | None
    server_limit: int
    used: int
    used_elsewhere: int
    role: str
    sees_all: bool

    @property
    def limit(self) -> int:
        """The most sessions that this database can have now: its own limit, or what others leave of the server's."""
        left = max(self.server_limit - self.used_elsewhere, 0)
        return left if self.database_limit is None else min(self.database_limit, left)

    @property
    def free(self) -> int:
        return max(self.limit - self.used, 0)


def as_query(statement: str) -> bytes:
    """A statement in psql's notation as psycopg takes it, with the parameter `database`."""
    return statement.replace(":'database'", "%(database)s").encode()


def read_occupancy(connection: Connection, database: str) -> Occupancy:
    """Raises Rejected for an unknown database, or when the role cannot see what others do.

    PostgreSQL hides the kind of other roles' sessions from roles without pg_read_all_stats, so that a full database
    would look empty.
    """
    with connection.cursor(row_factory=class_row(Occupancy)) as cursor:
        found = cursor.execute(as_query(OCCUPANCY), {"database": database}).fetchone()
    if found is None:
        raise Rejected(f"the server has no database {database!r}")
    if not found.sees_all:
        raise Rejected(f"role {found.role!r} cannot see the sessions of others: grant it pg_read_all_stats")
    return found
