"""The one place where a request of any shop service becomes a span, a count, a duration and a log line."""

import logging
import time

from opentelemetry import trace
from opentelemetry.propagate import extract
from opentelemetry.trace import Span, SpanKind, Status, StatusCode
from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from rig.shop.metrics import RequestMetrics

_UNWATCHED = frozenset({"/health", "/metrics"})
_FAILED = 500
# Answered here, and not by the server around the application, whose log line would know nothing of the trace.
_APOLOGY = JSONResponse({"error": "internal error"}, status_code=_FAILED)
_log = logging.getLogger("shop.http")
_tracer = trace.get_tracer("rig.shop")


class Observed:
    """ASGI middleware around a whole service; health checks and scrapes are left out of all three."""

    def __init__(self, app: ASGIApp, metrics: RequestMetrics) -> None:
        self._app = app
        self._metrics = metrics

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request under a server span that continues the caller's trace."""
        if scope["type"] != "http" or scope["path"] in _UNWATCHED:
            await self._app(scope, receive, send)
            return
        self._metrics.received.inc()
        headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]}
        with _tracer.start_as_current_span(
            f"{scope['method']} {scope['path']}", context=extract(headers), kind=SpanKind.SERVER
        ) as span:
            await self._serve(scope, receive, send, span)

    async def _serve(self, scope: Scope, receive: Receive, send: Send, span: Span) -> None:
        started = time.perf_counter()
        code: int | None = None

        async def watch(message: Message) -> None:
            nonlocal code
            if message["type"] == "http.response.start":
                code = message["status"]
            await send(message)

        try:
            await self._app(scope, receive, watch)
        except Exception as error:  # noqa: BLE001 -- the bug of a service is one failed request, logged with its trace
            span.record_exception(error)
            route = f"{scope['method']} {_path_template(scope)}"
            _log.exception("%s failed with %s: %s", route, type(error).__name__, error)
            if code is None:
                await _APOLOGY(scope, receive, watch)
        finally:
            self._record(scope, code or _FAILED, time.perf_counter() - started, span)

    def _record(self, scope: Scope, code: int, seconds: float, span: Span) -> None:
        route = f"{scope['method']} {_path_template(scope)}"
        self._metrics.record(route, code, seconds)
        span.update_name(route)
        span.set_attributes(
            {
                "http.request.method": scope["method"],
                "http.route": _path_template(scope),
                "http.response.status_code": code,
            }
        )
        if code >= 500:  # noqa: PLR2004 -- the HTTP class of server errors
            span.set_status(Status(StatusCode.ERROR))
        _log.info("%s answered %d in %.0f ms", route, code, seconds * 1000)


def _path_template(scope: Scope) -> str:
    # The router leaves the matched route in the scope; "unmatched" keeps made-up paths out of the labels.
    return getattr(scope.get("route"), "path", "unmatched")
