"""What detection knows of each series that it watches."""

from alembic import op

revision = "0004"
down_revision = "0003"

# `detector` is compressed and some 15 kB, so it lies beside the row and is read only when it is needed.
_SERIES = """
CREATE TABLE nightshift.series (
    key        text PRIMARY KEY,
    service    text NOT NULL,
    expression text NOT NULL,
    until      timestamptz NOT NULL,
    points     bigint NOT NULL,
    watched    jsonb NOT NULL,
    standing   jsonb NOT NULL,
    detector   bytea NOT NULL
);
CREATE INDEX series_by_service ON nightshift.series (service, expression);
"""


def upgrade() -> None:
    op.get_bind().exec_driver_sql(_SERIES)
