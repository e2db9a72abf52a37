"""What KILL_CONNECTIONS was asked to end, and what speaks against it before any server is asked."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Self

from pydantic import AwareDatetime, Field, ValidationError

from domain.model import Model
from domain.plan import Action, Plan
from domain.services import Database, ServiceMap
from integrations.ports import Intent, Rejected
from integrations.postgres.connections import APPLICATION


class KillTarget(Model):
    """The parameters of a plan. `idle_age_s` in seconds; `remedy` names a connection."""

    role: str = Field(min_length=1)
    application: str = Field(min_length=1)
    idle_age_s: float = Field(ge=1)
    cap: int = Field(ge=1, le=500)
    remedy: str
    database: str


class Session(Model):
    """One session of a server: process ids come again, but never with the same start."""

    pid: int
    backend_start: AwareDatetime

    @property
    def item(self) -> str:
        """Its name in an Intent: pid@backend_start, to the microsecond, in UTC."""
        return f"{self.pid}@{self.backend_start.astimezone(UTC).isoformat(timespec='microseconds')}"

    @classmethod
    def of(cls, item: str) -> Self:
        """Raises Rejected for anything but `item`'s own form."""
        pid, _, start = item.partition("@")
        try:
            return cls(pid=int(pid), backend_start=datetime.fromisoformat(start))
        except ValueError as error:
            raise Rejected(f"intent: {item!r} does not name a session") from error


def target_of(plan: Plan, services: ServiceMap) -> KillTarget:
    """The plan's target. Raises Rejected with the sentence that speaks against it.

    The plan comes from history, the services from this worker's own configuration: they have to agree, so that a
    plan can never reach another database or the sessions of a service itself.
    """
    try:
        target = KillTarget.model_validate(plan.parameters)
    except ValidationError as error:
        raise Rejected(f"plan {plan.short_digest}: {_first_problem(error)}") from error
    known = [d for s in services.services for d in s.databases if d.target == plan.target]
    reason = _against(plan, target, known)
    if reason is not None:
        raise Rejected(f"plan {plan.short_digest}: {reason}")
    return target


def _against(plan: Plan, target: KillTarget, known: Sequence[Database]) -> str | None:
    if plan.action is not Action.KILL_CONNECTIONS:
        return f"action {plan.action!r} is not {Action.KILL_CONNECTIONS!r}"
    if not any(d.name == target.database and d.remedy == target.remedy for d in known):
        return f"{plan.target!r} is not a database that may be acted on through {target.remedy!r}"
    if target.application in {d.application for d in known}:
        return f"application {target.application!r} is a service that uses {plan.target!r}: it is never ended"
    if target.application == APPLICATION:
        return f"application {target.application!r} is Nightshift itself"
    return None


def _first_problem(error: ValidationError) -> str:
    problem = error.errors()[0]
    return f"{'.'.join(map(str, problem['loc']))} = {problem['input']!r}: {problem['msg']}"


def intended(plan: Plan, target: KillTarget, intent: Intent) -> Sequence[Session]:
    """The sessions of an intent. Raises Rejected for one of another plan, or one beyond the plan's cap."""
    if intent.digest != plan.digest:
        raise Rejected(f"the intent belongs to plan {intent.digest[:8]!r}, not to {plan.short_digest!r}")
    if len(intent.items) > target.cap:
        raise Rejected(f"the intent names {len(intent.items)} sessions, the plan allows {target.cap}")
    return [Session.of(item) for item in intent.items]
