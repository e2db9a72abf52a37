"""What a real API server makes of deploy/kubernetes/rbac.yaml: exactly the declared rights, and they are enough."""

from pathlib import Path
from typing import Any

import pytest

from domain.catalogue import CATALOGUE
from domain.finding import Window
from domain.plan import Action
from domain.rights import Right
from integrations.kubernetes import Cluster, KubernetesChanges, Patience, PutBack, Restart
from integrations.kubernetes.changes import RIGHTS
from integrations.kubernetes.objects import Part
from integrations.ports import Rejected
from rig.servers.kube_rollout import is_complete
from tests.adapters.deployments import eventually
from tests.cluster.kube_under_care import UnderCare, cluster_of
from tests.fixtures.cluster import Namespace
from tests.rbac import Triple, declared, granted, of_kind

REMEDY = tuple(right for entry in CATALOGUE for right in entry.rights)


class Review(Part):
    """A SelfSubjectRulesReview."""

    status: dict[str, Any]


def _account(namespace: Namespace, folder: Path, name: str, *roles: str) -> Cluster:
    """A service account in the namespace, with these roles of the file."""
    manifests: list[dict[str, Any]] = []
    for role in roles:
        binding = of_kind("RoleBinding", role)
        binding["metadata"]["namespace"] = namespace.name
        binding["subjects"] = [{"kind": "ServiceAccount", "name": name, "namespace": namespace.name}]
        manifests += [of_kind("ClusterRole", role), binding]
    file = folder / f"{name}.kubeconfig"
    namespace.cluster.grant(manifests, [name], namespace.name, file)
    return cluster_of(file)


def _rights(account: Cluster, namespace: Namespace) -> set[Triple]:
    path = "/apis/authorization.k8s.io/v1/selfsubjectrulesreviews"
    asked = {"apiVersion": "authorization.k8s.io/v1", "kind": "SelfSubjectRulesReview"}
    review = account.create(Review, path, {**asked, "spec": {"namespace": namespace.name}})
    assert not review.status["incomplete"]
    return granted(review.status["resourceRules"])


@pytest.mark.parametrize(("role", "needed"), [("nightshift-watch", RIGHTS), ("nightshift-remedy", REMEDY)])
def test_an_account_may_do_what_is_declared_and_nothing_more_than_a_bare_one(
    namespace: Namespace, tmp_path: Path, role: str, needed: tuple[Right, ...]
) -> None:
    ours = _rights(_account(namespace, tmp_path, "ours", role), namespace)
    bare = _rights(_account(namespace, tmp_path, "bare"), namespace)
    assert ours - bare == declared(needed)
    assert bare <= ours


def test_these_rights_are_enough_to_look_and_to_act_and_looking_cannot_act(
    namespace: Namespace, tmp_path: Path
) -> None:
    care = UnderCare(namespace)
    eventually("it runs", lambda: is_complete(care.deployed.read()))
    care.release("2")
    eventually("the second release runs", lambda: is_complete(care.deployed.read()))
    watch = _account(namespace, tmp_path, "watch", "nightshift-watch")
    remedy = _account(namespace, tmp_path, "remedy", "nightshift-remedy")

    now = care.now()
    seen = KubernetesChanges(watch).changes(care.deployment, Window(start=now.replace(year=2000), end=now))
    assert seen.runs is not None

    back = PutBack(Action.ROLLBACK_DEPLOYMENT, remedy, care.services, Patience(poll_s=0.1))
    plan = care.plan(Action.ROLLBACK_DEPLOYMENT)
    assert back.execute(plan, back.intend(plan)).complete
    restart = Restart(remedy, care.services, Patience(poll_s=0.1))
    again = care.plan(Action.RESTART_SERVICE)
    assert restart.execute(again, restart.intend(again)).complete

    said = str(Restart(watch, care.services).precheck(care.plan(Action.RESTART_SERVICE)))
    assert "403" in said
    with pytest.raises(Rejected, match="403"):
        watch.patch(Review, f"/apis/apps/v1/namespaces/{namespace.name}/deployments/web", {"spec": {"replicas": 0}})
