"""The demo's Kubernetes: a control plane, one node, and the accounts by which the product may look and act there."""

from pathlib import Path

import yaml

from rig.kubelet.kubelet import Kubelet
from rig.servers.kube_api import Json
from rig.servers.kubernetes import KubernetesServer
from rig.servers.server import Server

RIGHTS = Path(__file__).parents[2] / "deploy" / "kubernetes" / "rbac.yaml"
"""The same manifest that users apply."""
NAMESPACE = "nightshift"
WATCH, REMEDY = "nightshift-watch", "nightshift-remedy"
"""The accounts in it, and so the contexts: one to look, one to act."""


class Cluster(Server):
    """Kubernetes whose pods are processes of this machine."""

    def __init__(self, folder: Path) -> None:
        self.kubernetes = KubernetesServer(folder / "kubernetes")
        self._kubeconfig = folder / "nightshift.kubeconfig"
        self._pods = folder / "pods"
        self._kubelet: Kubelet | None = None

    def start(self) -> None:
        """Start it; returns when it takes pods."""
        self.kubernetes.start()
        self._kubelet = Kubelet(self.kubernetes.api, self._pods)
        self._kubelet.start()

    def stop(self) -> None:
        """End the pods, then the control plane."""
        if self._kubelet is not None:
            self._kubelet.stop()
            self._kubelet = None
        self.kubernetes.stop()

    def give_accounts(self) -> None:
        """Make the product's accounts, with the rights of the shipped manifest and no others."""
        manifests: list[Json] = list(yaml.safe_load_all(RIGHTS.read_text(encoding="utf-8")))
        self.kubernetes.grant(manifests, [WATCH, REMEDY], NAMESPACE, self._kubeconfig)

    @property
    def settings(self) -> dict[str, str]:
        """By which settings the product finds it."""
        return {
            "KUBECONFIG": str(self._kubeconfig),
            "KUBERNETES_CONTEXT": WATCH,
            "KUBERNETES_REMEDY_CONTEXT": REMEDY,
        }
