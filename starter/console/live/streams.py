"""The streams of open pages: regions of an incident as they change, and that a list has changed."""

from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing
from datetime import UTC, datetime

from fastapi import APIRouter, Request, Response
from fastapi.responses import PlainTextResponse

from starter.console.facts import facts_of
from starter.console.live import events
from starter.console.live.hub import Hub
from starter.console.live.regions import regions
from starter.console.seeing import Seeing, Seen
from starter.identity.desk import Desk
from starter.parts import Parts
from starter.reading import NothingAnswers
from starter.words import title

_LIST = "list"
_LONGEST_NAME = 60
_AWAY = "Neither Temporal nor Postgres answers."


def stream_routes(parts: Parts, seeing: Seeing) -> APIRouter:
    """`/incidents/events` and `/incidents/{id}/events`; before the pages, whose addresses would take the first."""
    streams = Streams(parts, seeing)
    router = APIRouter()
    router.add_api_route("/incidents/events", streams.of_list)
    router.add_api_route("/incidents/{incident}/events", streams.of_incident)
    return router


class Streams:
    """One stream for each page. What is shown is read once for all of them, and arranged for each visitor."""

    def __init__(self, parts: Parts, seeing: Seeing) -> None:
        self._desk: Desk | None = parts.desk
        self._seeing = seeing
        self._incidents = Hub[Seen | str](parts.incidents.stamps, self._read)
        self._lists = Hub[str](lambda _: {_LIST: parts.incidents.fingerprint()}, _now, refresh_s=float("inf"))
        parts.closing.at_the_end(self._incidents.end, self._lists.end)

    async def of_incident(self, request: Request, incident: str) -> Response:
        """Events named as the regions, each with all of its HTML; `over` when it is closed, and then the end."""
        name = (incident.upper() if incident.upper().startswith("INC-") else incident)[:_LONGEST_NAME]
        if self._incidents.full:
            return _full()
        return events.EventStream(self._regions(request, name))

    async def of_list(self) -> Response:
        """An event `changed` whenever an incident is added or changes."""
        return _full() if self._lists.full else events.EventStream(self._changes())

    async def _regions(self, request: Request, incident: str) -> AsyncGenerator[str]:
        yield events.opening()
        sent: dict[str, str] = {}
        async with aclosing(self._incidents.follow(incident)) as followed:
            async for seen, new in followed:
                for event in self._said(request, seen, sent):
                    yield event
                if seen is None or (isinstance(seen, Seen) and seen.shown.view.state.closed):
                    yield events.event("over", {})
                    return
                if not new:
                    yield events.beat()

    def _said(self, request: Request, seen: Seen | str | None, sent: dict[str, str]) -> Sequence[str]:
        if isinstance(seen, Seen):
            return self._changed(request, seen, sent)
        return [events.event("away", {"why": seen})] if seen else []

    def _changed(self, request: Request, seen: Seen, sent: dict[str, str]) -> Sequence[str]:
        """Events for the regions that differ from what this page was sent last."""
        now, view = datetime.now(UTC), seen.shown.view
        visitor = self._desk.visitors.who(request, now) if self._desk is not None else None
        facts = facts_of(seen, visitor, now, doors=self._desk is not None)
        about = {"digest": view.waiting.digest if view.waiting else "", "title": title(view)}
        fresh = {name: region for name, region in regions(facts, now).items() if sent.get(name) != region.key}
        sent.update({name: region.key for name, region in fresh.items()})
        number = f"{view.updated_at.timestamp():.6f}"
        return [
            events.event(name, {"key": region.key, "html": region.html, **about}, number)
            for name, region in fresh.items()
        ]

    async def _changes(self) -> AsyncGenerator[str]:
        yield events.opening()
        first = True
        async with aclosing(self._lists.follow(_LIST)) as followed:
            async for _, new in followed:
                yield events.event("changed", {}) if new and not first else events.beat()
                first = False

    async def _read(self, incident: str) -> Seen | str | None:
        try:
            return await self._seeing.look(incident)
        except NothingAnswers:
            return _AWAY


async def _now(_: str) -> str:
    """A list is read anew by the page that shows it; here counts only that there is something to read."""
    return datetime.now(UTC).isoformat()


def _full() -> Response:
    return PlainTextResponse("too many pages follow already; this one reloads by itself", 503, {"Retry-After": "15"})
