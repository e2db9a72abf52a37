"""Acting on a system under care, and what keeps actions out of each other's way."""

from datetime import datetime
from typing import Protocol

from domain.gate import Circumstances, Controls, GateVerdict
from domain.incident import Executed
from domain.model import Model
from domain.plan import Action, Plan
from domain.policy import Policy
from domain.standing import Standing


class Intent(Model):
    """What an action will touch, recorded before it acts; a retry touches these and no others.

    `items` are names of the target's own, such as "pid@backend_start".
    """

    digest: str
    items: tuple[str, ...]
    before: dict[str, str | int | float]


class Remediator(Protocol):
    """One action on the systems under care: precheck, intend, execute, read back."""

    action: Action

    def precheck(self, plan: Plan) -> str | None:
        """The sentence that speaks against acting now, or None."""
        ...

    def intend(self, plan: Plan) -> Intent:
        """Read the target and name what would be touched, within the plan's bounds. Changes nothing."""
        ...

    def execute(self, plan: Plan, intent: Intent) -> Executed:
        """Act on what was intended and nothing else, then read back. Doing it twice does nothing more."""
        ...


class TargetSource(Protocol):
    """Looks at the target of a plan, for who decides on it. Reads only, and less than a precheck does."""

    actions: frozenset[Action]

    def look(self, plan: Plan) -> Standing:
        """The target as it stands. Raises Rejected for a plan that does not fit this process's own services."""
        ...


class Guard(Protocol):
    """Automation's own controls and limits, shared by all incidents."""

    def controls(self, target: str, now: datetime) -> Controls:
        """What holds for a target at this moment."""
        ...

    def reserve(
        self, plan: Plan, policy: Policy, circumstances: Circumstances, current: Policy | None = None
    ) -> GateVerdict:
        """Ask the gate again under a lock and, when it says *run*, record the attempt as begun, in one transaction.

        `policy` is the incident's own, `current` the one that holds now: the stricter answer counts.

        While its reservation lasts, the same incident, attempt and digest again gives the same answer and records
        nothing more. A reservation that was left behind lapses (domain.reservation); then the gate is asked again.
        """
        ...

    def hold(self, plan: Plan, now: datetime) -> bool:
        """Under the lock: does this very attempt still hold its target? Then it goes on to, as long anew from now, and
        counts as begun.
        """
        ...

    def release(self, incident: str, attempt: int, result: str, at: datetime) -> bool:
        """The attempt has ended; another incident may act on the target. Had a worker begun it?"""
        ...

    def pause(self, who: str, reason: str, until: datetime | None, at: datetime) -> None:
        """No action before `until`, None: before somebody resumes. Of several people's pauses the longest holds."""
        ...

    def resume(self, who: str, at: datetime) -> None:
        """Lift all pauses."""
        ...

    def freeze(self, who: str, reason: str, until: datetime, at: datetime) -> None:
        """No automatic action before `until`; people may still approve. The longest holds, as of pauses."""
        ...

    def unfreeze(self, who: str, at: datetime) -> None:
        """Lift all freezes."""
        ...
