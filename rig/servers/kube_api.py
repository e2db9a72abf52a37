"""Kubernetes' API as JSON over HTTPS: the few calls that the rig needs, judged by nobody's client but our own."""

import json
import ssl
from collections.abc import Generator, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final, Self

import httpx
from pydantic import SecretStr

Json = dict[str, Any]
_SECONDS = 10.0
_NOT_FOUND = 404
_MERGE = "application/merge-patch+json"
_STRATEGIC = "application/strategic-merge-patch+json"
_APPLY = "application/apply-patch+yaml"  # JSON is YAML
_MANAGER = "rig"

# Where objects live: the group's address and the plural; those of the first table belong to no namespace.
_CLUSTER_WIDE: Final[Mapping[str, tuple[str, str]]] = {
    "Namespace": ("/api/v1", "namespaces"),
    "Node": ("/api/v1", "nodes"),
    "ClusterRole": ("/apis/rbac.authorization.k8s.io/v1", "clusterroles"),
    "ClusterRoleBinding": ("/apis/rbac.authorization.k8s.io/v1", "clusterrolebindings"),
}
_NAMESPACED: Final[Mapping[str, tuple[str, str]]] = {
    "ConfigMap": ("/api/v1", "configmaps"),
    "Deployment": ("/apis/apps/v1", "deployments"),
    "Event": ("/api/v1", "events"),
    "HorizontalPodAutoscaler": ("/apis/autoscaling/v2", "horizontalpodautoscalers"),
    "Job": ("/apis/batch/v1", "jobs"),
    "Pod": ("/api/v1", "pods"),
    "PodDisruptionBudget": ("/apis/policy/v1", "poddisruptionbudgets"),
    "ReplicaSet": ("/apis/apps/v1", "replicasets"),
    "ResourceQuota": ("/api/v1", "resourcequotas"),
    "Role": ("/apis/rbac.authorization.k8s.io/v1", "roles"),
    "RoleBinding": ("/apis/rbac.authorization.k8s.io/v1", "rolebindings"),
    "Secret": ("/api/v1", "secrets"),
    "Service": ("/api/v1", "services"),
    "ServiceAccount": ("/api/v1", "serviceaccounts"),
}


class ApiError(Exception):
    """The API server refused; `status` is the HTTP status, the text its own message."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(f"{status}: {message}")
        self.status = status


def path_to(kind: str, namespace: str | None = None, name: str | None = None) -> str:
    """The address of an object, or without `name` of all of a kind; KeyError for a kind that the rig never uses."""
    if kind in _CLUSTER_WIDE:
        group, plural = _CLUSTER_WIDE[kind]
        place = f"{group}/{plural}"
    else:
        group, plural = _NAMESPACED[kind]
        place = f"{group}/namespaces/{namespace}/{plural}" if namespace else f"{group}/{plural}"
    return f"{place}/{name}" if name else place


class KubeApi:
    """The API server as one account sees it. Every call raises ApiError, or httpx.TransportError without an answer."""

    def __init__(self, url: str, authority: Path, token: SecretStr) -> None:
        """`authority` is a PEM file of the certificates that the server is checked against."""
        self._client = httpx.Client(
            base_url=url,
            verify=ssl.create_default_context(cafile=str(authority)),
            headers={"authorization": f"Bearer {token.get_secret_value()}"},
            timeout=_SECONDS,
            trust_env=False,
        )

    def is_ready(self) -> bool:
        """Whether the server says that all its parts are up."""
        return self._client.get("/readyz").is_success

    def get(self, path: str, **query: str) -> Json:
        """One object, or a list with `items`."""
        return _read(self._client.get(path, params=query))

    def find(self, path: str) -> Json | None:
        """One object, None where there is none."""
        try:
            return self.get(path)
        except ApiError as error:
            if error.status == _NOT_FOUND:
                return None
            raise

    def create(self, path: str, body: Json) -> Json:
        """The object as the server stored it."""
        return _read(self._client.post(path, json=body))

    def replace(self, path: str, body: Json) -> Json:
        """The whole object; refused as a conflict when `body` was read before somebody else wrote."""
        return _read(self._client.put(path, json=body))

    def merge(self, path: str, body: Json) -> Json:
        """Change the fields that `body` names; its lists replace theirs, None removes a field."""
        return self._patch(path, body, _MERGE, {})

    def strategic(self, path: str, body: Json) -> Json:
        """As `merge`, but lists of named things, such as containers and their variables, are merged by name."""
        return self._patch(path, body, _STRATEGIC, {})

    def apply(self, manifest: Json, namespace: str | None = None) -> Json:
        """Make the object so, whether it exists or not; fields that the manifest does not name stay.

        `namespace` is for manifests that name none.
        """
        about = manifest["metadata"]
        path = path_to(manifest["kind"], about.get("namespace", namespace), about["name"])
        return self._patch(path, manifest, _APPLY, {"fieldManager": _MANAGER, "force": "true"})

    def _patch(self, path: str, body: Json, kind: str, query: Mapping[str, str]) -> Json:
        headers = {"content-type": kind}
        return _read(self._client.patch(path, content=json.dumps(body), headers=headers, params=query))

    def delete(self, path: str, body: Json | None = None) -> None:
        """Ask for the object's end; `body` is a DeleteOptions."""
        _read(self._client.request("DELETE", path, json=body or {}))

    @contextmanager
    def watch(self, path: str, since: str, quiet_s: float, **query: str) -> Generator[Iterator[Json]]:
        """Changes after the resource version `since`, each with `type` and `object`.

        httpx.ReadTimeout when nothing has changed for `quiet_s` seconds.
        """
        params = {"watch": "true", "resourceVersion": since, **query}
        timeout = httpx.Timeout(_SECONDS, read=quiet_s)
        with self._client.stream("GET", path, params=params, timeout=timeout) as answer:
            if answer.is_error:
                answer.read()
                _read(answer)
            yield (json.loads(line) for line in answer.iter_lines() if line)

    def close(self) -> None:
        """Close the connections."""
        self._client.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def _read(answer: httpx.Response) -> Json:
    if answer.is_success:
        return answer.json()
    try:
        message = str(answer.json()["message"])
    except (ValueError, KeyError, TypeError):
        message = answer.text.strip()
    raise ApiError(answer.status_code, message)
