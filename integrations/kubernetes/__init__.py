"""Kubernetes: what changed in the deployments under care, and the few things that may be changed there."""

from integrations.kubernetes.changes import KubernetesChanges
from integrations.kubernetes.connection import Cluster, Identity
from integrations.kubernetes.put_back import PutBack
from integrations.kubernetes.restart import Restart
from integrations.kubernetes.rollout import Patience, never
from integrations.kubernetes.standing import KubernetesTargets

__all__ = [
    "Cluster", "Identity", "KubernetesChanges", "KubernetesTargets", "Patience", "PutBack", "Restart", "never",
]  # fmt: skip
