"""RESTART_SERVICE: a service that runs out of memory gets new processes, a few at a time."""

from domain import prechecks
from domain.catalogue.entry import Case, Entry
from domain.diagnosis import Hypothesis
from domain.finding import Category, Finding, Source
from domain.levels import Risk
from domain.plan import Action, Plan
from domain.rights import Right

_TIMEOUT_S = 300
_NEEDED = ("uid", "runs_revision", "runs_template_hash")


def _plan(case: Case, hypothesis: Hypothesis) -> Plan | str:
    if hypothesis.category is not Category.MEMORY_LEAK:
        return f"applies to {Category.MEMORY_LEAK}, the cause is {hypothesis.category}"
    deployment = case.services.get(hypothesis.service).deployment
    if deployment is None:
        return f"{hypothesis.service} names no deployment that may be acted on"
    seen = _seen(case, deployment.target)
    if seen is None:
        return f"{deployment.target} could not be looked at"
    return Plan(
        incident=case.incident, attempt=case.attempt, action=Action.RESTART_SERVICE, service=hypothesis.service,
        category=hypothesis.category, target=deployment.target, risk=Risk.MEDIUM, undo="none", timeout_s=_TIMEOUT_S,
        parameters={
            "uid": str(seen.facts["uid"]), "from_revision": int(seen.facts["runs_revision"]),
            "from_template_hash": str(seen.facts["runs_template_hash"]),
        },
        sentence=f"Restart {deployment.target}, a few replicas at a time.",
        expected_effect=f"the memory of {hypothesis.service} is free again",
    )  # fmt: skip


def _seen(case: Case, target: str) -> Finding | None:
    """Any look at the deployment says what runs there; it need not speak for the cause."""
    looks = (f for f in case.findings if f.source is Source.CHANGES and f.facts.get("target") == target)
    return next((f for f in looks if all(name in f.facts for name in _NEEDED)), None)


def _by_hand(plan: Plan) -> tuple[str, ...]:
    _, namespace, name = plan.target.split("/", 2)
    at = f"kubectl --namespace {namespace} rollout"
    return (f"{at} restart deployment/{name}", f"{at} status deployment/{name}")


RESTART_SERVICE = Entry(
    action=Action.RESTART_SERVICE, risk=Risk.MEDIUM, undo="none", timeout_s=_TIMEOUT_S, plan=_plan, by_hand=_by_hand,
    prechecks=(
        prechecks.is_paused, prechecks.runs_nothing, prechecks.has_changed, prechecks.is_rolling_out,
        prechecks.is_single, prechecks.takes_down_too_many, prechecks.breaks_a_budget, prechecks.exceeds_a_quota,
    ),
    rights=(
        Right(group="apps", resource="deployments", verbs=("get", "patch")),
        Right(group="apps", resource="replicasets", verbs=("list",)),
        Right(group="policy", resource="poddisruptionbudgets", verbs=("list",)),
        Right(group="", resource="resourcequotas", verbs=("list",)),
    ),
)  # fmt: skip
