"""What speaks against changing a deployment now. Pure: each gives a sentence for people, or None.

A plan that is about a deployment says in its parameters which one it saw (`uid`), which release ran (`from_revision`,
`from_template_hash`) and, where a release is put back, which one (`revision`, whose fingerprint `releases` has as
`7:a1b2,6:c3d4`).
"""

from collections.abc import Callable, Iterable
from datetime import datetime, timedelta

from domain.deployment import Budget, DeploymentState, Revision, pods
from domain.plan import Plan

MIGRATIONS = "nightshift.dev/migrations"
"""Label or annotation by which a release, or a job of it, says that it migrates a database."""

Precheck = Callable[[Plan, DeploymentState], str | None]
_NONE = frozenset({"", "false", "no", "none", "0"})
_UNNAMED = frozenset({"true", "yes", "1"})
_JOB_BEFORE_RELEASE = timedelta(hours=1)


def first_objection(checks: Iterable[Precheck], plan: Plan, state: DeploymentState) -> str | None:
    """The first sentence that speaks against it."""
    return next((said for check in checks if (said := check(plan, state)) is not None), None)


def is_paused(_plan: Plan, state: DeploymentState) -> str | None:
    if state.paused:
        return f"{state.target} is paused: nothing that is changed in it would be rolled out"
    return None


def runs_nothing(_plan: Plan, state: DeploymentState) -> str | None:
    if state.replicas == 0:
        return f"{state.target} is scaled to nothing"
    return None


def has_changed(plan: Plan, state: DeploymentState) -> str | None:
    """Somebody else was faster: the plan was made, and perhaps approved, for what ran then."""
    current = state.current
    if current is None:
        return f"{state.target} was changed a moment ago, and its controller has not taken it up yet"
    if state.uid != plan.parameters.get("uid"):
        return f"{state.target} was deleted and made anew since the plan"
    if current.template_hash != plan.parameters.get("from_template_hash"):
        return (
            f"{state.target} was changed since the plan: revision {current.number} runs ({current.image}), "
            f"not revision {plan.parameters.get('from_revision')}"
        )
    return None


def is_rolling_out(_plan: Plan, state: DeploymentState) -> str | None:
    if not state.rolled_out:
        return (
            f"a rollout of {state.target} is in progress: {state.updated} of {state.replicas} replicas are updated, "
            f"{state.available} available"
        )
    return None


def is_single(_plan: Plan, state: DeploymentState) -> str | None:
    if state.replicas == 1:
        return f"{state.target} has a single replica: a restart could be an outage"
    return None


def has_no_such_release(plan: Plan, state: DeploymentState) -> str | None:
    """Old replica sets go when there are more of them than the deployment keeps."""
    if _wanted(plan, state) is None:
        return f"revision {plan.parameters.get('revision')} of {state.target} is not kept any more"
    return None


def is_another_release(plan: Plan, state: DeploymentState) -> str | None:
    """The plan, and whoever approved it, meant the release that stood under this number then."""
    wanted = _wanted(plan, state)
    named = str(plan.parameters.get("releases", "")).split(",")
    if wanted is not None and f"{wanted.number}:{wanted.fingerprint}" not in named:
        return f"revision {wanted.number} of {state.target} is not the release that it was when the plan was made"
    return None


def is_too_old(plan: Plan, state: DeploymentState) -> str | None:
    """What was built on a release grows by the hour."""
    released = datetime.fromisoformat(str(plan.parameters["released_at"]))
    age, bound = (state.at - released).total_seconds(), float(plan.parameters["released_within_s"])
    if age > bound:
        return (
            f"revision {plan.parameters['from_revision']} runs for {age / 60:.0f} min, longer than {bound / 60:g} min"
        )
    return None


def has_returned(_plan: Plan, state: DeploymentState) -> str | None:
    """Rolling back what somebody went back to would bring the release again that they fled from."""
    current = state.current
    if current is not None and current.returned:
        return f"revision {current.number} of {state.target} is itself a return to an earlier release"
    return None


def would_be_reverted(_plan: Plan, state: DeploymentState) -> str | None:
    if state.gitops is not None:
        return f"{state.gitops} keeps {state.target} as its repository says and may revert it: revert the commit there"
    return None


def takes_down_too_many(_plan: Plan, state: DeploymentState) -> str | None:
    """At most half of the replicas may be down at once."""
    down = state.may_be_down
    if 2 * down > state.replicas:
        how = "Recreate" if state.strategy == "Recreate" else f"maxUnavailable {state.max_unavailable}"
        return f"the rollout strategy of {state.target} ({how}) takes {down} of {state.replicas} replicas down at once"
    return None


def breaks_a_budget(_plan: Plan, state: DeploymentState) -> str | None:
    """A rollout does not ask budgets, so we do: by what they want, not by what fails already and is to be healed."""
    left = state.replicas - state.may_be_down
    broken = next((b for b in state.budgets if left < _wants(b, state.replicas)), None)
    if broken is not None:
        return (
            f"disruption budget {broken.name} wants {_wants(broken, state.replicas)} of {state.replicas} replicas, "
            f"a rollout may leave {left}"
        )
    return None


def exceeds_a_quota(_plan: Plan, state: DeploymentState) -> str | None:
    """A rollout that must start a pod before it stops one needs room for it."""
    if state.may_be_down > 0:
        return None
    full = next((q for q in state.quotas if q.room < 1), None)
    if full is not None:
        return f"quota {full.name} has no room for the pod that a rollout of {state.target} starts first"
    return None


def has_migrations(plan: Plan, state: DeploymentState) -> str | None:
    """The earlier release may not understand the database that the later one left."""
    current, earlier = state.current, _wanted(plan, state)
    if current is None:
        return None
    by_hand = "look at the schema, then roll back by hand"
    if _migrates(current, earlier):
        return f"revision {current.number} says that it migrates its database ({current.migrations}): {by_hand}"
    job = next((j for j in state.migration_jobs if j.created_at > current.created_at - _JOB_BEFORE_RELEASE), None)
    if job is not None:
        return f"job {job.name} migrated the database for revision {current.number}: {by_hand}"
    return None


def _migrates(current: Revision, earlier: Revision | None) -> bool:
    """A marker that names a migration and is the same on both releases was there before."""
    marker = current.migrations
    if marker is None or marker.lower() in _NONE:
        return False
    return marker.lower() in _UNNAMED or earlier is None or earlier.migrations != marker


def _wanted(plan: Plan, state: DeploymentState) -> Revision | None:
    return state.numbered(plan.parameters.get("revision"))


def _wants(budget: Budget, replicas: int) -> int:
    """Replicas that must stay available. Kubernetes rounds both kinds of share up."""
    if budget.max_unavailable is not None:
        return replicas - pods(budget.max_unavailable, replicas, up=True)
    return pods(budget.min_available or 0, replicas, up=True)
