"""A deployment under care on a real cluster: what services.yaml says of it, and plans about it."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from domain.catalogue import entry_of
from domain.finding import Category
from domain.plan import Action, Plan
from domain.services import Deployment, Expression, Service, ServiceMap
from integrations.kubernetes import Cluster, Identity
from integrations.kubernetes.reading import look
from rig.servers.kube_api import Json, path_to
from tests.adapters.deployments import NAME, WEB, Deployed, container, deployment
from tests.fixtures.cluster import Namespace

INCIDENT = "INC-20260131-7F3K2A"
ERRORS = Expression(name="errors", kind="errors", query="e", unit="share", floor=0.005)


class UnderCare:
    """The deployment `web` of one test's namespace, as Nightshift sees it by the administrator's kubeconfig."""

    def __init__(self, namespace: Namespace, *, replicas: int = 2) -> None:
        self.namespace = namespace
        self.api = namespace.api
        self.replicas = replicas
        self.deployment = Deployment(namespace=namespace.name, name=NAME)
        self.services = ServiceMap(
            services=(Service(name="web", deployment=self.deployment),), expressions=(ERRORS,)
        )  # fmt: skip
        self.cluster = cluster_of(namespace.cluster.admin_kubeconfig)
        self.deployed = Deployed(namespace, self.manifest("1"))

    def manifest(self, version: str, *, program: str = WEB, deadline: int = 60, **env: str) -> Json:
        one = container(program, {"VERSION": version, **env}, image=f"web:{version}")
        return deployment(self.namespace, one, replicas=self.replicas, deadline=deadline)

    def release(self, version: str, **fields: Any) -> None:
        self.deployed.change(self.manifest(version, **fields))

    def now(self) -> datetime:
        return datetime.now(UTC)

    def change(self, body: Json) -> None:
        """As an administrator would, field by field."""
        self.api.merge(path_to("Deployment", self.namespace.name, NAME), body)

    def make(self, kind: str, api: str, name: str, spec: Json, **metadata: Json) -> None:
        self.api.apply({
            "apiVersion": api, "kind": kind, "spec": spec,
            "metadata": {"name": name, "namespace": self.namespace.name, **metadata},
        })  # fmt: skip

    def plan(self, action: Action, **changes: str | int | float) -> Plan:
        """As the catalogue would make it of what is seen now: back to the release before, within the hour."""
        state = look(self.cluster, self.deployment, migrations=False).state
        current, *before = state.revisions
        parameters: dict[str, str | int | float] = {
            "uid": state.uid, "from_revision": current.number, "from_template_hash": current.template_hash,
            "from_fingerprint": current.fingerprint,
            "releases": ",".join(f"{r.number}:{r.fingerprint}" for r in before),
        }  # fmt: skip
        if before:
            parameters |= {
                "revision": before[0].number,
                "released_at": current.created_at.isoformat(),
                "released_within_s": 3600,
            }
        entry = entry_of(action)
        return Plan(
            incident=INCIDENT, attempt=1, action=action, service="web", category=Category.BAD_DEPLOYMENT,
            target=self.deployment.target, parameters={**parameters, **changes}, risk=entry.risk, sentence="Do it.",
            expected_effect="it works", undo=entry.undo, timeout_s=entry.timeout_s,
        )  # fmt: skip


def cluster_of(kubeconfig: Path, timeout_s: float = 5.0) -> Cluster:
    return Cluster(Identity(kubeconfig=str(kubeconfig)), timeout_s=timeout_s)
