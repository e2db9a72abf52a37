"""The demo's Kubernetes: a control plane, one node, and the account by which the product may look and act there."""

from pathlib import Path

import yaml

from rig.kubelet.kubelet import Kubelet
from rig.servers.kube_api import Json
from rig.servers.kubeconfig import CONTEXT
from rig.servers.kubernetes import KubernetesServer
from rig.servers.server import Server

RIGHTS = Path(__file__).parents[2] / "deploy" / "kubernetes" / "rbac.yaml"
"""The same manifest that users apply."""


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

    def give_account(self) -> None:
        """Make the product's account, with the rights of the shipped manifest and no others."""
        manifests: list[Json] = [one for one in yaml.safe_load_all(RIGHTS.read_text()) if one]
        account = next(one["metadata"] for one in manifests if one["kind"] == "ServiceAccount")
        self.kubernetes.grant(manifests, account["name"], account["namespace"], self._kubeconfig)

    @property
    def settings(self) -> dict[str, str]:
        """By which settings the product finds it."""
        return {"KUBECONFIG": str(self._kubeconfig), "KUBERNETES_CONTEXT": CONTEXT}
