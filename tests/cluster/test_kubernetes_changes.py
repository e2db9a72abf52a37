"""Changes as a real cluster remembers them: releases by what differs, deaths by their cause, and never a value."""

from collections.abc import Sequence
from datetime import timedelta

import pytest

from domain.finding import Window
from domain.plan import Action
from domain.services import Deployment
from integrations.kubernetes import KubernetesChanges, Patience, PutBack
from integrations.ports import Change, ChangeKind, Changes, Rejected
from rig.servers.kube_api import path_to
from rig.servers.kube_rollout import is_complete
from tests.adapters.deployments import eventually
from tests.cluster.kube_under_care import UnderCare
from tests.fixtures.cluster import Namespace

GREEDY = "import time; everything = bytearray(96 * 2**20); time.sleep(600)"


def _seen(care: UnderCare) -> Changes:
    now = care.now() + timedelta(seconds=1)
    window = Window(start=now - timedelta(hours=1), end=now)
    return KubernetesChanges(care.cluster).changes(care.deployment, window)


def _of(care: UnderCare, kind: ChangeKind) -> Sequence[Change]:
    return [change for change in _seen(care).changes if change.kind is kind]


@pytest.fixture
def care(namespace: Namespace) -> UnderCare:
    under_care = UnderCare(namespace)
    eventually("it runs", lambda: is_complete(under_care.deployed.read()))
    return under_care


def test_a_deployment_that_was_never_changed_has_no_release_to_go_back_to(care: UnderCare) -> None:
    seen = _seen(care)
    assert seen.runs is not None
    assert (seen.runs.revision, seen.runs.image, seen.replicas, seen.ready) == (1, "web:1", 2, 2)
    assert seen.kept == (seen.runs,)
    assert [change.kind for change in seen.changes if change.kind is ChangeKind.ROLLOUT] == []


def test_a_release_is_told_by_what_differs_and_never_by_values(care: UnderCare) -> None:
    care.release("2", DATABASE_PASSWORD="hunter2")
    eventually("it runs", lambda: is_complete(care.deployed.read()))
    (rollout,) = _of(care, ChangeKind.ROLLOUT)
    assert rollout.release is not None
    assert rollout.before is not None
    assert (rollout.release.image, rollout.before.image, rollout.returned) == ("web:2", "web:1", False)
    assert rollout.fields == (
        "containers[web].env[DATABASE_PASSWORD]", "containers[web].env[VERSION]", "containers[web].image",
    )  # fmt: skip
    assert "hunter2" not in _seen(care).model_dump_json()
    assert not _of(care, ChangeKind.SCALING)  # the steps of a rollout are none


def test_a_release_that_came_back_is_told_as_such_with_the_time_of_its_return(care: UnderCare) -> None:
    care.release("2")
    eventually("it runs", lambda: is_complete(care.deployed.read()))
    before = care.now() - timedelta(seconds=1)
    plan, remedy = care.plan(Action.ROLLBACK_DEPLOYMENT), PutBack(
        Action.ROLLBACK_DEPLOYMENT, care.cluster, care.services, Patience(poll_s=0.1)
    )  # fmt: skip
    remedy.execute(plan, remedy.intend(plan))
    newest = _of(care, ChangeKind.ROLLOUT)[0]
    assert newest.release is not None
    assert (newest.release.image, newest.returned) == ("web:1", True)
    assert newest.at >= before


def test_who_scaled_it_is_told(care: UnderCare) -> None:
    path = f"{path_to('Deployment', care.namespace.name, 'web')}/scale"
    care.api.merge(path, {"spec": {"replicas": 3}})
    eventually("it is told", lambda: bool(_of(care, ChangeKind.SCALING)))
    (scaling,) = _of(care, ChangeKind.SCALING)
    assert scaling.said.startswith("scaled from 2 to 3 by ")


def test_a_config_map_that_it_reads_is_told_when_it_was_written_and_others_are_not(care: UnderCare) -> None:
    for name in ("used", "unused"):
        care.api.apply({
            "apiVersion": "v1", "kind": "ConfigMap", "data": {"LIMIT": "hunter2"},
            "metadata": {"name": name, "namespace": care.namespace.name},
        })  # fmt: skip
    manifest = care.manifest("2")
    one = manifest["spec"]["template"]["spec"]["containers"][0]
    one["envFrom"] = [{"configMapRef": {"name": "used"}}, {"configMapRef": {"name": "missing", "optional": True}}]
    care.deployed.change(manifest)
    assert [change.fields for change in _of(care, ChangeKind.CONFIG)] == [("used",)]
    assert "hunter2" not in _seen(care).model_dump_json()


def test_containers_that_were_killed_for_memory_are_told_as_killed_for_memory(namespace: Namespace) -> None:
    care = UnderCare(namespace, replicas=1)
    manifest = care.manifest("2", program=GREEDY)
    one = manifest["spec"]["template"]["spec"]["containers"][0]
    one["resources"] = {"limits": {"memory": "64Mi"}}
    care.deployed.change(manifest)
    eventually("it was killed", lambda: bool(_of(care, ChangeKind.OOM_KILL)))
    assert "killed for memory" in _of(care, ChangeKind.OOM_KILL)[0].said


def test_containers_that_crash_are_told_with_their_exit_code_and_that_they_wait(namespace: Namespace) -> None:
    care = UnderCare(namespace, replicas=1)
    care.release("2", program="raise SystemExit(3)")
    eventually("it crashed", lambda: "exit code 3" in "".join(c.said for c in _of(care, ChangeKind.CRASH)))
    eventually("it waits", lambda: "CrashLoopBackOff" in "".join(c.said for c in _of(care, ChangeKind.FAILING)))


def test_what_lies_before_the_window_is_not_told(care: UnderCare) -> None:
    care.release("2")
    later = care.now() + timedelta(hours=2)
    window = Window(start=later - timedelta(hours=1), end=later)
    assert [
        change.kind
        for change in KubernetesChanges(care.cluster).changes(care.deployment, window).changes
        if change.kind is not ChangeKind.FAILING
    ] == []


def test_a_deployment_that_does_not_exist_is_refused_in_words(care: UnderCare) -> None:
    gone = Deployment(namespace=care.namespace.name, name="gone")
    window = Window(start=care.now() - timedelta(hours=1), end=care.now())
    with pytest.raises(Rejected, match=r'404: deployments\.apps "gone" not found'):
        KubernetesChanges(care.cluster).changes(gone, window)
