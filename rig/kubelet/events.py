"""Events: what the kubelet tells the cluster's people about a pod."""

from datetime import UTC, datetime

import httpx

from rig.kubelet.status import stamp
from rig.servers.kube_api import ApiError, Json, KubeApi, path_to

_WARNINGS = frozenset({"BackOff", "FailedSync", "Unhealthy"})


def tell(api: KubeApi, pod: Json, reason: str, message: str) -> None:
    """Write one event about the pod. Like every kubelet's, it is best effort: no pod depends on it."""
    about, now = pod["metadata"], stamp(datetime.now(UTC))
    event = {
        "apiVersion": "v1",
        "kind": "Event",
        "metadata": {"generateName": f"{about['name']}.", "namespace": about["namespace"]},
        "involvedObject": {
            "apiVersion": "v1",
            "kind": "Pod",
            "name": about["name"],
            "namespace": about["namespace"],
            "uid": about["uid"],
        },
        "reason": reason,
        "message": message,
        "type": "Warning" if reason in _WARNINGS else "Normal",
        "source": {"component": "kubelet", "host": pod["spec"]["nodeName"]},
        "firstTimestamp": now,
        "lastTimestamp": now,
        "count": 1,
    }
    try:
        api.create(path_to("Event", about["namespace"]), event)
    except (ApiError, httpx.TransportError):  # the namespace is being deleted, or the server is away
        return
