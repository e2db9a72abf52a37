"""The shop with its orders service on Kubernetes: a Deployment of several pods behind a Service."""

from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path

from rig.kubelet.pods import Pods
from rig.kubelet.scrape_targets import ScrapeTargets
from rig.kubelet.service_proxy import ServiceProxy
from rig.servers.kube_api import Json, path_to
from rig.servers.kube_rollout import is_complete, revision
from rig.servers.kubernetes import KubernetesServer
from rig.servers.process import answers_http
from rig.servers.prometheus import ScrapeJob
from rig.servers.waiting import wait_until
from rig.shop import manifests
from rig.shop.database import CONNECTION_LIMIT
from rig.shop.monitoring import job_name
from rig.shop.releases import STABLE
from rig.shop.routes import ORDERS
from rig.shop.shop import Shop

_ROLLOUT_SECONDS = 90.0


class ClusterShop(Shop):
    """Gateway and catalogue as processes of their own; orders as `deployment/shop/orders` on `cluster`.

    The cluster needs a kubelet. The gateway reaches orders through a service proxy at an address that stays.
    """

    def __init__(
        self,
        folder: Path,
        admin_conninfo: str,
        cluster: KubernetesServer,
        *,
        replicas: int = 2,
        elasticsearch_url: str | None = None,
        otlp_url: str | None = None,
        connection_limit: int = CONNECTION_LIMIT,
    ) -> None:
        super().__init__(
            folder,
            admin_conninfo,
            elasticsearch_url=elasticsearch_url,
            otlp_url=otlp_url,
            connection_limit=connection_limit,
        )
        self.cluster = cluster
        self._replicas = replicas
        self._targets_file = folder.absolute() / "targets" / f"{ORDERS}.json"
        self._network = ExitStack()

    @property
    def deployment_path(self) -> str:
        """The Deployment's address in the API."""
        return path_to("Deployment", manifests.NAMESPACE, ORDERS)

    @property
    def scrape_jobs(self) -> tuple[ScrapeJob, ...]:
        """The pods of orders by a file that follows them, the others as ever."""
        others = [job for job in super().scrape_jobs if job.name != job_name(ORDERS)]
        return (*others, ScrapeJob(job_name(ORDERS), file=self._targets_file))

    def start(self) -> None:
        """As the shop's; returns when the Deployment is complete and all services answer."""
        self.set_up_database()
        self._deploy()
        self._connect()
        self.start_services({name: own for name, own in self.settings().items() if name != ORDERS})
        wait_until("orders answers", answers_http(f"{self.url(ORDERS)}/health"), _ROLLOUT_SECONDS)

    def _deploy(self) -> None:
        settings = dict(self.settings()[ORDERS])
        conninfo = settings.pop("SHOP_DATABASE")
        logs = self._folder.absolute()
        for manifest in (
            manifests.namespace(),
            manifests.database_secret(conninfo),
            manifests.service(),
            manifests.deployment(STABLE, self._replicas, {**self.shipping, **settings}, logs),
        ):
            self.cluster.api.apply(manifest)
        self.wait_for_rollout()

    def _connect(self) -> None:
        pods = Pods(self.cluster.api, manifests.NAMESPACE, manifests.LABELS)
        ScrapeTargets(pods, ORDERS, manifests.PORT_NAME, self._targets_file)
        pods.start()
        self._network.callback(pods.stop)
        self._network.enter_context(ServiceProxy(pods, manifests.PORT_NAME, self.port(ORDERS)))

    def deployment(self) -> Json:
        """The Deployment as it is now."""
        return self.cluster.api.get(self.deployment_path)

    def replica_sets(self) -> Sequence[Json]:
        """The Deployment's ReplicaSets, oldest revision first."""
        found = self.cluster.api.get(path_to("ReplicaSet", manifests.NAMESPACE), labelSelector=f"app={ORDERS}")
        return sorted(found["items"], key=lambda one: int(revision(one)))

    def release(self, release: str) -> None:
        """Roll a release out, as a deploy pipeline would; returns when the rollout is complete."""
        self.cluster.api.strategic(self.deployment_path, manifests.release_patch(release))
        self.wait_for_rollout()

    def wait_for_rollout(self) -> None:
        """TimeoutError when the rollout is not complete in 90 s."""
        wait_until("the rollout of orders is complete", lambda: is_complete(self.deployment()), _ROLLOUT_SECONDS)

    def log_files(self) -> Sequence[Path]:
        """The JSON logs of all pods of orders that there were."""
        return sorted(self._folder.glob(f"{ORDERS}-*.json"))

    def stop(self) -> None:
        """Stop the services and the proxy; the Deployment stays, and so do its pods while the kubelet runs."""
        super().stop()
        self._network.close()
