"""The sessions that KILL_CONNECTIONS would end, as they are now, for who decides; read by who may only look."""

from collections.abc import Mapping

from pydantic import SecretStr

from domain.plan import Action, Plan
from domain.services import ServiceMap
from domain.standing import Standing
from integrations.ports import DatabaseState, TargetSource
from integrations.postgres.kill_target import KillTarget, target_of
from integrations.postgres.sessions import PostgresSessions


class PostgresTargets(TargetSource):
    """TargetSource for databases. `services` is this process's own catalogue."""

    actions = frozenset({Action.KILL_CONNECTIONS})

    def __init__(self, connections: Mapping[str, SecretStr], services: ServiceMap, timeout_s: float = 2.0) -> None:
        self._sessions = PostgresSessions(connections, timeout_s)
        self._services = services

    def look(self, plan: Plan) -> Standing:
        """How many sessions there are of those that the plan names. Raises Unavailable or Rejected."""
        target = target_of(plan, self._services)
        database = next(d for s in self._services.services for d in s.databases if d.name == target.database)
        state = self._sessions.state(database)
        ended = f"at most {target.cap} of them are ended, idle for {target.idle_age_s:g} s or longer"
        return Standing(
            at=state.at, before=(_idle(target, state),), after=(f"{ended}; the application may connect again",),
            about=f"{state.used} of {state.limit} connections are taken",
        )  # fmt: skip


def _idle(target: KillTarget, state: DatabaseState) -> str:
    mine = [g for g in state.groups if (g.role, g.application, g.state) == (target.role, target.application, "idle")]
    count, oldest_s = sum(g.count for g in mine), max((g.oldest_s for g in mine), default=0.0)
    who = f"{target.application} (role {target.role})"
    if not count:
        return f"no idle session of {who}"
    return f"{count} idle session{'' if count == 1 else 's'} of {who}, the longest for {oldest_s:.0f} s"
