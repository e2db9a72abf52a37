"""Maintenance windows, and what was muted by them and by silences."""

from alembic import op

revision = "0009"
down_revision = "0008"

# Windows are words that are only added to: which hold now follows from all of them (domain.maintenance). `ends` is the
# end that the window was declared with, by which those that are long over are left alone.
_WINDOWS = """
CREATE TABLE nightshift.maintenance_words (
    number    bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    window_id text NOT NULL,
    kind      text NOT NULL,
    ends      timestamptz NOT NULL,
    at        timestamptz NOT NULL,
    who       text NOT NULL,
    door      text NOT NULL,
    document  jsonb NOT NULL,
    UNIQUE (window_id, kind)
);
CREATE INDEX ON nightshift.maintenance_words (ends);
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON nightshift.maintenance_words
    FOR EACH STATEMENT EXECUTE FUNCTION nightshift.refuse_change();
"""
_MUTED = """
CREATE TABLE nightshift.muted (
    window_id text NOT NULL,
    series    text NOT NULL,
    starts_at timestamptz NOT NULL,
    became    text NOT NULL,
    at        timestamptz NOT NULL,
    document  jsonb NOT NULL,
    PRIMARY KEY (window_id, series, starts_at)
);
CREATE INDEX ON nightshift.muted ((became = 'held') DESC, at DESC);
"""


def upgrade() -> None:
    connection = op.get_bind()
    connection.exec_driver_sql(_WINDOWS)
    connection.exec_driver_sql(_MUTED)
