"""What a catalogue entry is, and the case that its rule is shown."""

from collections.abc import Callable, Sequence

from domain.diagnosis import Diagnosis, Hypothesis
from domain.finding import Finding
from domain.incident import Executed
from domain.levels import Risk
from domain.model import Model
from domain.plan import Action, Plan
from domain.policy import Policy
from domain.prechecks import Precheck
from domain.rights import Right
from domain.services import ServiceMap


class Case(Model):
    """What a match rule may look at."""

    incident: str
    attempt: int
    diagnosis: Diagnosis
    findings: tuple[Finding, ...]
    services: ServiceMap
    policy: Policy

    def cited(self, hypothesis: Hypothesis, kind: str) -> Sequence[Finding]:
        """Findings of a kind that speak for the hypothesis."""
        return [f for f in self.findings if f.kind == kind and f.id in hypothesis.supporting]


def nothing_by_hand(_plan: Plan) -> tuple[str, ...]:
    return ()


class Entry(Model):
    """One action, all that is decided about it.

    `plan` gives the plan for a case, or the sentence that says why it does not apply; None: never chosen, only an undo.
    `undo_plan` gives the plan that undoes one that was executed; it is shown to the gate like every other plan.
    `prechecks` are asked of a deployment before anything is touched, once more right before the act. Databases are
    asked in SQL, by their remediator. `rights` are what it needs of Kubernetes. `by_hand`: the same, for a person.
    """

    action: Action
    risk: Risk
    undo: str
    timeout_s: int
    plan: Callable[[Case, Hypothesis], "Plan | str"] | None
    undo_plan: Callable[[Plan, Executed], Plan] | None = None
    prechecks: tuple[Precheck, ...] = ()
    rights: tuple[Right, ...] = ()
    by_hand: Callable[[Plan], tuple[str, ...]] = nothing_by_hand


class Choice(Model):
    """The plan, or why there is none: a reason for each entry that was looked at."""

    plan: Plan | None
    reasons: tuple[str, ...] = ()
