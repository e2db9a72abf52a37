"""Columns that lists filter by, and what people say of a diagnosis."""

from alembic import op

revision = "0002"
down_revision = "0001"

# `untold`: people were to be called, and no message was delivered. A row that is there already gets what its view says;
# the rest comes with the next change of the incident.
_INCIDENTS = """
ALTER TABLE nightshift.incidents
    ADD COLUMN title       text NOT NULL DEFAULT '',
    ADD COLUMN cause       text,
    ADD COLUMN cause_text  text NOT NULL DEFAULT '',
    ADD COLUMN risk_from   timestamptz,
    ADD COLUMN asked_at    timestamptz,
    ADD COLUMN untold      boolean NOT NULL DEFAULT false;
UPDATE nightshift.incidents SET title = coalesce(view->>'title', ''),
    asked_at = (view->'waiting'->>'asked_at')::timestamptz;
CREATE INDEX incidents_by_service ON nightshift.incidents USING gin (services);
"""

_FEEDBACK = """
CREATE TABLE nightshift.feedback (
    number   bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    incident text NOT NULL,
    at       timestamptz NOT NULL,
    said     jsonb NOT NULL
);
CREATE INDEX feedback_by_incident ON nightshift.feedback (incident, number);
"""


def upgrade() -> None:
    for statements in (_INCIDENTS, _FEEDBACK):
        op.get_bind().exec_driver_sql(statements)
