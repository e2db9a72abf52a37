"""Is this process alive, and can it do its work?"""

import asyncio
import time
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from importlib.metadata import version

from fastapi import APIRouter, Response
from fastapi.responses import JSONResponse
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, generate_latest

from integrations.ports import PortError
from starter.away import TemporalAway
from starter.machine.gauges import Ready, gauges
from starter.machine.strip import cells, warnings
from starter.parts import Parts
from starter.saved_views import VIEWS

Check = Callable[[], Awaitable[None]]


def health_routes(parts: Parts) -> APIRouter:
    """`/health` asks nobody else, `/ready` asks what we cannot do without, `/metrics` is for Prometheus."""
    router = APIRouter()

    @router.get("/health")
    async def health() -> dict[str, str]:  # pyright: ignore[reportUnusedFunction] - by its route
        return {"status": "ok", "service": "nightshift", "version": version("nightshift")}

    @router.get("/ready")
    async def ready() -> JSONResponse:  # pyright: ignore[reportUnusedFunction] - by its route
        checks = {"temporal": parts.live.ping, "postgres": lambda: asyncio.to_thread(parts.ping_store)}
        results = await asyncio.gather(*(_outcome(check) for check in checks.values()))
        good = all(result["status"] == "ok" for result in results)
        named = dict(zip(checks, results, strict=True))
        return JSONResponse({"status": "ready" if good else "not ready", "checks": named}, 200 if good else 503)

    @router.get("/metrics")
    async def metrics() -> Response:  # pyright: ignore[reportUnusedFunction] - by its route
        now = datetime.now(UTC)
        own = generate_latest(parts.metrics.registry)
        return Response(own + await _gauges(parts, now), media_type=CONTENT_TYPE_LATEST)

    @router.get("/health/details")
    async def details() -> JSONResponse:  # pyright: ignore[reportUnusedFunction] - by its route
        now, machine = datetime.now(UTC), parts.machine.latest
        facts = {
            "machine": machine.model_dump(mode="json") if machine else None,
            "strip": [cell.model_dump() for cell in cells(machine, now)],
            "warnings": list(warnings(machine, now)),
            "views": _views(parts, now),
        }
        return JSONResponse(facts)

    return router


def _views(parts: Parts, now: datetime) -> list[dict[str, str | None]]:
    """Links that save themselves in Temporal's web UI where they are opened."""
    return [
        {"name": v.name, "query": v.query(now), "link": v.link(parts.temporal_ui, now, parts.namespace)} for v in VIEWS
    ]


async def _gauges(parts: Parts, now: datetime) -> bytes:
    """What the store counts is left out while it does not answer; that it is down is a gauge of its own."""
    try:
        counts = await asyncio.to_thread(parts.incidents.counts, now)
    except PortError:
        counts = None
    registry = CollectorRegistry()
    registry.register(Ready(gauges(parts.machine.latest, counts, now)))
    return generate_latest(registry)


async def _outcome(check: Check) -> dict[str, str | float]:
    started = time.perf_counter()
    try:
        await check()
    except (TemporalAway, PortError) as error:
        return {"status": "fail", "error": str(error), "seconds": round(time.perf_counter() - started, 3)}
    return {"status": "ok", "seconds": round(time.perf_counter() - started, 3)}
