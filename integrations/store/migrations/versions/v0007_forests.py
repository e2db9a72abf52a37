"""The rows from which the forest of each service is grown: numbers and names, nothing that runs."""

from alembic import op

revision = "0007"
down_revision = "0006"

# `matrix` is some 90 kB for five series over 30 days: four-byte floats, row after row.
_FORESTS = """
CREATE TABLE nightshift.forests (
    service    text PRIMARY KEY,
    versions   text NOT NULL,
    queries    jsonb NOT NULL,
    trained_at timestamptz NOT NULL,
    again_at   timestamptz NOT NULL,
    ready_at   timestamptz,
    reason     text NOT NULL,
    features   jsonb NOT NULL,
    left_out   jsonb NOT NULL,
    times      bytea NOT NULL,
    -- Empty: there is no forest, the reason says why.
    matrix     bytea NOT NULL,
    checksum   text NOT NULL
);
"""


def upgrade() -> None:
    op.get_bind().exec_driver_sql(_FORESTS)
