"""The catalogue of remediations: when each applies, how risky it is, its bounds, and how it is undone."""

from domain.allowed import allows
from domain.catalogue.entry import Case, Choice, Entry
from domain.catalogue.kill_connections import KILL_CONNECTIONS
from domain.catalogue.restart_service import RESTART_SERVICE
from domain.catalogue.rollback_deployment import ROLL_FORWARD, ROLLBACK_DEPLOYMENT
from domain.plan import Action, Plan

__all__ = ["CATALOGUE", "Case", "Choice", "Entry", "choose", "entry_of", "leads_to_a_plan"]

CATALOGUE: tuple[Entry, ...] = (KILL_CONNECTIONS, RESTART_SERVICE, ROLLBACK_DEPLOYMENT, ROLL_FORWARD)


def choose(case: Case) -> Choice:
    """The first entry whose rule matches the named cause. Without a named cause there is no plan."""
    hypothesis = case.diagnosis.named
    if hypothesis is None:
        return Choice(plan=None, reasons=("no cause is named, so nothing is planned",))
    reasons: list[str] = []
    for entry in CATALOGUE:
        if entry.plan is None:
            continue
        result = entry.plan(case, hypothesis)
        if isinstance(result, Plan):
            return Choice(plan=result, reasons=tuple(reasons))
        reasons.append(f"{entry.action}: {result}")
    return Choice(plan=None, reasons=tuple(reasons))


def leads_to_a_plan(case: Case) -> bool:
    """Is there a plan whose target is on the allow-list? Any other is refused, whoever approves."""
    plan = choose(case).plan
    return plan is not None and allows(case.policy.allow, plan.target)


def entry_of(action: Action) -> Entry:
    """The entry of an action; each has exactly one."""
    return next(entry for entry in CATALOGUE if entry.action is action)
