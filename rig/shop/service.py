"""What the three services share: telemetry, /health, /metrics, and the server loop."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import uvicorn
from fastapi import FastAPI
from fastapi.telemetry import TelemetryConfig
from opentelemetry.sdk.trace import TracerProvider
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from starlette.responses import Response
from starlette.types import Lifespan

from rig.shop.log_shipping import LogShipper
from rig.shop.logs import set_up_logs
from rig.shop.metrics import RequestMetrics
from rig.shop.observed import Observed
from rig.shop.settings import ServiceSettings
from rig.shop.traces import set_up_traces

_STOP_SECONDS = 2


@dataclass(frozen=True)
class Telemetry:
    """The three kinds of telemetry of one process."""

    metrics: RequestMetrics
    traces: TracerProvider
    shipper: LogShipper | None

    def close(self) -> None:
        """Send what is left."""
        self.traces.shutdown()
        if self.shipper is not None:
            self.shipper.close()


def set_up_telemetry(service: str, settings: ServiceSettings) -> Telemetry:
    """Start metrics, traces and logs for this process."""
    metrics = RequestMetrics()
    metrics.runs(settings.version, settings.digest)
    url = settings.elasticsearch_url
    shipper = LogShipper(url, metrics.registry) if url is not None else None
    set_up_logs(service, settings.log_file, shipper)
    return Telemetry(metrics, set_up_traces(service, settings.otlp_url), shipper)


def new_app(service: str, lifespan: Lifespan[FastAPI] | None = None) -> FastAPI:
    """An application that is traced by `observe` alone.

    FastAPI's own tracing would add spans of its inner steps, and one for every scrape.
    """
    off: TelemetryConfig = {"tracing": False, "metrics": False, "logs": False}
    return FastAPI(title=service, lifespan=lifespan, openapi_url=None, telemetry=off)


def observe(app: FastAPI, metrics: RequestMetrics, routes: Mapping[str, Iterable[int]]) -> None:
    """Give a service its /health and /metrics and watch all its other routes.

    `routes` names each route ("GET /orders") with the status codes that it is expected to answer.
    """
    for route, codes in routes.items():
        metrics.declare(route, codes)

    async def health() -> dict[str, str]:
        return {"status": "ok", "service": app.title}

    async def exposition() -> Response:
        return Response(generate_latest(metrics.registry), media_type=CONTENT_TYPE_LATEST)

    app.get("/health")(health)
    app.get("/metrics")(exposition)
    app.add_middleware(Observed, metrics=metrics)


def serve(app: FastAPI, settings: ServiceSettings, telemetry: Telemetry) -> None:
    """Serve on loopback until SIGTERM or SIGINT, then send the last telemetry."""
    try:
        uvicorn.run(
            app,
            host="127.0.0.1",
            port=settings.port,
            log_config=None,
            access_log=False,
            timeout_graceful_shutdown=_STOP_SECONDS,
        )
    finally:
        telemetry.close()
