"""What Prometheus scrapes of a service's pods: a file of targets that follows the pods as they come and go."""

import json
from pathlib import Path

from rig.kubelet.addresses import address, is_ending
from rig.kubelet.pods import Pods
from rig.servers.kube_api import Json


class ScrapeTargets:
    """Keeps `file` current; a pod that ends or vanishes is no target any more, and its series end there."""

    def __init__(self, pods: Pods, service: str, port_name: str, file: Path) -> None:
        """Every series gets the label `service`, and the pod's name as its `instance`. To be made before the pods
        are followed."""
        self._pods = pods
        self._service = service
        self._port_name = port_name
        self.file = file.absolute()
        self.file.parent.mkdir(parents=True, exist_ok=True)
        self._write()
        pods.on_change(self._write)

    def _write(self) -> None:
        """In one move, so that Prometheus never reads half a file."""
        targets = [target for pod in self._pods.all if (target := self._target(pod))]
        unfinished = self.file.with_suffix(".new")
        unfinished.write_text(json.dumps(targets))
        unfinished.replace(self.file)

    def _target(self, pod: Json) -> Json | None:
        where = address(pod, self._port_name)
        if where is None or is_ending(pod) or pod["status"].get("phase") != "Running":
            return None
        return {"targets": [where], "labels": {"service": self._service, "instance": pod["metadata"]["name"]}}
