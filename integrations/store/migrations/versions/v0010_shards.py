"""Who looks at which share of the services, and how many of them are silent."""

from alembic import op

revision = "0010"
down_revision = "0009"

# A row for each shard, of as many as there are now. `memory`: that of the worker that looked at it last.
_SHARDS = """
CREATE TABLE nightshift.shards (
    shards     integer NOT NULL,
    number     integer NOT NULL,
    cycle      text NOT NULL DEFAULT '',
    memory     text NOT NULL DEFAULT '',
    claimed_at timestamptz,
    silent     integer NOT NULL DEFAULT 0,
    watched    integer NOT NULL DEFAULT 0,
    PRIMARY KEY (shards, number)
);
"""


def upgrade() -> None:
    op.get_bind().exec_driver_sql(_SHARDS)
