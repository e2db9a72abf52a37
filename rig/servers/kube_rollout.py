"""What a Deployment says about its rollouts."""

from rig.servers.kube_api import Json


def revision(owned: Json) -> str:
    """The revision of a Deployment or ReplicaSet, which counts up with every rollout, undone ones included."""
    return owned["metadata"]["annotations"]["deployment.kubernetes.io/revision"]


def is_complete(deployment: Json) -> bool:
    """What `kubectl rollout status` waits for: all replicas of the newest template, all available, no others left."""
    status, wanted = deployment.get("status", {}), deployment["spec"]["replicas"]
    counts = [status.get(name, 0) for name in ("replicas", "updatedReplicas", "availableReplicas")]
    seen = status.get("observedGeneration", 0) >= deployment["metadata"]["generation"]
    return seen and counts == [wanted] * len(counts)
