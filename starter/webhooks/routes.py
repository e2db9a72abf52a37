"""The webhooks' addresses: every delivery has one answer, and each answer is counted."""

from datetime import UTC, datetime

import structlog
from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse

from domain.anomaly import Anomaly
from starter.access import check_access
from starter.away import TemporalAway
from starter.parts import Parts
from starter.webhooks.body import Refused, parse, read_json
from starter.webhooks.prometheus import SOURCE, Delivery, anomalies_of

RETRY_AFTER_S = 5
_log = structlog.stdlib.get_logger(__name__)


def webhook_routes(parts: Parts) -> APIRouter:
    """The webhooks of this installation."""
    router = APIRouter(prefix="/webhooks")
    parts.metrics.declare(SOURCE)

    @router.post("/prometheus")
    async def prometheus(request: Request) -> JSONResponse:  # pyright: ignore[reportUnusedFunction] - by its route
        with parts.metrics.timed(SOURCE):
            return await _answer(parts, request)

    return router


async def _answer(parts: Parts, request: Request) -> JSONResponse:
    try:
        check_access(request, parts.webhook_token)
        delivery = parse(Delivery, await read_json(request))
        return await _take_in(parts, anomalies_of(delivery, datetime.now(UTC)))
    except Refused as refusal:
        parts.metrics.delivered(SOURCE, "refused")
        _log.warning("webhook refused", sender=SOURCE, status=refusal.status, reason=str(refusal))
        return JSONResponse({"status": "refused", "error": str(refusal)}, refusal.status)
    except TemporalAway as away:
        parts.metrics.delivered(SOURCE, "unavailable")
        _log.error("webhook not stored, the sender has to repeat it", sender=SOURCE, reason=str(away))
        error = f"{away}. Nothing is lost if you send this again."
        return JSONResponse({"status": "unavailable", "error": error}, 503, headers={"Retry-After": str(RETRY_AFTER_S)})


async def _take_in(parts: Parts, anomalies: tuple[Anomaly, ...]) -> JSONResponse:
    keys = await parts.intake.accept(anomalies)
    if not keys:
        parts.metrics.delivered(SOURCE, "ignored")
        reason = "nothing is firing, and no open incident knows these alerts" if anomalies else "it holds no alerts"
        return JSONResponse({"status": "ignored", "reason": reason})
    parts.metrics.delivered(SOURCE, "accepted", len(anomalies))
    _log.info("webhook accepted", sender=SOURCE, anomalies=len(anomalies), incidents=keys)
    return JSONResponse({"status": "accepted", "anomalies": len(anomalies), "incidents": list(keys)}, 202)
