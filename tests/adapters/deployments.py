"""Deployments of small programs, for tests of the rig's Kubernetes."""

import sys
from collections.abc import Callable, Mapping, Sequence

import httpx
import psutil

from rig.kubelet.addresses import address, is_ending
from rig.servers.kube_api import Json, path_to
from rig.servers.plain import PLAIN
from rig.servers.waiting import wait_until
from tests.fixtures.cluster import Namespace

PATIENCE_SECONDS = 90.0
NAME = "web"
LABELS = {"app": NAME}

WEB = """
import http.server, os, pathlib
class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        ready = pathlib.Path(os.environ.get("READY_FILE", "/")).exists()
        body = os.environ["VERSION"].encode() + b" " + str(os.getpid()).encode()
        self.send_response(200 if ready else 503)
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
    def log_message(self, *arguments):
        print("asked", flush=True)
http.server.HTTPServer(("127.0.0.1", int(os.environ["PORT_HTTP"])), Handler).serve_forever()
"""
"""Answers its version and its process id, with 503 as long as the file READY_FILE is not there."""


def container(program: str, env: Mapping[str, str], *, probe: bool = True, **fields: object) -> Json:
    """A container that runs a Python program."""
    probing = {"readinessProbe": {"httpGet": {"path": "/", "port": "http"}, "periodSeconds": 1}} if probe else {}
    return {
        "name": NAME,
        "image": f"{NAME}:1",
        "command": [sys.executable, "-c", program],
        "ports": [{"name": "http", "containerPort": 80}],
        "env": [{"name": name, "value": value} for name, value in env.items()],
        **probing,
        **fields,
    }


def deployment(namespace: Namespace, one: Json, *, replicas: int = 1, deadline: int = 60, grace: int = 2) -> Json:
    """A Deployment of this container; `deadline` is its progressDeadlineSeconds."""
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": NAME, "namespace": namespace.name},
        "spec": {
            "replicas": replicas,
            "progressDeadlineSeconds": deadline,
            "selector": {"matchLabels": LABELS},
            "strategy": {"rollingUpdate": {"maxSurge": 1, "maxUnavailable": 0}},
            "template": {
                "metadata": {"labels": LABELS},
                "spec": {"terminationGracePeriodSeconds": grace, "containers": [one]},
            },
        },
    }


class Deployed:
    """One Deployment that is there."""

    def __init__(self, namespace: Namespace, manifest: Json) -> None:
        self._namespace = namespace
        self._path = path_to("Deployment", namespace.name, NAME)
        namespace.api.apply(manifest)

    def read(self) -> Json:
        return self._namespace.api.get(self._path)

    def change(self, manifest: Json) -> None:
        self._namespace.api.apply(manifest)

    def put_back(self, template: Json) -> None:
        """What `kubectl rollout undo` does: the old template again, in one piece."""
        current = self.read()
        current["spec"]["template"] = template
        self._namespace.api.replace(self._path, current)

    def pods(self) -> Sequence[Json]:
        """Those that nobody has asked to end."""
        found = self._namespace.api.get(path_to("Pod", self._namespace.name))["items"]
        return [pod for pod in found if not is_ending(pod)]

    def container_status(self) -> Json:
        """Of the only pod; empty as long as there is none."""
        statuses = [one for pod in self.pods() for one in pod["status"].get("containerStatuses", [])]
        return statuses[0] if statuses else {}

    def events(self) -> set[str]:
        """The reasons of all events."""
        return {event["reason"] for event in self._namespace.api.get(path_to("Event", self._namespace.name))["items"]}

    def progress(self) -> tuple[str, str]:
        """Status and reason of the condition Progressing."""
        conditions = self.read().get("status", {}).get("conditions", [])
        found = [(one["status"], one["reason"]) for one in conditions if one["type"] == "Progressing"]
        return found[0] if found else ("", "")

    def answers(self) -> dict[str, int]:
        """From each pod's version to a process id; pods that refuse are left out."""
        found: dict[str, int] = {}
        for pod in self.pods():
            if (where := address(pod, "http")) and (said := ask(f"http://{where}")):
                found[said[0]] = said[1]
        return found


def ask(url: str) -> tuple[str, int] | None:
    """Version and process id, None where nobody answers."""
    try:
        version, pid = httpx.get(url, timeout=5, trust_env=False, verify=PLAIN).text.split()
    except httpx.TransportError:
        return None
    return version, int(pid)


def eventually(what: str, holds: Callable[[], bool]) -> None:
    """Wait for something that the cluster brings about."""
    wait_until(what, holds, PATIENCE_SECONDS)


def runs(pid: int) -> bool:
    """Whether the process is alive."""
    try:
        return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False
