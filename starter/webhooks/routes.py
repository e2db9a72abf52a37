"""The webhooks' addresses: every delivery has one answer, and each answer is counted."""

from collections.abc import Mapping
from datetime import UTC, datetime

import structlog
from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse

from starter.away import TemporalAway
from starter.metrics import StarterMetrics
from starter.parts import Parts
from starter.webhooks.body import TOO_LARGE, Refused, decoded, read_json_body
from starter.webhooks.pagerduty import PagerDutySender
from starter.webhooks.prometheus import PrometheusSender
from starter.webhooks.senders import Sender, Taken
from workflows.contract import MUTED_PREFIX

RETRY_AFTER_S = 5
_NAMED = 10
_log = structlog.stdlib.get_logger(__name__)


def webhook_routes(parts: Parts) -> APIRouter:
    """The webhooks of this installation, one address for each sender."""
    router = APIRouter(prefix="/webhooks")
    for sender in _senders(parts):
        parts.metrics.declare(sender.name)
        _add(router, sender, parts.metrics)
    return router


def _senders(parts: Parts) -> tuple[Sender, ...]:
    return (
        PrometheusSender(parts.webhook_token, parts.intake),
        PagerDutySender(
            parts.pagerduty_secrets, parts.webhook_token, parts.pagerduty_home, parts.intake, parts.synchroniser
        ),
    )


def _add(router: APIRouter, sender: Sender, metrics: StarterMetrics) -> None:
    async def deliver(request: Request) -> JSONResponse:
        with metrics.timed(sender.name):
            return await _answer(sender, metrics, request)

    router.add_api_route(f"/{sender.name}", deliver, methods=["POST"])


async def _answer(sender: Sender, metrics: StarterMetrics, request: Request) -> JSONResponse:
    try:
        sender.admit(request)
        body = await read_json_body(request, sender.largest)
        sender.trust(request, body)
        return _said(sender, metrics, await sender.take(decoded(body), datetime.now(UTC)))
    except Refused as refusal:
        metrics.delivered(sender.name, "too_large" if refusal.status == TOO_LARGE else "refused")
        metrics.refused(sender.name, refusal.items)
        _log.warning("webhook refused", sender=sender.name, status=refusal.status, reason=str(refusal))
        return JSONResponse({"status": "refused", "error": str(refusal)}, refusal.status)
    except TemporalAway as away:
        metrics.delivered(sender.name, "unavailable")
        _log.error("webhook not stored, the sender has to repeat it", sender=sender.name, reason=str(away))
        error = f"{away}. Nothing is lost if you send this again."
        return JSONResponse({"status": "unavailable", "error": error}, 503, headers={"Retry-After": str(RETRY_AFTER_S)})


def _said(sender: Sender, metrics: StarterMetrics, taken: Taken) -> JSONResponse:
    refused = _refused(sender, metrics, taken)
    if not taken.accepted:
        metrics.delivered(sender.name, "ignored")
        return JSONResponse({"status": "ignored", "reason": taken.reason, **refused})
    metrics.delivered(sender.name, "accepted", taken.anomalies)
    incidents = [key for key in taken.incidents if not key.startswith(MUTED_PREFIX)]
    said = {"anomalies": taken.anomalies, "incidents": incidents}
    told = {"synchronised": list(taken.synchronised)} if taken.synchronised else {}
    if held := [key for key in taken.incidents if key.startswith(MUTED_PREFIX)]:
        metrics.muted(sender.name)
        told["muted"] = held
    _log.info("webhook accepted", sender=sender.name, **said, **told)
    return JSONResponse({"status": "accepted", **said, **told, **refused}, 202)


def _refused(sender: Sender, metrics: StarterMetrics, taken: Taken) -> Mapping[str, object]:
    """What a delivery's answer adds about the parts of it that were refused; nothing when all were good."""
    if not taken.refused:
        return {}
    metrics.refused(sender.name, len(taken.refused))
    said: Mapping[str, object] = {"refused": len(taken.refused), "errors": list(taken.refused[:_NAMED])}
    _log.warning("part of a webhook refused", sender=sender.name, **said)
    return said
