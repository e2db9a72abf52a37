"""What people's words did to thresholds of detection."""

from alembic import op

revision = "0008"
down_revision = "0007"

# Only added to: what is raised now follows from all of it (domain.thresholds). A word that is said again, by a retry or
# a second click, is the same row.
_WORDS = """
CREATE TABLE nightshift.threshold_words (
    number     bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    series     text NOT NULL,
    service    text NOT NULL,
    expression text NOT NULL,
    kind       text NOT NULL,
    incident   text NOT NULL,
    at         timestamptz NOT NULL,
    who        text NOT NULL,
    door       text,
    comment    text NOT NULL,
    UNIQUE (series, incident, kind, at)
);
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON nightshift.threshold_words
    FOR EACH STATEMENT EXECUTE FUNCTION nightshift.refuse_change();
"""


def upgrade() -> None:
    op.get_bind().exec_driver_sql(_WORDS)
