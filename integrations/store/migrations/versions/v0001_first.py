"""The first schema: incidents, settlements, audit, stops, reservations, evidence, memories, postmortems."""

from alembic import op

revision = "0001"
down_revision = None

_EXTENSION = "CREATE EXTENSION IF NOT EXISTS vector"

_INCIDENTS = """
CREATE TABLE nightshift.incidents (
    incident      text PRIMARY KEY,
    key           text NOT NULL,
    service       text NOT NULL,
    services      text[] NOT NULL,
    state         text NOT NULL,
    closed        boolean NOT NULL,
    needs         text NOT NULL,
    severity      text NOT NULL,
    severity_rank smallint NOT NULL,
    outcome       text,
    opened_at     timestamptz NOT NULL,
    updated_at    timestamptz NOT NULL,
    closed_at     timestamptz,
    -- When the MTTR target passes; null while no clock runs: it has recovered, or it is closed.
    sla_due       timestamptz,
    view          jsonb NOT NULL
);
CREATE INDEX incidents_by_key ON nightshift.incidents (key, closed_at DESC);
CREATE INDEX incidents_open ON nightshift.incidents (opened_at) WHERE NOT closed;
CREATE INDEX incidents_by_age ON nightshift.incidents (opened_at DESC);
"""

_SETTLEMENTS = """
CREATE TABLE nightshift.settlements (
    incident    text NOT NULL,
    key         text NOT NULL,
    opened_at   timestamptz NOT NULL,
    me          jsonb NOT NULL,
    -- The incident that absorbed this one; null: it stands for itself, and others may find it.
    absorbed_by jsonb,
    PRIMARY KEY (incident, key)
);
CREATE INDEX settlements_standing ON nightshift.settlements (opened_at) WHERE absorbed_by IS NULL;
"""

_AUDIT = """
CREATE TABLE nightshift.audit (
    number   bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    key      text NOT NULL UNIQUE,
    incident text NOT NULL,
    at       timestamptz NOT NULL,
    written  timestamptz NOT NULL DEFAULT now(),
    entry    jsonb NOT NULL
);
CREATE INDEX audit_by_incident ON nightshift.audit (incident, at, number);

CREATE FUNCTION nightshift.refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION USING
        MESSAGE = 'nightshift.' || TG_TABLE_NAME || ' is append-only: ' || TG_OP || ' is refused';
END
$$;
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON nightshift.audit
    FOR EACH STATEMENT EXECUTE FUNCTION nightshift.refuse_change();
"""

_GUARD = """
CREATE TABLE nightshift.stops (
    number bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    kind   text NOT NULL CHECK (kind IN ('pause', 'freeze')),
    lifted boolean NOT NULL,
    who    text NOT NULL,
    reason text NOT NULL,
    at     timestamptz NOT NULL,
    until  timestamptz
);
CREATE INDEX stops_last ON nightshift.stops (kind, number DESC);

CREATE TABLE nightshift.reservations (
    incident   text NOT NULL,
    attempt    integer NOT NULL,
    digest     text NOT NULL,
    target     text NOT NULL,
    approved   boolean NOT NULL,
    verdict    jsonb NOT NULL,
    began_at   timestamptz NOT NULL,
    expires_at timestamptz NOT NULL,
    ended_at   timestamptz,
    result     text,
    PRIMARY KEY (incident, attempt, digest)
);
CREATE INDEX reservations_recent ON nightshift.reservations (began_at);
CREATE INDEX reservations_held ON nightshift.reservations (target) WHERE ended_at IS NULL;
"""

_EVIDENCE = """
CREATE TABLE nightshift.evidence (
    sha256  text PRIMARY KEY,
    content bytea NOT NULL,
    stored  timestamptz NOT NULL DEFAULT now()
);
"""

# A vector without a fixed length: each embedder has its own, and only vectors of one embedder are ever compared.
# There is no approximate index on purpose: at the 10,000 incidents aimed at, reading all of one model's vectors
# takes milliseconds and misses none.
_MEMORIES = """
CREATE TABLE nightshift.memories (
    incident   text PRIMARY KEY,
    model      text NOT NULL,
    embedding  vector NOT NULL,
    remembered jsonb NOT NULL,
    learned    timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX memories_by_model ON nightshift.memories (model);
"""

_POSTMORTEMS = """
CREATE TABLE nightshift.postmortems (
    incident text PRIMARY KEY,
    markdown text NOT NULL,
    facts    jsonb NOT NULL,
    written  timestamptz NOT NULL DEFAULT now()
);
"""


def upgrade() -> None:
    for statements in (_EXTENSION, _INCIDENTS, _SETTLEMENTS, _AUDIT, _GUARD, _EVIDENCE, _MEMORIES, _POSTMORTEMS):
        op.get_bind().exec_driver_sql(statements)
