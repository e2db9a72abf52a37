"""The kubelet: takes every pod of the cluster for its one node and has a thread look after each."""

from pathlib import Path

from rig.kubelet.addresses import is_ending
from rig.kubelet.container import Backoff
from rig.kubelet.events import tell
from rig.kubelet.pod import PodRunner
from rig.servers.kube_api import ApiError, Json, KubeApi, path_to
from rig.servers.kube_watch import Change, Watch
from rig.servers.server import Server

_STOP_SECONDS = 2.0
_CAPACITY = {"cpu": "64", "memory": "64Gi", "pods": "200"}
_GONE_OR_TAKEN = (404, 409)


class Kubelet(Server):
    """One node named `node`; the pods' logs lie in `folder`. No process of a pod outlives `stop`."""

    def __init__(self, api: KubeApi, folder: Path, *, node: str = "rig", backoff: Backoff | None = None) -> None:
        self._api = api
        self._folder = folder.absolute()
        self._node = node
        self._backoff = backoff or Backoff()
        self._pods: dict[str, PodRunner] = {}
        self._watch = Watch(api, path_to("Pod"), self._take)

    def start(self) -> None:
        """Register the node and take pods from now on."""
        self._folder.mkdir(parents=True, exist_ok=True)
        labels = {"kubernetes.io/hostname": self._node, "kubernetes.io/os": "linux"}
        self._api.apply({"apiVersion": "v1", "kind": "Node", "metadata": {"name": self._node, "labels": labels}})
        ready = {"type": "Ready", "status": "True", "reason": "KubeletReady", "message": "the rig's kubelet runs"}
        status = {"capacity": _CAPACITY, "allocatable": _CAPACITY, "conditions": [ready]}
        self._api.merge(f"{path_to('Node', name=self._node)}/status", {"status": status})
        self._watch.start()

    def stop(self) -> None:
        """End all pods' processes; the pods stay as they are in the API, as when a node is switched off."""
        self._watch.stop()
        for pod in self._pods.values():
            pod.end(_STOP_SECONDS, tell_server=False)
        for pod in self._pods.values():
            pod.join()
        self._pods.clear()

    def _take(self, change: Change, pod: Json) -> None:
        """What the watch hands on. There is no scheduler: with one node there is nothing to choose."""
        uid = pod["metadata"]["uid"]
        node = pod["spec"].get("nodeName")
        if change == "gone":
            if runner := self._pods.get(uid):  # kept, so that `stop` can wait for it
                runner.end(0, tell_server=False)
        elif node is None:
            self._bind(pod)
        elif node == self._node:
            self._look_after(uid, pod)

    def _bind(self, pod: Json) -> None:
        about = pod["metadata"]
        target = {"apiVersion": "v1", "kind": "Node", "name": self._node}
        binding = {"apiVersion": "v1", "kind": "Binding", "metadata": {"name": about["name"]}, "target": target}
        try:
            self._api.create(f"{path_to('Pod', about['namespace'], about['name'])}/binding", binding)
        except ApiError as error:
            if error.status not in _GONE_OR_TAKEN:
                raise

    def _look_after(self, uid: str, pod: Json) -> None:
        runner = self._pods.get(uid) or self._begin(uid, pod)
        if runner is not None and is_ending(pod):
            runner.end(pod["metadata"].get("deletionGracePeriodSeconds", 0), tell_server=True)

    def _begin(self, uid: str, pod: Json) -> PodRunner | None:
        """None for a pod that asks for what this kubelet does not do: it stays pending, and an event says why."""
        try:
            runner = self._pods[uid] = PodRunner(self._api, pod, self._folder, self._backoff)
        except (KeyError, ValueError) as error:
            tell(self._api, pod, "FailedSync", f"this kubelet cannot run it: {error!r}")
            return None
        runner.start()
        return runner
