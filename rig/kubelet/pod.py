"""One pod: a thread that looks after its containers and tells the API server how they are."""

import threading
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import httpx

from rig.kubelet.addresses import annotations, port_name
from rig.kubelet.container import Backoff, Container
from rig.kubelet.environment import ConfigError, environment
from rig.kubelet.events import tell
from rig.kubelet.readiness import Probe
from rig.kubelet.status import PodStatus
from rig.servers.kube_api import ApiError, Json, KubeApi, path_to
from rig.servers.ports import free_port

_TICK_S = 0.1


@dataclass(frozen=True)
class _End:
    """How the pod is to end: seconds between SIGTERM and SIGKILL, and whether the API server is told."""

    grace: float
    tell: bool


class PodRunner:
    """Runs one pod from its binding to its end."""

    def __init__(self, api: KubeApi, pod: Json, folder: Path, backoff: Backoff) -> None:
        """Logs go to `folder`, one file per container."""
        self._api = api
        self._pod = pod
        about = pod["metadata"]
        self._path = path_to("Pod", about["namespace"], about["name"])
        declared = [port for container in pod["spec"]["containers"] for port in container.get("ports", [])]
        self._ports = {port_name(port): free_port() for port in declared}
        self._status = PodStatus(datetime.now(UTC))
        self._reported: Json = {}
        self._containers = [self._container(spec, folder, backoff) for spec in pod["spec"]["containers"]]
        self._end: _End | None = None
        self._ending = threading.Event()
        self._thread = threading.Thread(target=self._run, name=f"pod {about['name']}", daemon=True)

    def _container(self, spec: Json, folder: Path, backoff: Backoff) -> Container:
        about = self._pod["metadata"]
        log = folder / f"{about['namespace']}_{about['name']}_{spec['name']}.log"
        probe = Probe.of(spec, self._ports)
        return Container(spec, log, self._environment_of(spec), probe, backoff, self._say)

    def _environment_of(self, spec: Json) -> Callable[[], dict[str, str]]:
        def read(kind: str, name: str) -> Json | None:
            try:
                return self._api.find(path_to(kind, self._pod["metadata"]["namespace"], name))
            except (ApiError, httpx.TransportError) as error:
                raise ConfigError(f"{kind.lower()} {name!r} cannot be read: {error}") from error

        return lambda: environment(spec, self._pod, self._ports, read)

    def _say(self, reason: str, message: str) -> None:
        tell(self._api, self._pod, reason, message)

    def start(self) -> None:
        """Begin; returns at once."""
        self._thread.start()

    def end(self, grace: float, *, tell_server: bool) -> None:
        """Ask for the end; the first word counts. Returns at once."""
        if self._end is None:
            self._end = _End(grace, tell_server)
            self._ending.set()

    def join(self) -> None:
        """Wait until no process of the pod is left."""
        self._thread.join()

    def _run(self) -> None:
        try:
            self._tell(lambda: self._api.merge(self._path, {"metadata": {"annotations": annotations(self._ports)}}))
            while not self._ending.wait(_TICK_S):
                for container in self._containers:
                    container.tick()
                self._report()
        finally:
            end = self._end or _End(0, tell=False)
            for container in self._containers:
                container.stop(end.grace)
        if end.tell:
            self._report()
            self._remove()

    def _report(self) -> None:
        """Tell what has changed since the last report that arrived."""
        status = self._status.as_json([container.report() for container in self._containers], datetime.now(UTC))
        if status != self._reported and self._tell(lambda: self._api.merge(f"{self._path}/status", {"status": status})):
            self._reported = status

    def _remove(self) -> None:
        only_this = {"uid": self._pod["metadata"]["uid"]}
        options = {"gracePeriodSeconds": 0, "preconditions": only_this}
        self._tell(lambda: self._api.delete(self._path, options))

    def _tell(self, call: Callable[[], object]) -> bool:
        """Whether the server was told; a pod lives on without it, and one that it has removed will hear so."""
        try:
            call()
        except (ApiError, httpx.TransportError):
            return False
        return True
