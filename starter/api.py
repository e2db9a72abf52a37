"""What people say by program: with their own token, so that it is proven. The command line uses it."""

import asyncio
from datetime import UTC, datetime
from typing import Literal

import structlog
from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse
from pydantic import Field, ValidationError

from domain.approval import Verdict
from domain.change import Change
from domain.command import CommandName
from domain.doors import Door
from domain.feedback import Feedback
from domain.finding import Category
from domain.model import Model
from domain.people import Person
from domain.view import IncidentView
from starter.identity.desk import Desk
from starter.identity.sending import Became, Reply
from starter.identity.speech import Unsayable
from starter.judging import Judging
from starter.parts import Parts
from starter.reading import NothingAnswers, Reader
from starter.webhooks.body import Refused, decoded, parse, read_json_body

_STATUS = {Became.ACCEPTED: 200, Became.REFUSED: 409, Became.UNHEARD: 503, Became.UNANSWERED: 504}
_log = structlog.stdlib.get_logger(__name__)


class SaidDecision(Model):
    """A decision on the plan of this digest (8 characters or more). A change says what is wanted instead."""

    digest: str
    verdict: Verdict
    comment: str = ""
    change: Change | None = None


class SaidCommand(Model):
    """Anything else that a person says. `for` is how long a snooze lasts, such as 30m; `into` the incident that a merge
    names; `services` are those that a split takes away, with commas between them, as in CSV.
    """

    command: CommandName
    comment: str = ""
    lasting: str = Field(default="", alias="for")
    into: str = ""
    services: str = ""

    @property
    def own(self) -> str:
        """What only this command says."""
        said = {"for": self.lasting, "into": self.into, "services": self.services}
        return said.get(self.command.own or "", "")


class SaidFeedback(Model):
    """Was the cause right? One of: right, another category at a service, or no incident at all."""

    right: bool = False
    category: Category | None = None
    service: str | None = None
    false_positive: bool = False
    comment: str = ""


Said = Literal["decision", "command", "feedback"]


def api_routes(parts: Parts) -> APIRouter:
    """`/api/me`, and `/api/incidents/{id}/decision`, `/command` and `/feedback`."""
    api = Api(parts)
    router = APIRouter(prefix="/api")
    router.add_api_route("/me", api.me)
    router.add_api_route("/incidents/{incident}/decision", api.decision, methods=["POST"])
    router.add_api_route("/incidents/{incident}/command", api.command, methods=["POST"])
    router.add_api_route("/incidents/{incident}/feedback", api.feedback, methods=["POST"])
    return router


class Api:
    """Every answer is JSON with `outcome` and `text`; the text is the incident's own."""

    def __init__(self, parts: Parts) -> None:
        self._reader = Reader(parts.live, parts.incidents, parts.audit)
        self._desk = parts.desk
        self._judging = Judging(parts.feedback, parts.audit, parts.memory, parts.thresholds)

    async def me(self, request: Request) -> JSONResponse:
        """Whose token this is."""
        try:
            person = await self._person(self._open_desk(), request)
        except Refused as refused:
            return _refused(refused)
        return JSONResponse({"name": person.name, "approves_up_to": person.approves_up_to})

    async def decision(self, request: Request, incident: str) -> JSONResponse:
        return await self._answer(request, incident, "decision")

    async def command(self, request: Request, incident: str) -> JSONResponse:
        return await self._answer(request, incident, "command")

    async def feedback(self, request: Request, incident: str) -> JSONResponse:
        return await self._answer(request, incident, "feedback")

    async def _answer(self, request: Request, incident: str, what: Said) -> JSONResponse:
        try:
            reply = await self._said(request, incident, what)
        except Refused as refused:
            return _refused(refused)
        return JSONResponse({"outcome": reply.became, "text": reply.text}, _STATUS[reply.became])

    async def _said(self, request: Request, incident: str, what: Said) -> Reply:
        """Who it is comes first: a stranger learns nothing, not even which incidents there are."""
        desk = self._open_desk()
        person = await self._person(desk, request)
        content = decoded(await read_json_body(request))
        if what == "command":
            said = parse(SaidCommand, content)
            view = await self._view(incident)
            return await self._told(desk, person, view, said)
        if what == "feedback":
            judged = parse(SaidFeedback, content)
            return await self._judged(person, await self._view(incident), judged)
        decided = parse(SaidDecision, content)
        view = await self._view(incident)
        try:
            return await desk.decide(
                person, Door.CLI, view, digest=decided.digest, verdict=decided.verdict, comment=decided.comment,
                change=decided.change,
            )  # fmt: skip
        except Unsayable as error:
            raise Refused(422, f"{error}; nothing was recorded") from error

    async def _told(self, desk: Desk, person: Person, view: IncidentView, said: SaidCommand) -> Reply:
        try:
            return await desk.tell(person, Door.CLI, view, said.command, said.comment, said.own)
        except Unsayable as error:
            raise Refused(422, f"{error}; nothing was recorded") from error

    async def _judged(self, person: Person, view: IncidentView, judged: SaidFeedback) -> Reply:
        try:
            said = Feedback(
                incident=view.incident, at=datetime.now(UTC), who=person.name, door=Door.CLI, proven=True,
                **judged.model_dump(),
            )  # fmt: skip
        except ValidationError as error:
            raise Refused(
                422, f"{error.errors()[0]['msg'].removeprefix('Value error, ')}; nothing was recorded"
            ) from error
        return await asyncio.to_thread(self._judging.take, view, said)

    def _open_desk(self) -> Desk:
        if self._desk is None:
            raise Refused(404, "nobody is known here: this installation has no NIGHTSHIFT_PEOPLE")
        return self._desk

    async def _person(self, desk: Desk, request: Request) -> Person:
        """Raises Refused: 401 for a wrong token, 429 for who sent too many of them."""
        peer, now = request.client.host if request.client else "", datetime.now(UTC)
        scheme, _, token = request.headers.get("authorization", "").partition(" ")
        # Behind a proxy all callers are one peer: a stranger's guesses must not keep out whoever has a token.
        wait = 0 if desk.directory.expects(token.strip()) else desk.floods.wait_s(peer, now)
        if wait:
            raise Refused(429, f"too many wrong tokens from here; try again in {wait} s")
        person = await desk.directory.with_token(token.strip()) if scheme.lower() == "bearer" else None
        if person is None:
            desk.floods.failed(peer, now)
            _log.warning("api: token refused", peer=peer)
            raise Refused(401, "authorization: the bearer token is missing or nobody's; nothing was recorded")
        return person

    async def _view(self, incident: str) -> IncidentView:
        try:
            shown = await self._reader.one(incident)
        except NothingAnswers as error:
            raise Refused(503, f"{error}; nothing was recorded") from error
        if shown is None:
            raise Refused(404, f"there is no incident {incident[:60]!r}")
        return shown.view


def _refused(refused: Refused) -> JSONResponse:
    return JSONResponse({"outcome": "refused", "text": str(refused)}, refused.status)
