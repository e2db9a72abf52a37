"""Kubernetes' control plane: etcd, API server and controllers, with TLS, tokens and RBAC. Pods need a kubelet."""

import secrets
import signal
from collections.abc import Iterable, Sequence
from contextlib import ExitStack
from pathlib import Path

from pydantic import SecretStr

from rig.obtain import kubernetes
from rig.servers.kube_api import ApiError, Json, KubeApi, path_to
from rig.servers.kubeconfig import write_kubeconfig
from rig.servers.ports import LOOPBACK, free_port
from rig.servers.process import Command, ManagedProcess
from rig.servers.server import Server

READY_WITHIN = 60.0
TOKEN_SECONDS = 24 * 3600
_ADMINISTRATOR = "admin"
# Those that rollouts, and what protects them, need. Others would watch what is not here: clouds, volumes, the
# heartbeats of nodes. Endpoints are left out because the pods of the rig have loopback addresses, which Kubernetes
# refuses as endpoints: the rig's service proxy asks for pods instead.
_CONTROLLERS = (
    "deployment-controller",
    "replicaset-controller",
    "garbage-collector-controller",
    "namespace-controller",
    "serviceaccount-controller",
    "disruption-controller",
    "resourcequota-controller",
    "clusterrole-aggregation-controller",
)


class KubernetesServer(Server):
    """The API server at `url`; `api` is the administrator's view, `admin_kubeconfig` the same for other programs."""

    def __init__(self, folder: Path) -> None:
        """Data, certificates and logs lie in `folder` and survive."""
        self._folder = folder.absolute()
        self._etcd_url = f"http://{LOOPBACK}:{free_port()}"
        self._port = free_port()
        self.url = f"https://{LOOPBACK}:{self._port}"
        self.admin_kubeconfig = self._folder / "admin.kubeconfig"
        self._token = SecretStr(secrets.token_urlsafe(24))
        self._api: KubeApi | None = None
        self._running = ExitStack()

    @property
    def api(self) -> KubeApi:
        """All of the cluster, as its administrator; RuntimeError before `start`."""
        if self._api is None:
            raise RuntimeError("the cluster's certificates are made by start()")
        return self._api

    def start(self) -> None:
        """Start the three; returns when the controllers have made their first object."""
        program = str(kubernetes.obtain())
        self._folder.mkdir(parents=True, exist_ok=True)
        try:
            self._run("etcd", [program, "etcd", *self._etcd_flags()])
            server = self._run("kube-apiserver", [program, "kube-apiserver", *self._api_flags()])
            server.wait_ready(self._api_is_ready, READY_WITHIN)
            write_kubeconfig(self.admin_kubeconfig, self.url, self.authority, {_ADMINISTRATOR: self._token})
            controllers = self._run("kube-controller-manager", [program, "kube-controller-manager", *self._cm_flags()])
            controllers.wait_ready(self._controllers_work, READY_WITHIN)
        except BaseException:
            self.stop()
            raise

    def _run(self, name: str, argv: Sequence[str]) -> ManagedProcess:
        # SIGKILL: all state is etcd's, which has handed it to the operating system before it answers.
        command = Command(name, argv, self._folder / f"{name}.log", cwd=self._folder, stop_signal=signal.SIGKILL)
        process = ManagedProcess(command)
        self._running.callback(process.stop)
        process.start()
        return process

    def _etcd_flags(self) -> list[str]:
        peers = f"http://{LOOPBACK}:{free_port()}"
        return [
            f"--data-dir={self._folder / 'etcd'}",
            f"--listen-client-urls={self._etcd_url}",
            f"--advertise-client-urls={self._etcd_url}",
            f"--listen-peer-urls={peers}",
            f"--initial-advertise-peer-urls={peers}",
            f"--initial-cluster=default={peers}",
            "--unsafe-no-fsync",  # nothing here has to survive a power cut
            "--log-level=warn",
        ]

    def _api_flags(self) -> list[str]:
        return [
            f"--etcd-servers={self._etcd_url}",
            f"--bind-address={LOOPBACK}",
            f"--secure-port={self._port}",
            "--advertise-address=192.0.2.1",  # must be no loopback address; nothing here ever uses it
            "--endpoint-reconciler-type=none",
            f"--cert-dir={self._certificates}",  # the server makes its own authority and certificate there
            f"--token-auth-file={self._write_tokens()}",
            "--authorization-mode=RBAC",
            "--service-cluster-ip-range=10.0.0.0/24",
            "--service-account-issuer=https://kubernetes.default.svc",
            # One key for both: the one that the server has just made for itself.
            f"--service-account-key-file={self._key}",
            f"--service-account-signing-key-file={self._key}",
            # It would hold every pod back until its namespace has an account, and give it a token for nothing.
            "--disable-admission-plugins=ServiceAccount",
            "--enable-priority-and-fairness=false",
        ]

    def _cm_flags(self) -> list[str]:
        return [
            f"--kubeconfig={self.admin_kubeconfig}",
            f"--controllers={','.join(_CONTROLLERS)}",
            f"--service-account-private-key-file={self._key}",
            "--leader-elect=false",
            "--secure-port=0",
        ]

    def _write_tokens(self) -> Path:
        file = self._folder / "tokens.csv"
        file.touch(mode=0o600)
        file.write_text(f'{self._token.get_secret_value()},{_ADMINISTRATOR},{_ADMINISTRATOR},"system:masters"\n')
        return file

    def _api_is_ready(self) -> bool:
        if not self.authority.exists():
            return False
        self._api = self._api or KubeApi(self.url, self.authority, self._token)
        try:
            return self._api.is_ready()
        except ApiError:  # it answers before it knows its own accounts and roles
            return False

    def _controllers_work(self) -> bool:
        return self.api.find(path_to("ServiceAccount", "default", "default")) is not None

    def grant(self, manifests: Iterable[Json], accounts: Sequence[str], namespace: str, kubeconfig: Path) -> None:
        """Apply RBAC manifests in `namespace`, as kubectl would, and write a kubeconfig of these accounts in it.

        Accounts that the manifests do not make are made; tokens are valid for a day. ApiError where one is refused.
        """
        self.api.apply({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": namespace}})
        for manifest in manifests:
            self.api.apply(manifest, namespace)
        tokens = {account: self._token_of(account, namespace) for account in accounts}
        write_kubeconfig(kubeconfig, self.url, self.authority, tokens)

    def _token_of(self, account: str, namespace: str) -> SecretStr:
        about = {"name": account, "namespace": namespace}
        self.api.apply({"apiVersion": "v1", "kind": "ServiceAccount", "metadata": about})
        wish = {"apiVersion": "authentication.k8s.io/v1", "kind": "TokenRequest"}
        path = f"{path_to('ServiceAccount', namespace, account)}/token"
        answer = self.api.create(path, {**wish, "spec": {"expirationSeconds": TOKEN_SECONDS}})
        return SecretStr(answer["status"]["token"])

    @property
    def _certificates(self) -> Path:
        return self._folder / "certificates"

    @property
    def authority(self) -> Path:
        """The certificates that clients check the server against (PEM)."""
        return self._certificates / "apiserver.crt"

    @property
    def _key(self) -> Path:
        return self._certificates / "apiserver.key"

    def stop(self) -> None:
        """Stop all three, the controllers first; the objects stay in the folder."""
        self._running.close()
        if self._api is not None:
            self._api.close()
            self._api = None
