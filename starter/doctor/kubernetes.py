"""Kubernetes: does it answer, may we look, and could we act? Rights are asked for, nothing is changed."""

from collections.abc import Iterable, Iterator, Sequence

from pydantic import BaseModel

from config.adapters import kubernetes
from config.settings import Settings
from domain.catalogue import CATALOGUE
from domain.rights import Right
from domain.services import Deployment, ServiceMap
from integrations.kubernetes.changes import RIGHTS
from integrations.kubernetes.connection import Cluster
from integrations.ports import Rejected
from starter.doctor.check import Check, Doubt, blocking, off

GROUP = "kubernetes"
_REVIEWS = "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews"
_LOOK_COST = "releases and restarts are not seen, so no release is ever blamed"
_ACT_COST = "nothing can be rolled back or restarted there"
_REMEDY = "apply deploy/kubernetes/rbac.yaml, with its bindings in that namespace"
_TO_ACT = tuple(dict.fromkeys(right for entry in CATALOGUE for right in entry.rights))


class _Version(BaseModel):
    """What GET /version answers, as far as we show it."""

    gitVersion: str  # noqa: N815 - its name there


class _Status(BaseModel):
    allowed: bool


class _Review(BaseModel):
    """A SelfSubjectAccessReview."""

    status: _Status


def checks(settings: Settings, services: ServiceMap) -> Iterator[Check]:
    """The API server, and for each deployment whether we may look and act."""
    watch, remedy = kubernetes.cluster(settings), kubernetes.cluster(settings, remedy=True)
    if watch is None or remedy is None:
        yield off(GROUP, "api server", _LOOK_COST, "set KUBECONFIG or KUBERNETES_CONTEXT, or run as a pod")
        return
    yield Check(
        GROUP, "api server", "its version", _LOOK_COST, "check KUBECONFIG and KUBERNETES_CONTEXT",
        blocking(lambda: watch.read(_Version, "/version").gitVersion),
    )  # fmt: skip
    declared = [s.deployment for s in services.services if s.deployment is not None]
    if not declared:
        yield Check(
            GROUP, "deployments", "which services name one", _LOOK_COST, "name them in NIGHTSHIFT_SERVICES",
            blocking(_none_declared),
        )  # fmt: skip
    for deployment in declared:
        yield _may(watch, deployment, RIGHTS, "look at", _LOOK_COST)
        yield _may(remedy, deployment, _TO_ACT, "act on", _ACT_COST)


def _none_declared() -> str:
    raise Doubt("no service names a deployment")


def _may(cluster: Cluster, deployment: Deployment, rights: Sequence[Right], verb: str, cost: str) -> Check:
    def look() -> str:
        refused = list(_refused(cluster, deployment, rights))
        if refused:
            raise Rejected(f"not allowed in {deployment.namespace}: {', '.join(refused)}")
        return "all rights that it takes"

    return Check(GROUP, f"{verb} {deployment.target}", "our own rights", cost, _REMEDY, blocking(look))


def _refused(cluster: Cluster, deployment: Deployment, rights: Iterable[Right]) -> Iterator[str]:
    for right in rights:
        for verb in right.verbs:
            asked = {
                "namespace": deployment.namespace, "group": right.group, "resource": right.resource, "verb": verb,
            }  # fmt: skip
            body = {
                "apiVersion": "authorization.k8s.io/v1", "kind": "SelfSubjectAccessReview",
                "spec": {"resourceAttributes": asked},
            }  # fmt: skip
            if not cluster.create(_Review, _REVIEWS, body).status.allowed:
                yield f"{verb} {right.resource}"
