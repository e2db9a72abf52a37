"""A neighbour service as the gateway sees it: calls under a client span that hand the trace on."""

from collections.abc import Mapping

import httpx
from opentelemetry import trace
from opentelemetry.propagate import inject
from opentelemetry.trace import SpanKind
from pydantic import JsonValue

_SECONDS = 4.0
# With the usual limit of 100 connections a gateway whose connects had timed out on a machine that was busy for a while
# waited for its own pool from then on (httpcore 1.0.9), and every request failed until it was restarted.
_LIMITS = httpx.Limits(max_connections=None, max_keepalive_connections=20)
_BAD_GATEWAY = 502
_GATEWAY_TIMEOUT = 504
_tracer = trace.get_tracer("rig.shop")


class UpstreamError(Exception):
    """A neighbour failed; `status` is what the gateway answers in its turn."""

    def __init__(self, message: str, status: int) -> None:
        super().__init__(message)
        self.status = status


class Upstream:
    """One neighbour service."""

    def __init__(self, name: str, url: str) -> None:
        self._name = name
        self._client = httpx.AsyncClient(base_url=url, timeout=_SECONDS, limits=_LIMITS, trust_env=False)

    async def call(
        self,
        method: str,
        path: str,
        *,
        query: Mapping[str, int] | None = None,
        body: Mapping[str, int] | None = None,
    ) -> JsonValue:
        """The decoded JSON answer. Raises UpstreamError when there is none or its status is not 2xx."""
        attributes = {"http.request.method": method, "peer.service": self._name}
        with _tracer.start_as_current_span(
            f"{method} {self._name}", kind=SpanKind.CLIENT, attributes=attributes
        ) as span:
            response = await self._send(method, path, query, body)
            span.set_attribute("http.response.status_code", response.status_code)
            if not response.is_success:
                raise UpstreamError(
                    f"{self._name} answered {response.status_code} to {method} {path}", response.status_code
                )
            return response.json()

    async def _send(
        self, method: str, path: str, query: Mapping[str, int] | None, body: Mapping[str, int] | None
    ) -> httpx.Response:
        headers: dict[str, str] = {}
        inject(headers)
        try:
            return await self._client.request(method, path, headers=headers, params=query, json=body)
        except httpx.TimeoutException as error:
            message = f"{self._name} did not answer {method} {path} within {_SECONDS:.0f} s"
            raise UpstreamError(message, _GATEWAY_TIMEOUT) from error
        except httpx.TransportError as error:
            message = f"{self._name} could not be reached for {method} {path}: {error}"
            raise UpstreamError(message, _BAD_GATEWAY) from error

    async def close(self) -> None:
        """Close the connections to the neighbour."""
        await self._client.aclose()
