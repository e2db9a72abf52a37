"""The connection to Kubernetes' API: one attempt at each question, in words that a person understands when it fails."""

from collections.abc import Mapping
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from pydantic import BaseModel, ValidationError

from domain.model import Model
from integrations.http_answers import one_line
from integrations.ports import Unavailable

if TYPE_CHECKING:
    from integrations.kubernetes.api import Api

T = TypeVar("T", bound=BaseModel)
SERVICE_ACCOUNT = Path("/var/run/secrets/kubernetes.io/serviceaccount")
"""Where Kubernetes puts the credentials of a pod."""


class Identity(Model):
    """As whom the API is asked: a context of a kubeconfig, or the service account of the pod that we run in.

    `kubeconfig`: paths as the environment variable has them, None the usual place. `context` None: the current one.
    """

    kubeconfig: str | None = None
    context: str | None = None
    in_cluster: bool = False


class Cluster:
    """Asks one API server; nothing connects before the first question. A question lasts `timeout_s` seconds at most
    and is asked once. Raises Unavailable or Rejected; a write that came too late raises Conflict.
    """

    def __init__(self, identity: Identity, *, timeout_s: float = 5.0) -> None:
        self._identity = identity
        self._timeout_s = timeout_s

    @cached_property
    def _api(self) -> "Api":
        from integrations.kubernetes.api import Api  # noqa: PLC0415 - it is slow to import

        return Api(self._identity, self._timeout_s)

    def read(self, kind: type[T], path: str, **query: str | int) -> T:
        """GET as JSON, of which only the fields of `kind` are kept."""
        return _parsed(kind, self._api.request("GET", path, query=query))

    def read_metadata(self, kind: type[T], path: str) -> T:
        """GET of the metadata only: the server leaves the content out, so it never comes here."""
        accept = "application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1"
        return _parsed(kind, self._api.request("GET", path, accept=accept))

    def patch(self, kind: type[T], path: str, change: Mapping[str, object]) -> T:
        """Strategic merge patch. With metadata.resourceVersion in it, it is taken for that version only."""
        content = "application/strategic-merge-patch+json"
        return _parsed(kind, self._api.request("PATCH", path, body=change, content=content))

    def json_patch(self, kind: type[T], path: str, operations: list[dict[str, object]]) -> T:
        """JSON patch: all operations or none."""
        content = "application/json-patch+json"
        return _parsed(kind, self._api.request("PATCH", path, body=operations, content=content))

    def create(self, kind: type[T], path: str, body: Mapping[str, object]) -> T:
        """POST. Reviews of our own rights are created and kept by nobody."""
        return _parsed(kind, self._api.request("POST", path, body=body, content="application/json"))


def _parsed(kind: type[T], body: bytes) -> T:
    try:
        return kind.model_validate_json(body)
    except ValidationError as error:
        first = error.errors(include_input=False, include_url=False)[0]
        where = ".".join(str(part) for part in first["loc"])
        said = one_line(f"{where}: {first['msg']}")
        raise Unavailable(f"Kubernetes answered something that is not its JSON: {said}") from error
