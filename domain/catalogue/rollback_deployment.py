"""ROLLBACK_DEPLOYMENT: a release that broke its service is taken back. ROLL_FORWARD undoes that, if it did not help."""

from domain import prechecks
from domain.catalogue.entry import Case, Entry
from domain.diagnosis import Hypothesis
from domain.finding import Category, Finding
from domain.incident import Executed
from domain.levels import Risk
from domain.plan import Action, Plan
from domain.rights import Right
from domain.sentences import Parameters, rolling_back, rolling_forward

_TIMEOUT_S = 600
_UNDO = "the release is rolled forward again, only with an approval of its own"
_NEEDED = (
    "target", "uid", "revision", "template_hash", "fingerprint", "to_revision", "revisions", "releases", "at",
    "before_onset_s",
)  # fmt: skip
_SAFE = (
    prechecks.is_paused, prechecks.runs_nothing, prechecks.has_changed, prechecks.has_no_such_release,
    prechecks.is_another_release,
    prechecks.would_be_reverted, prechecks.takes_down_too_many, prechecks.breaks_a_budget, prechecks.exceeds_a_quota,
)  # fmt: skip
_RIGHTS = (
    Right(group="apps", resource="deployments", verbs=("get", "patch")),
    Right(group="apps", resource="replicasets", verbs=("list",)),
    Right(group="policy", resource="poddisruptionbudgets", verbs=("list",)),
    Right(group="", resource="resourcequotas", verbs=("list",)),
)
_READ_MIGRATIONS = Right(group="batch", resource="jobs", verbs=("list",))


def _plan(case: Case, hypothesis: Hypothesis) -> Plan | str:
    """Take back the release that runs, when it came shortly before the trouble began."""
    if hypothesis.category is not Category.BAD_DEPLOYMENT:
        return f"applies to {Category.BAD_DEPLOYMENT}, the cause is {hypothesis.category}"
    deployment = case.services.get(hypothesis.service).deployment
    if deployment is None:
        return f"{hypothesis.service} names no deployment that may be acted on"
    rollouts = [f for f in case.cited(hypothesis, "rollout") if f.facts.get("target") == deployment.target]
    if not rollouts:
        return f"no release of {deployment.target} shortly before the onset was found"
    latest = min(rollouts, key=_before_onset_s)
    why_not = _against(latest, case.policy.rollback_deployment.released_within_s)
    return why_not or _take_back(case, hypothesis, latest)


def _against(rollout: Finding, within_s: float) -> str | None:
    facts = rollout.facts
    if "to_revision" not in facts:
        return "there is no earlier release to go back to"
    missing = [name for name in _NEEDED if name not in facts]
    if missing:
        return f"finding {rollout.id} names no {' and no '.join(missing)} of the release"
    if not facts.get("runs_now"):
        return f"revision {facts['revision']}, which came before the onset, does not run any more"
    if facts.get("returned"):
        return f"revision {facts['revision']} is itself a return to an earlier release"
    if _before_onset_s(rollout) > within_s:
        return f"the release came {_before_onset_s(rollout) / 60:.0f} min before the onset, which is too long ago"
    return None


def _take_back(case: Case, hypothesis: Hypothesis, rollout: Finding) -> Plan:
    facts = rollout.facts
    target = str(facts["target"])
    parameters: Parameters = {
        "uid": str(facts["uid"]), "from_revision": int(facts["revision"]),
        "from_template_hash": str(facts["template_hash"]), "from_image": str(facts.get("image", "")),
        "from_fingerprint": str(facts["fingerprint"]), "releases": str(facts["releases"]),
        "revision": int(facts["to_revision"]), "revisions": str(facts["revisions"]), "released_at": str(facts["at"]),
        "released_within_s": case.policy.rollback_deployment.released_within_s,
    }  # fmt: skip
    return Plan(
        incident=case.incident, attempt=case.attempt, action=Action.ROLLBACK_DEPLOYMENT, service=hypothesis.service,
        category=hypothesis.category, target=target, risk=Risk.HIGH, undo=_UNDO, timeout_s=_TIMEOUT_S,
        parameters=dict(parameters), sentence=rolling_back(target, parameters),
        expected_effect=f"{hypothesis.service} runs the release of before the trouble",
    )  # fmt: skip


def _roll_forward(plan: Plan, done: Executed) -> Plan:
    """The plan that brings the release back. What runs after the rollback is what was read then."""
    was = plan.parameters
    parameters: Parameters = {
        "uid": was["uid"], "from_revision": done.after["revision"], "from_template_hash": done.after["template_hash"],
        "revision": was["from_revision"], "releases": f"{was['from_revision']}:{was['from_fingerprint']}",
    }  # fmt: skip
    return Plan(
        incident=plan.incident, attempt=plan.attempt, action=Action.ROLL_FORWARD, service=plan.service,
        category=plan.category, target=plan.target, risk=Risk.HIGH, undo="none", timeout_s=_TIMEOUT_S,
        parameters=dict(parameters), sentence=rolling_forward(plan.target, parameters),
        expected_effect=f"{plan.service} runs the release that it ran when the incident began",
    )  # fmt: skip


def _by_hand(plan: Plan) -> tuple[str, ...]:
    """As a person would do it. Revisions are numbered anew by each rollout, so the history comes first."""
    _, namespace, name = plan.target.split("/", 2)
    at = f"kubectl --namespace {namespace} rollout"
    return (
        f"{at} history deployment/{name}",
        f"{at} undo deployment/{name} --to-revision={plan.parameters['revision']}",
        f"{at} status deployment/{name}",
    )


def _before_onset_s(rollout: Finding) -> float:
    return float(rollout.facts.get("before_onset_s", 0.0))


ROLLBACK_DEPLOYMENT = Entry(
    action=Action.ROLLBACK_DEPLOYMENT, risk=Risk.HIGH, undo=_UNDO, timeout_s=_TIMEOUT_S, plan=_plan,
    undo_plan=_roll_forward, by_hand=_by_hand, rights=(*_RIGHTS, _READ_MIGRATIONS),
    prechecks=(*_SAFE, prechecks.is_too_old, prechecks.has_returned, prechecks.has_migrations),
)  # fmt: skip
ROLL_FORWARD = Entry(
    action=Action.ROLL_FORWARD, risk=Risk.HIGH, undo="none", timeout_s=_TIMEOUT_S, plan=None, by_hand=_by_hand,
    rights=_RIGHTS, prechecks=_SAFE,
)  # fmt: skip
