"""KILL_CONNECTIONS: idle sessions of another application that fills a service's connection pool."""

from domain.catalogue.entry import Case, Entry
from domain.diagnosis import Hypothesis
from domain.finding import Category
from domain.levels import Risk
from domain.plan import Action, Plan
from domain.sentences import Parameters, ending_sessions


def _plan(case: Case, hypothesis: Hypothesis) -> Plan | str:
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


KILL_CONNECTIONS = Entry(action=Action.KILL_CONNECTIONS, risk=Risk.LOW, undo="none", timeout_s=60, plan=_plan)
