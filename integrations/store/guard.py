"""The guard: one place where all incidents ask whether they may act, one after the other."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Literal

from psycopg import Connection
from psycopg.rows import dict_row

from domain.gate import Circumstances, Controls, GateVerdict, Ruling, gate, strictest
from domain.plan import Plan
from domain.policy import Policy
from domain.reservation import LIMIT_WINDOW, Reservation, Stop, controls_at, in_force, lapses_at, reserve
from integrations.store.documents import document, text
from integrations.store.pool import Pool

# Any number will do, as long as nothing else in this database takes the same one.
LOCK = 7_305_220_133

_CURRENT = """
SELECT incident, attempt, digest, target, approved, verdict, began_at, expires_at, ended_at
FROM nightshift.reservations
WHERE began_at > %(since)s OR (ended_at IS NULL AND expires_at > %(now)s)
ORDER BY began_at
"""

# Of each person the newest since all were lifted: an older one must not come back when the newer one has ended.
_STOPS = """
SELECT DISTINCT ON (who) kind, who, reason, at, until
FROM nightshift.stops
WHERE kind = %(kind)s AND number > coalesce(
    (SELECT max(number) FROM nightshift.stops WHERE kind = %(kind)s AND lifted), 0
)
ORDER BY who, number DESC
"""

_STOP = """
INSERT INTO nightshift.stops (kind, lifted, who, reason, at, until)
VALUES (%(kind)s, %(lifted)s, %(who)s, %(reason)s, %(at)s, %(until)s)
"""

_RESERVE = """
INSERT INTO nightshift.reservations
    (incident, attempt, digest, target, approved, verdict, began_at, expires_at)
VALUES (%(incident)s, %(attempt)s, %(digest)s, %(target)s, %(approved)s, %(verdict)s, %(began_at)s, %(expires_at)s)
ON CONFLICT (incident, attempt, digest) DO UPDATE SET
    approved = excluded.approved, verdict = excluded.verdict, began_at = excluded.began_at,
    expires_at = excluded.expires_at, ended_at = NULL, result = NULL
"""

# A clock that lags behind another worker's must not shorten what that one has lengthened.
# Until it ends, the result of an attempt says whether a worker has begun it.
_HOLD = """
UPDATE nightshift.reservations SET expires_at = greatest(expires_at, %(expires_at)s), result = 'begun'
WHERE incident = %(incident)s AND attempt = %(attempt)s AND digest = %(digest)s AND ended_at IS NULL
"""

_WAS_BEGUN = """
SELECT 1 FROM nightshift.reservations
WHERE incident = %(incident)s AND attempt = %(attempt)s AND ended_at IS NULL AND result = 'begun'
"""

_RELEASE = """
UPDATE nightshift.reservations SET ended_at = %(at)s, result = %(result)s
WHERE incident = %(incident)s AND attempt = %(attempt)s AND ended_at IS NULL
"""


class PostgresGuard:
    """Guard in PostgreSQL."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    def controls(self, target: str, now: datetime) -> Controls:
        with self._pool.transaction() as connection:
            return _controls(connection, target, now, _current(connection, now))

    def reserve(
        self, plan: Plan, policy: Policy, circumstances: Circumstances, current: Policy | None = None
    ) -> GateVerdict:
        now = circumstances.now
        with self._pool.transaction() as connection:
            connection.execute("SELECT pg_advisory_xact_lock(%s)", [LOCK])
            held = _current(connection, now)
            own = next((r for r in held if r.of(plan) and r.live(now)), None)
            if own is not None:
                return own.verdict
            controls = _controls(connection, plan.target, now, [r for r in held if not r.of(plan)])
            verdict = strictest(
                gate(plan, policy, controls, circumstances),
                gate(plan, current, controls, circumstances) if current is not None else None,
            )
            if verdict.ruling is Ruling.RUN:
                connection.execute(_RESERVE, _columns(reserve(plan, verdict, circumstances)))
        return verdict

    def hold(self, plan: Plan, now: datetime) -> bool:
        with self._pool.transaction() as connection:
            connection.execute("SELECT pg_advisory_xact_lock(%s)", [LOCK])
            if not any(r.of(plan) and r.live(now) for r in _current(connection, now)):
                return False
            mine = {"incident": plan.incident, "attempt": plan.attempt, "digest": plan.digest}
            connection.execute(_HOLD, {**mine, "expires_at": lapses_at(plan, now)})
        return True

    def release(self, incident: str, attempt: int, result: str, at: datetime) -> bool:
        said = {"incident": incident, "attempt": attempt, "result": text(result), "at": at}
        with self._pool.transaction() as connection:
            connection.execute("SELECT pg_advisory_xact_lock(%s)", [LOCK])
            begun = connection.execute(_WAS_BEGUN, said).fetchone() is not None
            connection.execute(_RELEASE, said)
        return begun

    def pause(self, who: str, reason: str, until: datetime | None, at: datetime) -> None:
        self._stop("pause", who, reason, at, until)

    def resume(self, who: str, at: datetime) -> None:
        self._stop("pause", who, "resumed", at, None, lifted=True)

    def freeze(self, who: str, reason: str, until: datetime, at: datetime) -> None:
        self._stop("freeze", who, reason, at, until)

    def unfreeze(self, who: str, at: datetime) -> None:
        self._stop("freeze", who, "unfrozen", at, at, lifted=True)

    def _stop(
        self, kind: Literal["pause", "freeze"], who: str, reason: str, at: datetime, until: datetime | None,
        *, lifted: bool = False,
    ) -> None:  # fmt: skip
        """Under the lock: an attempt that is being reserved either sees the stop or began before it."""
        with self._pool.transaction() as connection:
            connection.execute("SELECT pg_advisory_xact_lock(%s)", [LOCK])
            said = {"kind": kind, "who": text(who), "reason": text(reason), "at": at, "until": until, "lifted": lifted}
            connection.execute(_STOP, said)


def _current(connection: Connection[Any], now: datetime) -> list[Reservation]:
    """Reservations that still hold a target or count against a limit."""
    with connection.cursor(row_factory=dict_row) as cursor:
        rows = cursor.execute(_CURRENT, {"since": now - LIMIT_WINDOW, "now": now}).fetchall()
    return [Reservation.model_validate(row) for row in rows]


def _controls(connection: Connection[Any], target: str, now: datetime, reservations: Sequence[Reservation]) -> Controls:
    pause, freeze = (in_force(_stops(connection, kind), now) for kind in ("pause", "freeze"))
    return controls_at(target, now, reservations, pause, freeze)


def _stops(connection: Connection[Any], kind: str) -> list[Stop]:
    with connection.cursor(row_factory=dict_row) as cursor:
        rows = cursor.execute(_STOPS, {"kind": kind}).fetchall()
    return [Stop.model_validate(row) for row in rows]


def _columns(reservation: Reservation) -> dict[str, Any]:
    return {**reservation.model_dump(exclude={"verdict"}), "verdict": document(reservation.verdict)}
