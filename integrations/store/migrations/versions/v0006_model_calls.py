"""What calls of language models cost."""

from alembic import op

revision = "0006"
down_revision = "0005"

# US dollars. `reserved_usd`: the most that a call under way may cost. `kept`: its answer, so that nobody asks again.
_CALLS = """
CREATE TABLE nightshift.model_calls (
    key          text PRIMARY KEY,
    incident     text NOT NULL,
    at           timestamptz NOT NULL,
    spent_usd    double precision NOT NULL,
    reserved_usd double precision NOT NULL,
    under_way    boolean NOT NULL,
    kept         text
);
CREATE INDEX model_calls_by_incident ON nightshift.model_calls (incident);
CREATE INDEX model_calls_by_time ON nightshift.model_calls (at);
"""


def upgrade() -> None:
    op.get_bind().exec_driver_sql(_CALLS)
