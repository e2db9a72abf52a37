"""Which incidents acted on a target, what has changed, and filters of the list that people keep."""

from alembic import op

revision = "0003"
down_revision = "0002"

_TARGETS = "CREATE INDEX reservations_by_target ON nightshift.reservations (target)"

# Lists that are open are told of changes: what is asked for that each second is read from the index alone.
_CHANGES = "CREATE INDEX incidents_by_change ON nightshift.incidents (updated_at)"

# `query` is the part of an address behind the question mark.
_FILTERS = """
CREATE TABLE nightshift.filters (
    name  text PRIMARY KEY,
    query text NOT NULL,
    who   text NOT NULL,
    at    timestamptz NOT NULL
);
"""


def upgrade() -> None:
    for statements in (_TARGETS, _CHANGES, _FILTERS):
        op.get_bind().exec_driver_sql(statements)
