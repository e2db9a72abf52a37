"""Kubernetes' API through the `kubernetes` package: it knows kubeconfigs, credentials and TLS; the rest is one request.

Importing it costs more than a second, so nothing imports this module before the first question.
"""

# The client has no types.
# pyright: reportUnknownMemberType=false, reportUnknownArgumentType=false, reportUnknownVariableType=false
# pyright: reportUnknownParameterType=false

import json
from collections.abc import Mapping
from typing import cast

from kubernetes import client, config
from kubernetes.config.config_exception import ConfigException
from urllib3.exceptions import HTTPError, NewConnectionError
from urllib3.exceptions import TimeoutError as Timeout

from integrations.http_answers import bounded, one_line, refusal
from integrations.kubernetes.connection import Identity
from integrations.kubernetes.refusals import Absent, Conflict
from integrations.ports import PortError, Rejected, Unavailable

SOURCE = "Kubernetes"
_CHUNK = 65_536
_ABSENT, _CONFLICT = 404, 409


class Api:
    """One request at a time per call, without any retry. Raises Unavailable, Rejected or Conflict."""

    def __init__(self, identity: Identity, timeout_s: float) -> None:
        self._timeout_s = timeout_s
        self._client = client.ApiClient(_configuration(identity))

    def request(
        self, method: str, path: str, *, query: Mapping[str, str | int] | None = None, body: object = None,
        accept: str = "application/json", content: str | None = None,
    ) -> bytes:  # fmt: skip
        """The body of the answer."""
        headers = {"Accept": accept, **({"Content-Type": content} if content else {})}
        try:
            request = self._client.param_serialize(
                method, path, query_params=list((query or {}).items()), header_params=headers, body=body,
                auth_settings=["BearerToken"],
            )  # fmt: skip
            answer = self._client.call_api(*request, _request_timeout=(self._timeout_s, self._timeout_s)).response
            content_read = bounded(SOURCE, answer.stream(_CHUNK, decode_content=True))
        except NewConnectionError as error:  # in some versions it is a kind of timeout
            raise Unavailable(f"{SOURCE} cannot be reached: {one_line(str(error))}") from error
        except Timeout as error:
            raise Unavailable(f"{SOURCE} did not answer within {self._timeout_s:g} s") from error
        except (HTTPError, OSError) as error:
            raise Unavailable(f"{SOURCE} cannot be reached: {one_line(str(error))}") from error
        except ConfigException as error:
            raise Rejected(f"{SOURCE}: {one_line(str(error))}") from error
        if not 200 <= answer.status <= 299:  # noqa: PLR2004 - success, by RFC 9110
            raise _refusal(answer.status, content_read, answer.headers.get("Retry-After"))
        return content_read


def _configuration(identity: Identity) -> "client.Configuration":
    """Raises Rejected for a kubeconfig that cannot be used."""
    found = client.Configuration()
    try:
        if identity.in_cluster:
            config.load_incluster_config(client_configuration=found)
        else:
            config.load_kube_config(
                config_file=identity.kubeconfig, context=identity.context, client_configuration=found,
                persist_config=False,
            )  # fmt: skip
    except (ConfigException, OSError, ValueError) as error:
        raise Rejected(f"kubeconfig: {one_line(str(error))}") from error
    found.retries = False  # who calls decides whether to ask again
    return found


def _refusal(status: int, body: bytes, retry_after: str | None) -> PortError:
    words = _words(body)
    if status == _CONFLICT:
        return Conflict(f"{SOURCE} answered {status}: {one_line(words)}")
    if status == _ABSENT:
        return Absent(f"{SOURCE} answered {status}: {one_line(words)}")
    return refusal(SOURCE, status, words, retry_after)


def _words(body: bytes) -> str:
    """The message of a Status, or what a proxy before it said."""
    text = body.decode(errors="replace")
    try:
        return str(cast("dict[str, str]", json.loads(text))["message"])
    except (ValueError, KeyError, TypeError):
        return text
