"""The pods of one service as they are now, for those who send them requests or scrape them."""

import threading
from collections.abc import Callable, Mapping, Sequence

from rig.kubelet.addresses import is_ready
from rig.servers.kube_api import Json, KubeApi, path_to
from rig.servers.kube_watch import Change, Watch


class Pods:
    """A copy of the pods in `namespace` that carry `labels`, kept up to date while it is started."""

    def __init__(self, api: KubeApi, namespace: str, labels: Mapping[str, str]) -> None:
        selector = ",".join(f"{name}={value}" for name, value in labels.items())
        self._watch = Watch(api, path_to("Pod", namespace), self._take, labelSelector=selector)
        self._pods: dict[str, Json] = {}
        self._lock = threading.Lock()
        self._told: list[Callable[[], None]] = []

    def on_change(self, tell: Callable[[], None]) -> None:
        """Call this, in the watch's thread, after each change; to be said before `start`."""
        self._told.append(tell)

    def start(self) -> None:
        """Begin to follow; returns at once."""
        self._watch.start()

    def stop(self) -> None:
        """Follow no longer; what was known last stays."""
        self._watch.stop()

    @property
    def all(self) -> Sequence[Json]:
        """Every pod, the oldest first."""
        with self._lock:
            return sorted(self._pods.values(), key=lambda pod: pod["metadata"]["creationTimestamp"])

    @property
    def ready(self) -> Sequence[Json]:
        """Those that take requests."""
        return [pod for pod in self.all if is_ready(pod)]

    def _take(self, change: Change, pod: Json) -> None:
        uid = pod["metadata"]["uid"]
        with self._lock:
            if change == "gone":
                self._pods.pop(uid, None)
            else:
                self._pods[uid] = pod
        for tell in self._told:
            tell()
