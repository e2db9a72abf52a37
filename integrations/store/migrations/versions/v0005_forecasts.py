"""What was forecast of each series, and which series cannot be forecast yet."""

from alembic import op

revision = "0005"
down_revision = "0004"

# `band` is one array for each series, some 3 kB: three rows of four-byte floats.
_FORECASTS = """
CREATE TABLE nightshift.forecasts (
    key         text PRIMARY KEY,
    service     text NOT NULL,
    expression  text NOT NULL,
    query       text NOT NULL,
    model       text NOT NULL,
    trained_at  timestamptz NOT NULL,
    again_at    timestamptz NOT NULL,
    ready_at    timestamptz,
    reason      text NOT NULL,
    fitted_from timestamptz,
    fitted_to   timestamptz,
    points      integer NOT NULL,
    gap_s       double precision NOT NULL,
    -- Null: there is no forecast, the reason says why.
    starts_at   timestamptz,
    step_s      double precision NOT NULL,
    stretch     double precision NOT NULL,
    band        bytea NOT NULL
);
CREATE INDEX forecasts_by_service ON nightshift.forecasts (service, expression);
"""


def upgrade() -> None:
    op.get_bind().exec_driver_sql(_FORECASTS)
