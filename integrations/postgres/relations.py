"""Names of tables and indexes in the database that a connection leads to."""

from collections.abc import Mapping, Sequence

from integrations.postgres.connections import Connection

# The catalogue's own tables are read, never the relations themselves: this does not wait for their locks.
_NAMES = """\
SELECT c.oid::bigint AS oid,
       CASE WHEN n.nspname = 'public' THEN c.relname ELSE n.nspname || '.' || c.relname END AS name
FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE c.oid = ANY(%s::oid[])"""


def relation_names(connection: Connection, oids: Sequence[int]) -> Mapping[int, str]:
    """Names by object id, with the schema where that is not `public`; ids that do not exist are left out."""
    return {row["oid"]: row["name"] for row in connection.execute(_NAMES, [list(oids)])}
