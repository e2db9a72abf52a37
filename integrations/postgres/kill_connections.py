"""KILL_CONNECTIONS: ends idle sessions of an application that fills a database, and nothing else."""

import logging
import time
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime

from pydantic import SecretStr

from domain.incident import Executed
from domain.model import Model
from domain.plan import Action, Plan
from domain.services import ServiceMap
from integrations.ports import Intent, Rejected
from integrations.postgres.connections import Connection, Connections
from integrations.postgres.kill_statements import end_session, list_sessions, present, read_counts, read_role
from integrations.postgres.kill_target import KillTarget, Session, intended, target_of

_READ_BACK_EVERY_S = 0.1
_log = logging.getLogger(__name__)


class KillConnections:
    """The remediator. `connections` by name; its roles need pg_signal_backend and pg_read_all_stats.

    `services` is this worker's own catalogue: a plan for a database, connection or application that it does not
    allow is refused, whatever the plan says. Times in seconds: a session that was told to end does so within
    milliseconds, unless its process cannot run; `read_back_s` bounds the wait for it.
    """

    action = Action.KILL_CONNECTIONS

    def __init__(
        self,
        connections: Mapping[str, SecretStr],
        services: ServiceMap,
        *,
        timeout_s: float = 5.0,
        read_back_s: float = 10.0,
    ) -> None:
        self._connections = Connections(connections, timeout_s)
        self._services = services
        self._read_back_s = read_back_s

    def precheck(self, plan: Plan) -> str | None:
        """The sentence that speaks against acting now, or None. Raises Unavailable."""
        try:
            target = target_of(plan, self._services)
            with self._connections.open(target.remedy) as connection:
                return _against(connection, target)
        except Rejected as refusal:
            return str(refusal)

    def intend(self, plan: Plan) -> Intent:
        """The sessions that may be ended now, longest idle first, at most the plan's cap. Changes nothing."""
        target = target_of(plan, self._services)
        with self._connections.open(target.remedy) as connection:
            before = read_counts(connection, target)
            items = tuple(session.item for session in list_sessions(connection, target))
        return Intent(digest=plan.digest, items=items, before=before)

    def execute(self, plan: Plan, intent: Intent) -> Executed:
        """End the intended sessions that are still idle and old enough, and wait until they are gone.

        Each is looked at again in the statement that ends it. `affected` counts the intended sessions that are gone.
        """
        target = target_of(plan, self._services)
        sessions = intended(plan, target, intent)
        started_at = datetime.now(UTC)
        with self._connections.open(target.remedy) as connection:
            _require_rights(connection, target)
            result = _end_all(connection, target, sessions, self._read_back_s)
            after = read_counts(connection, target)
        _log.info("%s: %s", plan.target, result.detail)
        return Executed(
            started_at=started_at,
            ended_at=datetime.now(UTC),
            affected=result.gone,
            before=intent.before,
            after=after,
            detail=result.detail,
        )


class _Result(Model):
    """Of the intended sessions: ended by this run, gone without it, at work again, told to end but still there."""

    intended: int
    ended: int
    gone_before: int
    spared: int
    still_there: int

    @property
    def gone(self) -> int:
        return self.ended + self.gone_before

    @property
    def detail(self) -> str:
        parts = [f"Ended {self.ended} of {self.intended} intended sessions."]
        if self.gone_before:
            parts.append(f"{self.gone_before} had already gone.")
        if self.spared:
            parts.append(f"{self.spared} spared: no longer idle for long enough.")
        if self.still_there:
            parts.append(f"{self.still_there} told to end but still there.")
        return " ".join(parts)


def _against(connection: Connection, target: KillTarget) -> str | None:
    reason = _role_against(connection, target)
    if reason is not None:
        return reason
    read_counts(connection, target)  # refuses an unknown database and a role that cannot see sessions
    if not list_sessions(connection, target):
        return (
            f"no session of application {target.application!r} (role {target.role!r}) in {target.database!r} "
            f"has been idle for {target.idle_age_s:g} s"
        )
    return None


def _role_against(connection: Connection, target: KillTarget) -> str | None:
    role = read_role(connection, target.role)
    if role is None:
        return f"role {target.role!r} does not exist"
    if role.privileged:
        return f"role {target.role!r} is a superuser or replication role: its sessions are never ended"
    if role.reserved:
        return f"role {target.role!r} has reserved connections: its sessions are never ended"
    if not role.may_end:
        return f"role {role.own!r} may not end sessions of {target.role!r}: grant it pg_signal_backend"
    return None


def _require_rights(connection: Connection, target: KillTarget) -> None:
    reason = _role_against(connection, target)
    if reason is not None:
        raise Rejected(reason)


def _end_all(connection: Connection, target: KillTarget, sessions: Sequence[Session], read_back_s: float) -> _Result:
    told = frozenset(session for session in sessions if end_session(connection, target, session))
    _wait_until_gone(connection, tuple(told), read_back_s)
    left = present(connection, sessions)
    return _Result(
        intended=len(sessions),
        ended=len(told - left),
        gone_before=len(frozenset(sessions) - told - left),
        spared=len(left - told),
        still_there=len(told & left),
    )


def _wait_until_gone(connection: Connection, sessions: Sequence[Session], read_back_s: float) -> None:
    deadline = time.monotonic() + read_back_s
    while present(connection, sessions) and time.monotonic() < deadline:
        time.sleep(_READ_BACK_EVERY_S)
