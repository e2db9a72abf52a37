"""Addresses in Kubernetes' API. The names come from services.yaml, which takes nothing but Kubernetes' own names."""

from domain.services import Deployment


def deployment(of: Deployment) -> str:
    return f"/apis/apps/v1/namespaces/{of.namespace}/deployments/{of.name}"


def replica_sets(of: Deployment) -> str:
    return f"/apis/apps/v1/namespaces/{of.namespace}/replicasets"


def pods(of: Deployment) -> str:
    return f"/api/v1/namespaces/{of.namespace}/pods"


def events(of: Deployment) -> str:
    return f"/api/v1/namespaces/{of.namespace}/events"


def config_map(of: Deployment, name: str) -> str:
    return f"/api/v1/namespaces/{of.namespace}/configmaps/{name}"


def disruption_budgets(of: Deployment) -> str:
    return f"/apis/policy/v1/namespaces/{of.namespace}/poddisruptionbudgets"


def quotas(of: Deployment) -> str:
    return f"/api/v1/namespaces/{of.namespace}/resourcequotas"


def jobs(of: Deployment) -> str:
    return f"/apis/batch/v1/namespaces/{of.namespace}/jobs"
