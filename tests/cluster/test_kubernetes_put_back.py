"""ROLLBACK_DEPLOYMENT and ROLL_FORWARD on a real cluster: real processes change, once, and nothing else does."""

import pytest

from domain.catalogue import entry_of
from domain.plan import Action, Plan
from integrations.kubernetes import KubernetesTargets, Patience, PutBack
from integrations.kubernetes.reading import look
from integrations.ports import Intent, Rejected, Unavailable
from rig.servers.kube_api import path_to
from rig.servers.kube_rollout import is_complete, revision
from tests.adapters.deployments import eventually
from tests.cluster.kube_under_care import UnderCare
from tests.fixtures.cluster import Namespace

CRASHING = "raise SystemExit(3)"


@pytest.fixture
def care(namespace: Namespace) -> UnderCare:
    """Release 1 runs, then release 2 came."""
    under_care = UnderCare(namespace)
    eventually("the first release runs", lambda: is_complete(under_care.deployed.read()))
    under_care.release("2")
    eventually("the second release runs", lambda: is_complete(under_care.deployed.read()))
    return under_care


def _remedy(care: UnderCare, action: Action = Action.ROLLBACK_DEPLOYMENT) -> PutBack:
    return PutBack(action, care.cluster, care.services, Patience(poll_s=0.1))


def _intended(care: UnderCare, remedy: PutBack | None = None) -> tuple[Plan, Intent]:
    plan = care.plan(Action.ROLLBACK_DEPLOYMENT)
    return plan, (remedy or _remedy(care)).intend(plan)


def test_the_release_before_runs_again_and_what_was_read_is_told(care: UnderCare) -> None:
    remedy = _remedy(care)
    plan, intent = _intended(care, remedy)
    assert remedy.precheck(plan) is None
    assert care.deployed.answers().keys() == {"2"}

    done = remedy.execute(plan, intent)

    assert care.deployed.answers().keys() == {"1"}
    assert revision(care.deployed.read()) == "3"
    assert (done.before["revision"], done.before["image"], done.before["ready"]) == (2, "web:2", 2)
    assert (done.after["revision"], done.after["image"], done.after["ready"]) == (3, "web:1", 2)
    assert (done.affected, done.complete) == (2, True)
    assert done.detail == "Revision 1 put back as revision 3: 2 of 2 replicas ready."


def test_a_worker_that_leaves_does_not_stay_for_the_end_and_another_try_waits_on(care: UnderCare) -> None:
    leaving = PutBack(Action.ROLLBACK_DEPLOYMENT, care.cluster, care.services, Patience(0.1, leaving=lambda: True))
    plan, intent = _intended(care, leaving)
    with pytest.raises(Unavailable, match="another try waits"):
        leaving.execute(plan, intent)
    done = _remedy(care).execute(plan, intent)
    assert (done.after["revision"], done.complete) == (3, True)


def test_the_same_order_twice_rolls_out_once(care: UnderCare) -> None:
    """A worker that died after the write finds its own work."""
    remedy = _remedy(care)
    plan, intent = _intended(care, remedy)
    remedy.execute(plan, intent)
    generation = care.deployed.read()["metadata"]["generation"]
    again = remedy.execute(plan, intent)
    assert care.deployed.read()["metadata"]["generation"] == generation
    assert (again.after["revision"], again.complete) == (3, True)


def test_a_deployment_that_somebody_changed_since_the_plan_is_not_touched(care: UnderCare) -> None:
    remedy = _remedy(care)
    plan, intent = _intended(care, remedy)
    care.release("3")
    eventually("the third release runs", lambda: is_complete(care.deployed.read()))
    assert "was changed since the plan: revision 3 runs (web:3), not revision 2" in str(remedy.precheck(plan))
    with pytest.raises(Rejected, match=r"nothing was changed: .*, not revision 2"):
        remedy.execute(plan, intent)
    assert care.deployed.answers().keys() == {"3"}


def test_a_deployment_that_was_made_anew_is_another_one(care: UnderCare) -> None:
    remedy = _remedy(care)
    plan = care.plan(Action.ROLLBACK_DEPLOYMENT, uid="another")
    assert "made anew" in str(remedy.precheck(plan))
    with pytest.raises(Rejected, match="made anew"):
        remedy.execute(plan, remedy.intend(plan))
    assert care.deployed.answers().keys() == {"2"}


def test_a_release_into_which_somebody_wrote_another_template_is_not_put_back(care: UnderCare) -> None:
    """Number, name, uid and Kubernetes' own hash stay the same, and yet it is not what people approved."""
    remedy = _remedy(care)
    plan, intent = _intended(care, remedy)
    first = next(s for s in look(care.cluster, care.deployment, migrations=False).sets if s.revision == 1)
    path = f"{path_to('ReplicaSet', care.namespace.name)}/{first.metadata.name}"
    care.api.merge(path, {"spec": {"template": {"metadata": {"annotations": {"by": "mallory"}}}}})
    assert "is not the release that it was" in str(remedy.precheck(plan))
    with pytest.raises(Rejected, match=r"nothing was changed: revision 1 of .* is not the release"):
        remedy.execute(plan, intent)
    assert care.deployed.answers().keys() == {"2"}


def test_only_the_template_goes_back_and_the_number_of_replicas_stays(care: UnderCare) -> None:
    """Somebody scaled it in the meantime."""
    care.change({"spec": {"replicas": 3}})
    eventually("it is scaled", lambda: is_complete(care.deployed.read()))
    plan, intent = _intended(care)
    _remedy(care).execute(plan, intent)
    assert care.deployed.read()["spec"]["replicas"] == 3


def test_a_release_that_never_came_up_is_taken_back_in_the_middle_of_its_rollout(namespace: Namespace) -> None:
    """The most common bad release: its pods crash, the rollout hangs and has missed its deadline."""
    care = UnderCare(namespace)
    eventually("the first release runs", lambda: is_complete(care.deployed.read()))
    care.release("2", program=CRASHING, deadline=2)
    missed = ("False", "ProgressDeadlineExceeded")
    eventually("the second one hangs", lambda: care.deployed.progress() == missed)
    remedy = _remedy(care)
    plan, intent = _intended(care, remedy)
    assert remedy.precheck(plan) is None
    done = remedy.execute(plan, intent)
    assert (done.complete, done.after["image"]) == (True, "web:1")
    assert is_complete(care.deployed.read())


def test_a_rollout_that_fails_is_a_result_and_says_so(namespace: Namespace) -> None:
    """Here the earlier release is the one that crashes."""
    care = UnderCare(namespace)
    care.release("1", program=CRASHING, deadline=2)
    eventually("the first one hangs", lambda: care.deployed.progress()[0] == "False")
    care.release("2", deadline=2)
    eventually("the second one runs", lambda: is_complete(care.deployed.read()))
    remedy = _remedy(care)
    plan, intent = _intended(care, remedy)
    done = remedy.execute(plan, intent)
    assert not done.complete
    assert "the rollout failed: " in done.detail
    assert care.deployed.answers().keys() == {"2"}  # the strategy keeps what works


def test_rolling_forward_undoes_it_and_the_plan_for_it_comes_from_what_was_done(care: UnderCare) -> None:
    plan, intent = _intended(care)
    done = _remedy(care).execute(plan, intent)
    undo = entry_of(Action.ROLLBACK_DEPLOYMENT).undo_plan
    assert undo is not None
    forward, back = undo(plan, done), _remedy(care, Action.ROLL_FORWARD)
    assert back.precheck(forward) is None
    again = back.execute(forward, back.intend(forward))
    assert care.deployed.answers().keys() == {"2"}
    assert (again.after["image"], again.complete) == ("web:2", True)


def test_what_was_rolled_back_is_never_rolled_back_again(care: UnderCare) -> None:
    """It would bring the release that somebody fled from."""
    plan, intent = _intended(care)
    _remedy(care).execute(plan, intent)
    again = care.plan(Action.ROLLBACK_DEPLOYMENT)
    assert "is itself a return to an earlier release" in str(_remedy(care).precheck(again))


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"spec": {"paused": True}}, "is paused"),
        ({"spec": {"replicas": 0}}, "is scaled to nothing"),
        ({"metadata": {"annotations": {"argocd.argoproj.io/tracking-id": "x"}}}, "Argo CD keeps"),
        ({"metadata": {"labels": {"kustomize.toolkit.fluxcd.io/name": "x"}}}, "Flux keeps"),
        ({"spec": {"strategy": {"rollingUpdate": {"maxUnavailable": 2}}}}, "takes 2 of 2 replicas down at once"),
        ({"spec": {"strategy": {"type": "Recreate", "rollingUpdate": None}}}, "(Recreate) takes 2 of 2"),
        ({"metadata": {"labels": {"nightshift.dev/migrations": "add-index"}}}, "migrates its database (add-index)"),
    ],
)
def test_what_speaks_against_it_is_read_from_the_cluster(care: UnderCare, change: dict[str, object], said: str) -> None:
    plan = care.plan(Action.ROLLBACK_DEPLOYMENT)
    care.change(change)
    eventually(
        "the controller has taken it up",
        lambda: care.deployed.read()["status"]["observedGeneration"] == care.deployed.read()["metadata"]["generation"],
    )
    assert said in str(_remedy(care).precheck(plan))


def test_budgets_quotas_and_jobs_of_the_namespace_speak_against_it(care: UnderCare) -> None:
    plan, remedy = care.plan(Action.ROLLBACK_DEPLOYMENT), _remedy(care)
    care.make("ResourceQuota", "v1", "tight", {"hard": {"pods": "2"}})
    eventually("the quota is counted", lambda: "quota tight has no room" in str(remedy.precheck(plan)))
    care.change({"spec": {"strategy": {"rollingUpdate": {"maxUnavailable": 1}}}})
    eventually("with one pod down there is room", lambda: remedy.precheck(plan) is None)
    selector = {"matchLabels": {"app": "web"}}
    care.make("PodDisruptionBudget", "policy/v1", "all", {"minAvailable": "100%", "selector": selector})
    assert "disruption budget all wants 2 of 2 replicas, a rollout may leave 1" in str(remedy.precheck(plan))


def test_a_job_that_migrated_for_this_release_speaks_against_it(care: UnderCare) -> None:
    plan, remedy = care.plan(Action.ROLLBACK_DEPLOYMENT), _remedy(care)
    pod = {"restartPolicy": "Never", "containers": [{"name": "migrate", "image": "migrate:1"}]}
    spec = {"suspend": True, "template": {"spec": pod}}
    care.make("Job", "batch/v1", "others", spec, labels={"nightshift.dev/migrations": "another"})
    assert remedy.precheck(plan) is None
    care.make("Job", "batch/v1", "migrate-2", spec, labels={"nightshift.dev/migrations": "web"})
    assert "job migrate-2 migrated the database for revision 2" in str(remedy.precheck(plan))


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"action": Action.ROLL_FORWARD}, "is not <Action.ROLLBACK_DEPLOYMENT"),
        ({"target": "deployment/kube-system/coredns"}, "is not the deployment of 'web'"),
        ({"service": "gateway"}, "is not the deployment of 'gateway'"),
    ],
)
def test_a_plan_for_something_else_is_refused_whatever_it_says(
    care: UnderCare, changes: dict[str, object], said: str
) -> None:
    plan, remedy = care.plan(Action.ROLLBACK_DEPLOYMENT), _remedy(care)
    forged = Plan.model_validate({**plan.model_dump(exclude={"digest"}), **changes})
    assert said in str(remedy.precheck(forged))
    with pytest.raises(Rejected):
        remedy.intend(forged)


def test_the_intent_of_another_plan_is_refused(care: UnderCare) -> None:
    _, intent = _intended(care)
    with pytest.raises(Rejected, match="belongs to plan"):
        _remedy(care).execute(care.plan(Action.ROLLBACK_DEPLOYMENT, released_within_s=60), intent)
    assert care.deployed.answers().keys() == {"2"}


def test_who_decides_sees_what_runs_and_what_would_run_instead(care: UnderCare) -> None:
    """Read with two questions, and again after somebody else was faster."""
    plan = care.plan(Action.ROLLBACK_DEPLOYMENT)
    targets = KubernetesTargets(care.cluster, care.services)
    seen = targets.look(plan)
    care.release("3")
    eventually("the third release runs", lambda: is_complete(care.deployed.read()))
    later = targets.look(plan)
    assert (seen.before, seen.after) == (("revision 2", "image web:2"), ("revision 1", "image web:1"))
    assert (seen.about, seen.objection) == ("2 of 2 replicas ready", None)
    assert later.before == ("revision 3", "image web:3")
    assert "revision 3 runs (web:3), not revision 2" in str(later.objection)
