"""Where a pod listens: the kubelet writes it on the pod, the service proxy and Prometheus' targets read it."""

from collections.abc import Mapping

from rig.servers.kube_api import Json
from rig.servers.ports import LOOPBACK

_PREFIX = "rig.invalid/port-"


def port_name(port: Json) -> str:
    """By what the rig calls a container port: its name, else its number."""
    return port.get("name") or str(port["containerPort"])


def annotations(ports: Mapping[str, int]) -> dict[str, str]:
    """What the kubelet writes for ports by name."""
    return {f"{_PREFIX}{name}": str(port) for name, port in ports.items()}


def address(pod: Json, port_name: str) -> str | None:
    """`host:port` of a pod's named port; None where it has none, or none yet."""
    port = pod["metadata"].get("annotations", {}).get(f"{_PREFIX}{port_name}")
    return f"{LOOPBACK}:{port}" if port else None


def is_ending(pod: Json) -> bool:
    """Whether somebody has asked for the pod's end."""
    return "deletionTimestamp" in pod["metadata"]


def is_ready(pod: Json) -> bool:
    """Whether the pod takes requests."""
    conditions = pod.get("status", {}).get("conditions", [])
    ready = any(one["type"] == "Ready" and one["status"] == "True" for one in conditions)
    return ready and not is_ending(pod)
