"""`POST /slack/interactions` and `/slack/events`: answered within Slack's three seconds, whatever Temporal does."""

import asyncio
from collections.abc import AsyncGenerator, Coroutine
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import Any, cast

import structlog
from fastapi import APIRouter, FastAPI, Request, Response
from fastapi.responses import JSONResponse
from slack_sdk.webhook import WebhookClient

from domain.mrkdwn import escaped
from starter.identity.sending import Became
from starter.parts import Parts
from starter.slack.answering import answer
from starter.slack.notes import answer as answer_note
from starter.slack.notes import read_written
from starter.slack.payload import Pressed, read_pressed
from starter.slack.verifying import Verifier
from starter.untrusted import clean
from starter.webhooks.body import Refused, decoded, read_body

SENDER = "slack"
# Slack tells who pressed that it went wrong when no answer comes within 3 s. Until then it is not taken: should this
# process die, the person sees it.
_ANSWER_WITHIN_S = 2.0
_WORDS_WITHIN_S = 5
_TRIES = 3
_OUTCOMES = {
    Became.ACCEPTED: "accepted", Became.REFUSED: "refused", Became.UNHEARD: "unavailable",
    Became.UNANSWERED: "unavailable",
}  # fmt: skip
_log = structlog.stdlib.get_logger(__name__)


def slack_routes(parts: Parts) -> APIRouter:
    """The ways in: for buttons, and for what is written in threads."""
    interactions = Interactions(parts)
    parts.metrics.declare(SENDER)
    router = APIRouter(prefix="/slack", lifespan=interactions.lifespan)
    router.add_api_route("/interactions", interactions.take, methods=["POST"])
    router.add_api_route("/events", interactions.hear, methods=["POST"])
    return router


class Interactions:
    """Takes presses in; each is answered in the background, and none is forgotten when the process stops."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts
        self._verifier = Verifier(parts.slack_secret) if parts.slack_secret is not None else None
        self._running: set[asyncio.Task[None]] = set()

    @asynccontextmanager
    async def lifespan(self, _app: FastAPI) -> AsyncGenerator[None]:
        """What is under way when the process is told to stop comes to its end."""
        yield
        await asyncio.gather(*self._running)

    async def take(self, request: Request) -> Response:
        """200 for everything that Slack sent, whatever comes of it; that is said by its response_url."""
        try:
            pressed, once = await self._read(request)
        except Refused as refusal:
            self._parts.metrics.delivered(SENDER, "refused")
            _log.warning("interaction refused", sender=SENDER, status=refusal.status, reason=str(refusal))
            return JSONResponse({"status": "refused", "error": str(refusal)}, refusal.status)
        if pressed is None:
            self._parts.metrics.delivered(SENDER, "ignored")
            return Response()
        return await self._under_way(self._answer(pressed, once))

    async def hear(self, request: Request) -> Response:
        """200 for every event that Slack sent. Only notes are for us; the answer to a note is whispered."""
        try:
            body, _ = await self._proven(request)
            content = decoded(body)
        except Refused as refusal:
            self._parts.metrics.delivered(SENDER, "refused")
            _log.warning("event refused", sender=SENDER, status=refusal.status, reason=str(refusal))
            return JSONResponse({"status": "refused", "error": str(refusal)}, refusal.status)
        said = cast("dict[str, object]", content) if isinstance(content, dict) else dict[str, object]()
        if "challenge" in said:  # asked once, when the address is set up
            return JSONResponse({"challenge": clean(str(said["challenge"]), 200)})
        written = read_written(said)
        if written is None:
            self._parts.metrics.delivered(SENDER, "ignored")
            return Response()
        self._parts.metrics.delivered(SENDER, "accepted")
        return await self._under_way(answer_note(self._parts, written))

    async def _under_way(self, work: Coroutine[Any, Any, None]) -> Response:
        """The answer to Slack, once it is done or Slack would wait no longer."""
        task = asyncio.create_task(work)
        self._running.add(task)
        task.add_done_callback(self._running.discard)
        await asyncio.wait([task], timeout=_ANSWER_WITHIN_S)
        return Response()

    async def _read(self, request: Request) -> tuple[Pressed | None, str]:
        body, once = await self._proven(request)
        return read_pressed(body), once

    async def _proven(self, request: Request) -> tuple[bytes, str]:
        """The body, and the name of the request. Raises Refused for what does not come from Slack, or came before."""
        if self._verifier is None:
            raise Refused(403, "SLACK_SIGNING_SECRET is not set, so nobody can prove to be Slack")
        body = await read_body(request)
        return body, self._verifier.check(body, request.headers, datetime.now(UTC))

    async def _answer(self, pressed: Pressed, once: str) -> None:
        reply = await answer(self._parts, pressed, once)
        self._parts.metrics.delivered(SENDER, _OUTCOMES[reply.became])
        press = pressed.press
        _log.info("button pressed", user=pressed.user, incident=press.incident, decision=press.decision,
                  became=reply.became, answer=reply.text)  # fmt: skip
        await self._tell(pressed.answer_to, reply.text)

    async def _tell(self, address: str, text: str) -> None:
        """To who pressed, and nobody else."""
        words: dict[str, object] = {"response_type": "ephemeral", "replace_original": False, "text": escaped(text)}
        for attempt in range(_TRIES):
            await asyncio.sleep(attempt)
            if await asyncio.to_thread(_sent, address, words):
                return
        _log.error("the answer to a button could not be shown", answer=text)


def _sent(address: str, words: dict[str, object]) -> bool:
    try:
        answered = WebhookClient(address, timeout=_WORDS_WITHIN_S, retry_handlers=[]).send_dict(words)
    except OSError as error:
        _log.warning("Slack did not take the answer to a button", reason=str(error))
        return False
    return answered.status_code == 200  # noqa: PLR2004 - the only yes
