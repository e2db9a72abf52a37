"""Kubernetes, to look at and to act on, by the settings."""

from config.settings import Settings
from integrations.kubernetes import Cluster, Identity, KubernetesChanges
from integrations.kubernetes.connection import SERVICE_ACCOUNT
from integrations.ports import ChangeSource


def cluster(settings: Settings, *, remedy: bool = False) -> Cluster | None:
    """Kubernetes' API: by a kubeconfig, else as the pod that we run in; None where neither is.

    `remedy`: as whom it is acted on, where that is somebody else than who looks.
    """
    context = settings.kubernetes_context
    if remedy and settings.kubernetes_remedy_context is not None:
        context = settings.kubernetes_remedy_context
    if settings.kubeconfig is not None or context is not None:
        return Cluster(Identity(kubeconfig=settings.kubeconfig, context=context))
    if (SERVICE_ACCOUNT / "token").exists():
        return Cluster(Identity(in_cluster=True))
    return None


def changes(settings: Settings) -> ChangeSource | None:
    """Kubernetes as a source of changes, None without a cluster."""
    found = cluster(settings)
    return KubernetesChanges(found) if found is not None else None
