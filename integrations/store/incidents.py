"""The projection of incidents: what lists, pages and reports read."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from psycopg import Connection

from domain.advice.advice import Advice, Advised
from domain.correlation import OpenIncident, Previous, survivor
from domain.incident import Attempt, State
from domain.listing import PAGE, Counts, Filter, Page, Place, cause_of, untold
from domain.model import read
from domain.plan import Action
from domain.regrouping import taker
from domain.services import ServiceMap
from domain.view import IncidentView
from integrations.store.documents import document, text
from integrations.store.listing import Listing
from integrations.store.pool import Pool

# Any number will do, as long as nothing else in this database takes the same one.
_SETTLE_LOCK = 7_305_220_132

_SAVE = """
INSERT INTO nightshift.incidents AS known (
    incident, key, service, services, state, closed, needs, severity, severity_rank, outcome,
    opened_at, updated_at, closed_at, sla_due, title, cause, cause_text, risk_from, asked_at, untold, view)
VALUES (
    %(incident)s, %(key)s, %(service)s, %(services)s, %(state)s, %(closed)s, %(needs)s, %(severity)s,
    %(severity_rank)s, %(outcome)s, %(opened_at)s, %(updated_at)s, %(closed_at)s, %(sla_due)s,
    %(title)s, %(cause)s, %(cause_text)s, %(risk_from)s, %(asked_at)s, %(untold)s, %(view)s)
ON CONFLICT (incident) DO UPDATE SET
    key = excluded.key, service = excluded.service, services = excluded.services, state = excluded.state,
    closed = excluded.closed, needs = excluded.needs, severity = excluded.severity,
    severity_rank = excluded.severity_rank, outcome = excluded.outcome, opened_at = excluded.opened_at,
    updated_at = excluded.updated_at, closed_at = excluded.closed_at, sla_due = excluded.sla_due,
    title = excluded.title, cause = excluded.cause, cause_text = excluded.cause_text, risk_from = excluded.risk_from,
    asked_at = excluded.asked_at, untold = excluded.untold, view = excluded.view
WHERE known.updated_at <= excluded.updated_at
"""

_LIST = """
SELECT view FROM nightshift.incidents
WHERE (NOT %(open_only)s OR NOT closed) AND (%(states)s::text[] IS NULL OR state = ANY(%(states)s))
ORDER BY closed, needs = 'none', sla_due NULLS LAST,
    CASE WHEN closed THEN 0 ELSE severity_rank END DESC, opened_at DESC, incident
LIMIT %(limit)s
"""

_PREVIOUS = """
SELECT view FROM nightshift.incidents
WHERE key = %s AND closed AND closed_at IS NOT NULL AND outcome IS NOT NULL
ORDER BY closed_at DESC LIMIT 1
"""

_FINGERPRINT = "SELECT count(*), max(updated_at), sum(extract(epoch FROM updated_at)) FROM nightshift.incidents"

# Whatever acts reserves its target first, and few rows say which incidents did.
_ATTEMPTS = """
SELECT attempt FROM nightshift.incidents, jsonb_array_elements(view->'attempts') AS attempt
WHERE incident IN (SELECT incident FROM nightshift.reservations WHERE target = %(target)s)
    AND attempt->'plan'->>'action' = %(action)s AND attempt->'plan'->>'target' = %(target)s
ORDER BY opened_at DESC, (attempt->>'number')::int DESC LIMIT %(limit)s
"""

_ADVISED = """
SELECT incident, view->'advice' FROM nightshift.incidents
WHERE updated_at > %(since)s AND (view->'advice'->>'at')::timestamptz > %(since)s
ORDER BY (view->'advice'->>'at')::timestamptz DESC LIMIT 1
"""

# An incident that has taken over others covers their services too, so the projection's list is asked first.
_STANDING = """
SELECT s.me, i.services, i.view->'apart' FROM nightshift.settlements s
LEFT JOIN nightshift.incidents i USING (incident)
WHERE s.absorbed_by IS NULL AND s.key <> %(key)s AND s.opened_at >= %(since)s AND NOT coalesce(i.closed, false)
"""


_SETTLED = """
INSERT INTO nightshift.settlements (incident, key, opened_at, me, absorbed_by) VALUES (%s, %s, %s, %s, %s)
"""
_ANEW = "ON CONFLICT (incident, key) DO UPDATE SET absorbed_by = excluded.absorbed_by"

# A settlement of a moment ago is not in the projection yet.
_TAKER = """
SELECT i.view, s.absorbed_by FROM nightshift.incidents i
LEFT JOIN nightshift.settlements s ON s.incident = i.incident AND s.absorbed_by IS NOT NULL
WHERE i.incident = %(into)s
"""


class PostgresIncidents:
    """IncidentStore in PostgreSQL."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool
        self._listing = Listing(pool)

    def save(self, view: IncidentView) -> None:
        with self._pool.transaction() as connection:
            connection.execute(_SAVE, _columns(view))

    def get(self, incident: str) -> IncidentView | None:
        with self._pool.transaction() as connection:
            row = connection.execute(
                "SELECT view FROM nightshift.incidents WHERE incident = %s", [text(incident)]
            ).fetchone()
        return read(IncidentView, row[0]) if row else None

    def list(self, limit: int = 50, *, open_only: bool = False, states: Sequence[State] = ()) -> Sequence[IncidentView]:
        wanted = {"open_only": open_only, "states": [s.value for s in states] or None, "limit": limit}
        with self._pool.transaction() as connection:
            rows = connection.execute(_LIST, wanted).fetchall()
        return [read(IncidentView, row[0]) for row in rows]

    def page(self, by: Filter, now: datetime, after: Place | None = None, limit: int = PAGE) -> Page:
        return self._listing.page(by, now, after, limit)

    def counts(self, now: datetime) -> Counts:
        return self._listing.counts(now)

    def settle(self, me: OpenIncident, graph: ServiceMap, within: timedelta) -> OpenIncident | None:
        with self._pool.transaction() as connection:
            connection.execute("SELECT pg_advisory_xact_lock(%s)", [_SETTLE_LOCK])
            known = connection.execute(
                "SELECT absorbed_by FROM nightshift.settlements WHERE incident = %s AND key = %s", [me.incident, me.key]
            ).fetchone()
            if known is not None:
                return read(OpenIncident, known[0]) if known[0] else None
            found = survivor(me, _standing(connection, me, within), graph, within)
            connection.execute(_SETTLED, _settlement(me, found))
        return found

    def absorb(self, me: OpenIncident, into: str) -> OpenIncident | str:
        with self._pool.transaction() as connection:
            connection.execute("SELECT pg_advisory_xact_lock(%s)", [_SETTLE_LOCK])
            view, absorbed_by = connection.execute(_TAKER, {"into": text(into)}).fetchone() or (None, None)
            found = taker(
                me.incident, into, read(IncidentView, view) if view else None,
                read(OpenIncident, absorbed_by) if absorbed_by else None,
            )  # fmt: skip
            if not isinstance(found, str):
                connection.execute(f"{_SETTLED} {_ANEW}", _settlement(me, found))
        return found

    def stands(self, me: OpenIncident) -> None:
        with self._pool.transaction() as connection:
            connection.execute("SELECT pg_advisory_xact_lock(%s)", [_SETTLE_LOCK])
            connection.execute(f"{_SETTLED} {_ANEW}", _settlement(me, None))

    def in_thread(self, channel: str, reference: str) -> IncidentView | None:
        with self._pool.transaction() as connection:
            row = connection.execute(
                "SELECT view FROM nightshift.incidents WHERE NOT closed AND view->'roots'->>%s = %s LIMIT 1",
                [text(channel), text(reference)],
            ).fetchone()
        return read(IncidentView, row[0]) if row else None

    def stamps(self, incidents: Sequence[str]) -> Mapping[str, datetime]:
        with self._pool.transaction() as connection:
            rows = connection.execute(
                "SELECT incident, updated_at FROM nightshift.incidents WHERE incident = ANY(%s)",
                [[text(incident) for incident in incidents]],
            ).fetchall()
        return dict(rows)

    def fingerprint(self) -> str:
        with self._pool.transaction() as connection:
            row = connection.execute(_FINGERPRINT).fetchone()
        return " ".join(map(str, row or ()))

    def attempts(self, action: Action, target: str, limit: int) -> Sequence[Attempt]:
        wanted = {"action": action.value, "target": text(target), "limit": limit}
        with self._pool.transaction() as connection:
            rows = connection.execute(_ATTEMPTS, wanted).fetchall()
        return [read(Attempt, row[0]) for row in rows]

    def advised(self, since: datetime) -> Advised | None:
        with self._pool.transaction() as connection:
            row = connection.execute(_ADVISED, {"since": since}).fetchone()
        return Advised.of(row[0], read(Advice, row[1])) if row else None

    def previous(self, key: str) -> Previous | None:
        with self._pool.transaction() as connection:
            row = connection.execute(_PREVIOUS, [key]).fetchone()
        return read(IncidentView, row[0]).as_previous if row else None


def _columns(view: IncidentView) -> dict[str, Any]:
    clock_runs = not view.state.closed and view.clock.stopped_at is None
    cause = cause_of(view)
    return {
        "incident": view.incident, "key": view.key, "service": text(view.service),
        "services": [text(s) for s in view.services], "state": view.state.value, "closed": view.state.closed,
        "needs": view.needs, "severity": view.severity.value, "severity_rank": view.severity.rank,
        "outcome": view.outcome.value if view.outcome else None, "opened_at": view.opened_at,
        "updated_at": view.updated_at, "closed_at": view.closed_at,
        "sla_due": view.sla_due if clock_runs else None,
        "risk_from": view.at_risk_from if clock_runs else None,
        "title": text(view.title), "cause": cause.value if cause else None, "cause_text": text(view.cause),
        "asked_at": view.waiting.asked_at if view.waiting else None, "untold": untold(view), "view": document(view),
    }  # fmt: skip


def _standing(connection: Connection[Any], me: OpenIncident, within: timedelta) -> list[OpenIncident]:
    rows = connection.execute(_STANDING, {"key": me.key, "since": me.opened_at - within}).fetchall()
    return [_as_shown(read(OpenIncident, known), services, apart) for known, services, apart in rows]


def _as_shown(known: OpenIncident, services: list[str] | None, apart: dict[str, str] | None) -> OpenIncident:
    """As it has become since it settled, where the projection knows it."""
    if services is None:
        return known
    return known.model_copy(update={"services": tuple(services), "apart": (*{*known.apart, *(apart or ())},)})


def _settlement(me: OpenIncident, absorbed_by: OpenIncident | None) -> list[Any]:
    return [me.incident, me.key, me.opened_at, document(me), document(absorbed_by) if absorbed_by else None]
