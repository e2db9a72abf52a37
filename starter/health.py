"""Is this process alive, and can it do its work?"""

import asyncio
import time
from collections.abc import Awaitable, Callable
from importlib.metadata import version

from fastapi import APIRouter, Response
from fastapi.responses import JSONResponse
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest

from integrations.ports import PortError
from starter.away import TemporalAway
from starter.parts import Parts

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
        return Response(generate_latest(parts.metrics.registry), media_type=CONTENT_TYPE_LATEST)

    return router


async def _outcome(check: Check) -> dict[str, str | float]:
    started = time.perf_counter()
    try:
        await check()
    except (TemporalAway, PortError) as error:
        return {"status": "fail", "error": str(error), "seconds": round(time.perf_counter() - started, 3)}
    return {"status": "ok", "seconds": round(time.perf_counter() - started, 3)}
