"""The catalogue of remediations: when each applies, how risky it is, its bounds, and how it is undone."""

from collections.abc import Callable, Sequence

from domain.diagnosis import Diagnosis, Hypothesis
from domain.finding import Category, Finding
from domain.levels import Risk
from domain.model import Model
from domain.plan import Action, Plan
from domain.policy import Policy
from domain.sentences import Parameters, ending_sessions
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


class Entry(Model):
    """One action. `plan` gives the plan for a case, or the sentence that says why it does not apply."""

    action: Action
    risk: Risk
    undo: str
    timeout_s: int
    plan: Callable[[Case, Hypothesis], "Plan | str"]


class Choice(Model):
    """The plan, or why there is none: a reason for each entry that was looked at."""

    plan: Plan | None
    reasons: tuple[str, ...] = ()


def choose(case: Case) -> Choice:
    """The first entry whose rule matches the named cause. Without a named cause there is no plan."""
    hypothesis = case.diagnosis.named
    if hypothesis is None:
        return Choice(plan=None, reasons=("no cause is named, so nothing is planned",))
    reasons: list[str] = []
    for entry in CATALOGUE:
        result = entry.plan(case, hypothesis)
        if isinstance(result, Plan):
            return Choice(plan=result, reasons=tuple(reasons))
        reasons.append(f"{entry.action}: {result}")
    return Choice(plan=None, reasons=tuple(reasons))


def _kill_connections(case: Case, hypothesis: Hypothesis) -> Plan | str:
    """End the idle sessions of the application that fills the pool. Never those of the service itself."""
    if hypothesis.category is not Category.CONNECTION_POOL:
        return f"applies to {Category.CONNECTION_POOL}, the cause is {hypothesis.category}"
    holders = case.cited(hypothesis, "idle_sessions")
    if not holders:
        return "no application was found that holds idle sessions"
    worst = max(holders, key=lambda f: f.value or 0)
    missing = [name for name in ("target", "role", "application") if name not in worst.facts]
    if missing:
        return f"finding {worst.id} names no {' and no '.join(missing)} of the idle sessions"
    database = case.services.database(str(worst.facts["target"]))
    if database is None or database.remedy is None:
        return f"{worst.facts['target']} has no connection by which it may be acted on"
    if worst.facts["application"] == database.application:
        return f"the idle sessions are those of {hypothesis.service} itself"
    bounds = case.policy.kill_connections
    role, application = str(worst.facts["role"]), str(worst.facts["application"])
    parameters: Parameters = {
        "role": role, "application": application, "idle_age_s": bounds.idle_age_s, "cap": bounds.cap,
        "remedy": database.remedy, "database": database.name,
    }  # fmt: skip
    return Plan(
        incident=case.incident, attempt=case.attempt, action=Action.KILL_CONNECTIONS, service=hypothesis.service,
        category=hypothesis.category, target=database.target, risk=Risk.LOW, undo="none", timeout_s=60,
        parameters=dict(parameters), sentence=ending_sessions(database.target, parameters),
        expected_effect=f"{database.name} has free connections again and {hypothesis.service} stops failing",
    )  # fmt: skip


CATALOGUE: tuple[Entry, ...] = (
    Entry(action=Action.KILL_CONNECTIONS, risk=Risk.LOW, undo="none", timeout_s=60, plan=_kill_connections),
)
