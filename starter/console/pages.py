"""The addresses of the pages: HTML for people, JSON for programs, the same facts in both."""

import asyncio
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from fastapi import APIRouter, Request, Response
from fastapi.responses import HTMLResponse, JSONResponse, PlainTextResponse, RedirectResponse

from domain.listing import Filter, Place, SavedFilter
from integrations.ports import PortError
from starter.console import filters
from starter.console.acting import STATUS, acted
from starter.console.bulk import Bulk
from starter.console.facts import facts_of
from starter.console.guarded import taken, visitor_of
from starter.console.keeping import Keeping
from starter.console.live.regions import regions
from starter.console.live.streams import stream_routes
from starter.console.rendering import postmortem, render
from starter.console.seeing import Seeing, Seen
from starter.console.target import TargetPage
from starter.identity.sending import Became, Reply
from starter.identity.visitors import Visitor
from starter.judging import Judging
from starter.machine.facts import Machine
from starter.machine.strip import cells, warnings
from starter.parts import Parts
from starter.reading import Listed, NothingAnswers, Reader, Shown
from starter.webhooks.body import Refused

_SUGGESTED = 5
# What is newest is open, or among the first of those that are closed.
_LOOKED_THROUGH = 200


def page_routes(parts: Parts) -> APIRouter:
    """`/incidents`, `/incidents/{id}` and `/incidents/{id}/postmortem`."""
    pages = Pages(parts)
    router = APIRouter()
    router.add_api_route("/", pages.home, include_in_schema=False)
    router.add_api_route("/incidents", pages.list_page)
    router.add_api_route("/incidents/bulk", Bulk(parts, pages.reader).take, methods=["POST"])
    router.add_api_route("/incidents/filters", Keeping(parts).take, methods=["POST"])
    router.include_router(stream_routes(parts, pages.seeing))
    router.add_api_route("/incidents/{incident}", pages.incident_page)
    router.add_api_route("/incidents/{incident}", pages.act, methods=["POST"])
    router.add_api_route("/incidents/{incident}/target", TargetPage(pages.reader, parts.targets).show)
    router.add_api_route("/incidents/{incident}/postmortem", pages.postmortem_page)
    return router


class Pages:
    """The pages over one reader, which remembers since when a server has been away."""

    def __init__(self, parts: Parts) -> None:
        self.reader = self._reader = Reader(parts.live, parts.incidents, parts.audit)
        self.seeing = self._seeing = Seeing(self._reader, parts.incidents, parts.feedback)
        self._postmortems = parts.postmortems
        self._desk = parts.desk
        self._machine = parts.machine
        self._filters = parts.filters
        self._judging = Judging(parts.feedback, parts.audit, parts.memory, parts.thresholds)

    async def home(self) -> Response:
        return RedirectResponse("/incidents", 307)

    async def list_page(self, request: Request) -> Response:
        """Incidents that fit the address's filter, those that need a person first, a page at a time."""
        now, params = datetime.now(UTC), request.query_params
        try:
            by, after = filters.read(params, now), filters.place(params)
            filters.columns(params)
        except ValueError as error:
            return await self._list(request, Filter(), None, now, wrong=str(error))
        return await self._list(request, by, after, now)

    async def _list(
        self, request: Request, by: Filter, after: Place | None, now: datetime, wrong: str | None = None
    ) -> Response:
        if wrong is not None and _wants_json(request):
            return JSONResponse({"error": wrong}, 400)
        try:
            listed = await self._reader.many(by, after)
        except NothingAnswers as error:
            return _unavailable(request, error)
        if _wants_json(request):
            return JSONResponse(_list_json(listed, self._machine.latest))
        machine = self._machine.latest
        facts: dict[str, Any] = {
            "views": listed.views, "counts": listed.counts, "filter": by, "said": filters.said(request.query_params),
            "choices": filters.CHOICES, "params": request.query_params, "address": filters.address,
            "next": listed.after, "later": after is not None, "wrong": wrong,
            "banners": (*listed.banners, *warnings(machine, now)), "strip": cells(machine, now),
            "visitor": self._visitor(request), "doors": self._desk is not None, "saved": await self._saved(),
            "columns": filters.columns(request.query_params) if wrong is None else filters.COLUMNS,
            "all_columns": filters.COLUMNS, "query": request.url.query,
        }  # fmt: skip
        return _html("incidents.html", facts, 200 if wrong is None else 400)

    async def _saved(self) -> Sequence[SavedFilter]:
        """Filters that people keep; none while the store is away, which the list says anyway."""
        try:
            return await asyncio.to_thread(self._filters.all)
        except PortError:
            return ()

    async def incident_page(self, request: Request, incident: str) -> Response:
        """One incident: the six questions first."""
        try:
            seen = await self._seeing.look(incident)
        except NothingAnswers as error:
            return _unavailable(request, error)
        if seen is None:
            return await self._unknown(request, incident)
        if _wants_json(request):
            view = seen.shown.view
            facts = view.model_dump(mode="json") | {"needs": view.needs, "cause": view.cause}
            return JSONResponse(facts | {"warnings": seen.shown.banners})
        visitor = self._visitor(request)
        # The cookie stays away when a link of another site leads here; a reload by our own page brings it.
        lost = self._desk is not None and visitor is None and request.headers.get("sec-fetch-site") == "cross-site"
        return self._shown(seen, visitor, step=request.query_params.get("step", ""), at_once=lost)

    async def act(self, request: Request, incident: str) -> Response:
        """A form of the page: what it says is told to the incident, and the answer stands on the page."""
        try:
            seen = await self._seeing.look(incident)
        except NothingAnswers as error:
            return _unavailable(request, error)
        if seen is None:
            return await self._unknown(request, incident)
        visitor = self._visitor(request)
        try:
            reply = await self._told(request, seen.shown)
        except Refused as refused:
            said = Reply(became=Became.REFUSED, text=str(refused))
            return self._shown(seen, visitor, reply=said, status=refused.status)
        if reply.became is Became.ACCEPTED:
            seen = await self._seeing.look(incident) or seen
        return self._shown(seen, visitor, reply=reply, status=STATUS[reply.became])

    async def _told(self, request: Request, shown: Shown) -> Reply:
        """Raises Refused for who may say nothing here."""
        desk, visitor, fields = await taken(self._desk, request)
        return await acted(desk, self._judging, visitor, shown.view, dict(fields))

    def _visitor(self, request: Request) -> Visitor | None:
        return visitor_of(self._desk, request)

    def _shown(
        self, seen: Seen, visitor: Visitor | None, *, step: str = "", reply: Reply | None = None, status: int = 200,
        at_once: bool = False,
    ) -> Response:  # fmt: skip
        now = datetime.now(UTC)
        facts = facts_of(seen, visitor, now, doors=self._desk is not None, step=step, reply=reply)
        return _html("incident.html", facts | {"regions": regions(facts, now), "at_once": at_once}, status)

    async def postmortem_page(self, request: Request, incident: str) -> Response:
        """The postmortem: a page, `?format=md` for its Markdown, JSON with the facts behind it."""
        name = incident.upper()
        try:
            found = await asyncio.to_thread(self._postmortems.get, name)
        except PortError as error:
            return _unavailable(request, error)
        if found is None:
            said = f"There is no postmortem of {name[:60]} yet: it is written when an incident escalates or closes."
            return await self._unknown(request, name, said)
        text, facts = found
        if request.query_params.get("format") in {"md", "markdown"}:
            return PlainTextResponse(text, media_type="text/markdown; charset=utf-8")
        if _wants_json(request):
            return JSONResponse({"incident": name, "markdown": text, "facts": facts})
        return _html("postmortem.html", {"incident": name, "body": postmortem(text, facts)})

    async def _unknown(self, request: Request, incident: str, said: str | None = None) -> Response:
        message = said or f"There is no incident {incident[:60]!r}."
        if _wants_json(request):
            return JSONResponse({"error": message}, 404)
        try:
            views = (await self._reader.many(Filter(), limit=_LOOKED_THROUGH)).views
        except NothingAnswers as error:
            return _unavailable(request, error)
        newest = sorted(views, key=lambda view: view.opened_at, reverse=True)[:_SUGGESTED]
        return _html("message.html", {"heading": "Not found", "message": message, "views": newest}, 404)


def _list_json(listed: Listed, machine: Machine | None) -> dict[str, Any]:
    """`muted`: what is muted now, None where that is not known."""
    quiet = machine.quiet if machine is not None else None
    return {
        "incidents": [view.model_dump(mode="json") | {"needs": view.needs} for view in listed.views],
        "counts": listed.counts.model_dump(mode="json"),
        "after": listed.after.token if listed.after else None,
        "warnings": listed.banners,
        "muted": None if quiet is None else [one.model_dump(mode="json") for one in quiet],
    }


def _wants_json(request: Request) -> bool:
    """`?format=json`, or a program that asks for JSON; browsers ask for HTML."""
    wanted = request.query_params.get("format")
    if wanted is not None:
        return wanted == "json"
    accepted = request.headers.get("accept", "")
    return "application/json" in accepted and "text/html" not in accepted


def _unavailable(request: Request, error: Exception) -> Response:
    if _wants_json(request):
        return JSONResponse({"error": str(error)}, 503, headers={"Retry-After": "5"})
    facts: dict[str, Any] = {"heading": "Nothing answers", "message": f"{error}.", "views": []}
    return _html("message.html", facts, 503, {"Retry-After": "5"})


def _html(
    template: str, facts: dict[str, Any], status: int = 200, headers: dict[str, str] | None = None
) -> HTMLResponse:
    return HTMLResponse(render(template, datetime.now(UTC), facts), status, headers)
