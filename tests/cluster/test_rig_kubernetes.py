"""The rig's Kubernetes is real: rollouts, deadlines, crashes and undoing them change processes of this machine."""

import signal
from pathlib import Path

import psutil
import pytest
import yaml
from pydantic import SecretStr

from rig.kubelet.kubelet import Kubelet
from rig.servers.kube_api import ApiError, Json, KubeApi, path_to
from rig.servers.kube_rollout import is_complete, revision
from rig.servers.kubernetes import KubernetesServer
from tests.adapters.deployments import WEB, Deployed, container, deployment, eventually, runs
from tests.fixtures.cluster import Namespace

CRASHING = "raise SystemExit(3)"
GREEDY = "import time; everything = bytearray(96 * 2**20); time.sleep(600)"
POLITE = """
import os, pathlib, signal, sys, time
def farewell(*_):
    pathlib.Path(os.environ["FAREWELL"]).write_text("good bye")
    sys.exit(0)
signal.signal(signal.SIGTERM, farewell)
pathlib.Path(os.environ["FAREWELL"]).write_text(str(os.getpid()))
time.sleep(600)
"""
DEAF = POLITE.replace("signal.signal(signal.SIGTERM, farewell)", "signal.signal(signal.SIGTERM, signal.SIG_IGN)")


def web(version: str, **env: str) -> Json:
    return container(WEB, {"VERSION": version, **env})


def test_a_rollout_replaces_real_processes(namespace: Namespace) -> None:
    deployed = Deployed(namespace, deployment(namespace, web("1"), replicas=2))
    eventually("the first rollout is complete", lambda: is_complete(deployed.read()))
    before = [pid for pid in deployed.answers().values() if runs(pid)]
    assert before

    deployed.change(deployment(namespace, web("2"), replicas=2))

    eventually("the second rollout is complete", lambda: is_complete(deployed.read()))
    assert deployed.answers().keys() == {"2"}
    eventually("the old processes have ended", lambda: not any(map(runs, before)))
    assert revision(deployed.read()) == "2"


def test_a_release_that_never_starts_misses_its_deadline_and_the_old_one_serves_on(namespace: Namespace) -> None:
    deployed = Deployed(namespace, deployment(namespace, web("1"), deadline=2))
    eventually("the first rollout is complete", lambda: is_complete(deployed.read()))
    good, (serving,) = deployed.read()["spec"]["template"], deployed.answers().values()

    deployed.change(deployment(namespace, container(CRASHING, {}), deadline=2))

    missed = ("False", "ProgressDeadlineExceeded")
    eventually("the deadline is missed", lambda: deployed.progress() == missed)
    assert deployed.answers() == {"1": serving}

    deployed.put_back(good)

    eventually("the old template is back", lambda: is_complete(deployed.read()))
    assert deployed.answers() == {"1": serving}
    assert revision(deployed.read()) == "3"


def test_a_program_that_does_not_exist_is_started_again_and_again(namespace: Namespace) -> None:
    missing = {**web("1"), "command": ["no-such-program"]}
    deployed = Deployed(namespace, deployment(namespace, missing))
    eventually("it was tried twice", lambda: deployed.container_status().get("restartCount", 0) >= 2)
    assert deployed.container_status()["lastState"]["terminated"]["reason"] == "StartError"


def test_crashes_are_counted_with_their_exit_code_and_told_as_a_loop(namespace: Namespace) -> None:
    deployed = Deployed(namespace, deployment(namespace, container(CRASHING, {}, probe=False)))
    eventually("it has crashed three times", lambda: deployed.container_status().get("restartCount", 0) >= 3)
    last = deployed.container_status()["lastState"]["terminated"]
    assert (last["exitCode"], last["reason"]) == (3, "Error")
    waiting = ("waiting", "CrashLoopBackOff")
    eventually(
        "it waits for its next start",
        lambda: waiting in [(k, v.get("reason")) for k, v in deployed.container_status()["state"].items()],
    )
    eventually("people are told", lambda: "BackOff" in deployed.events())


def test_a_container_that_outgrows_its_memory_limit_is_killed_and_started_again(namespace: Namespace) -> None:
    limits = {"limits": {"memory": "64Mi"}}
    deployed = Deployed(namespace, deployment(namespace, container(GREEDY, {}, probe=False, resources=limits)))
    eventually("it was started again", lambda: deployed.container_status().get("restartCount", 0) >= 1)
    last = deployed.container_status()["lastState"]["terminated"]
    assert (last["exitCode"], last["reason"]) == (137, "OOMKilled")


def test_a_pod_counts_as_available_only_when_its_program_says_so_over_http(
    namespace: Namespace, tmp_path: Path
) -> None:
    file = tmp_path / "ready"
    deployed = Deployed(namespace, deployment(namespace, web("1", READY_FILE=str(file))))
    eventually("it runs", lambda: "running" in deployed.container_status().get("state", {}))
    eventually("it was asked", lambda: "1" in deployed.answers())
    assert not deployed.container_status()["ready"]
    assert not is_complete(deployed.read())
    file.touch()
    eventually("it is available", lambda: is_complete(deployed.read()))
    file.unlink()
    eventually("it is available no longer", lambda: not is_complete(deployed.read()))


@pytest.mark.parametrize(("program", "last_words"), [(POLITE, "good bye"), (DEAF, None)], ids=["polite", "deaf"])
def test_a_pod_is_asked_to_end_and_killed_when_it_does_not_listen(
    namespace: Namespace, tmp_path: Path, program: str, last_words: str | None
) -> None:
    farewell = tmp_path / "farewell"
    one = container(program, {"FAREWELL": str(farewell)}, probe=False)
    deployed = Deployed(namespace, deployment(namespace, one, grace=1))
    eventually("it runs", lambda: farewell.exists() and farewell.read_text().isdigit())
    pid = int(farewell.read_text())
    namespace.api.merge(path_to("Deployment", namespace.name, "web"), {"spec": {"replicas": 0}})
    pods = path_to("Pod", namespace.name)
    eventually("the pod is gone", lambda: not namespace.api.get(pods)["items"])
    assert not runs(pid)
    assert farewell.read_text() == (last_words or str(pid))
    assert deployed.pods() == []


def test_a_deployment_that_is_deleted_takes_its_processes_along(namespace: Namespace) -> None:
    deployed = Deployed(namespace, deployment(namespace, web("1")))
    eventually("the rollout is complete", lambda: is_complete(deployed.read()))
    (pid,) = deployed.answers().values()
    namespace.api.delete(path_to("Deployment", namespace.name, "web"))
    eventually("its process has ended", lambda: not runs(pid))


def test_an_account_may_do_what_its_role_says_and_no_more(namespace: Namespace, tmp_path: Path) -> None:
    about = {"name": "reader", "namespace": namespace.name}
    rbac = {"apiVersion": "rbac.authorization.k8s.io/v1"}
    rule = {"apiGroups": ["apps"], "resources": ["deployments"], "verbs": ["get", "list"]}
    subject = {"kind": "ServiceAccount", "name": "reader", "namespace": namespace.name}
    role_ref = {"apiGroup": "rbac.authorization.k8s.io", "kind": "Role", "name": "reader"}
    manifests: list[Json] = [
        {**rbac, "kind": "Role", "metadata": about, "rules": [rule]},
        {**rbac, "kind": "RoleBinding", "metadata": about, "roleRef": role_ref, "subjects": [subject]},
    ]
    file = tmp_path / "reader.kubeconfig"
    namespace.cluster.grant(manifests, ["reader"], namespace.name, file)
    assert file.stat().st_mode & 0o077 == 0
    token = SecretStr(yaml.safe_load(file.read_text())["users"][0]["user"]["token"])
    with KubeApi(namespace.cluster.url, namespace.cluster.authority, token) as reader:
        assert reader.get(path_to("Deployment", namespace.name))["items"] == []
        for forbidden in (path_to("Secret", namespace.name), path_to("Deployment", "default")):
            with pytest.raises(ApiError) as refused:
                reader.get(forbidden)
            assert refused.value.status == 403


def test_a_wrong_token_is_refused(cluster: KubernetesServer) -> None:
    with (
        KubeApi(cluster.url, cluster.authority, SecretStr("guessed")) as stranger,
        pytest.raises(ApiError, match="Unauthorized") as refused,
    ):
        stranger.get(path_to("Namespace"))
    assert refused.value.status == 401


def test_nothing_survives_the_end_of_a_cluster_and_its_objects_are_there_at_the_next_start(tmp_path: Path) -> None:
    server = KubernetesServer(tmp_path / "kubernetes")
    with server, Kubelet(server.api, tmp_path / "pods"):
        server.api.create(path_to("Namespace"), {"metadata": {"name": "kept"}})
        space = Namespace("kept", server)
        deployed = Deployed(space, deployment(space, container(DEAF, {"FAREWELL": str(tmp_path / "pid")}, probe=False)))
        eventually("the rollout is complete", lambda: is_complete(deployed.read()))
        eventually("it runs", lambda: (tmp_path / "pid").exists() and (tmp_path / "pid").read_text().isdigit())
        pid = int((tmp_path / "pid").read_text())
        ours = [
            one.pid for one in psutil.Process().children(recursive=True) if str(tmp_path) in " ".join(one.cmdline())
        ]
        assert len(ours) == 3
    assert not any(map(runs, [pid, *ours]))
    with server:
        assert server.api.find(path_to("Deployment", "kept", "web")) is not None
        with Kubelet(server.api, tmp_path / "pods"):
            eventually("its pod runs again", lambda: (tmp_path / "pid").read_text() not in {"", str(pid)})


def test_a_pod_whose_process_was_killed_from_outside_is_started_again(namespace: Namespace) -> None:
    deployed = Deployed(namespace, deployment(namespace, web("1")))
    eventually("the rollout is complete", lambda: is_complete(deployed.read()))
    (pid,) = deployed.answers().values()
    psutil.Process(pid).send_signal(signal.SIGKILL)
    eventually("another process answers", lambda: deployed.answers().get("1", pid) != pid)
    assert deployed.container_status()["restartCount"] == 1
