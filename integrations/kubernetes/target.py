"""Which deployment a plan may touch, by this worker's own services: a plan never names one by itself."""

from datetime import datetime

from domain.catalogue import entry_of
from domain.deployment import DeploymentState
from domain.incident import Executed
from domain.plan import Action, Plan
from domain.prechecks import first_objection
from domain.services import Deployment, ServiceMap
from integrations.ports import Intent, Rejected


def target_of(plan: Plan, action: Action, services: ServiceMap) -> Deployment:
    """The plan comes from history, the services from this worker's own file: they have to agree. Raises Rejected."""
    if plan.action is not action:
        raise Rejected(f"plan {plan.short_digest}: action {plan.action!r} is not {action!r}")
    known = services.get(plan.service).deployment
    if known is None or known.target != plan.target:
        raise Rejected(f"plan {plan.short_digest}: {plan.target!r} is not the deployment of {plan.service!r}")
    return known


def against(plan: Plan, state: DeploymentState) -> str | None:
    """What the catalogue's prechecks say."""
    return first_objection(entry_of(plan.action).prechecks, plan, state)


def require_own(plan: Plan, intent: Intent) -> None:
    """Raises Rejected for the intent of another plan."""
    if intent.digest != plan.digest:
        raise Rejected(f"the intent belongs to plan {intent.digest[:8]!r}, not to {plan.short_digest!r}")


def facts(state: DeploymentState) -> dict[str, str | int | float]:
    """What is recorded before and after."""
    current = state.current
    return {
        "uid": state.uid, "resource_version": state.resource_version, "revision": state.revision,
        "template_hash": current.template_hash if current else "", "image": current.image if current else "",
        "replicas": state.replicas, "ready": state.ready, "updated": state.updated, "failed_at": failed_at(state),
    }  # fmt: skip


def failed_at(state: DeploymentState) -> str:
    """When a rollout failed last, empty when none did. The mark of an earlier failure stays until something moves."""
    return state.failed_at.isoformat() if state.failed_at else ""


def executed(
    started_at: datetime, before: Intent, after: DeploymentState, detail: str, *, complete: bool,
) -> Executed:  # fmt: skip
    """`affected`: pods of the newest template."""
    return Executed(
        started_at=started_at, ended_at=after.at, affected=after.updated, before=before.before, after=facts(after),
        detail=detail, complete=complete,
    )  # fmt: skip
