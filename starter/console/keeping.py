"""`POST /incidents/filters`: keep a filter of the list with its columns under a name, or drop one."""

import asyncio
from datetime import UTC, datetime

from fastapi import Request, Response
from fastapi.responses import HTMLResponse, RedirectResponse
from pydantic import ValidationError

from domain.listing import SavedFilter
from integrations.ports import PortError
from starter.console import filters
from starter.console.guarded import taken
from starter.console.rendering import render
from starter.parts import Parts
from starter.untrusted import clean
from starter.webhooks.body import Refused

MOST = 50


class Keeping:
    """Whoever is logged in keeps filters for everybody; who did is kept with them."""

    def __init__(self, parts: Parts) -> None:
        self._desk = parts.desk
        self._filters = parts.filters

    async def take(self, request: Request) -> Response:
        try:
            _, visitor, fields = await taken(self._desk, request)
            form = dict(fields)
            name = clean(form.get("name", ""), 60)
            if form.get("said") == "drop":
                await asyncio.to_thread(self._filters.drop, name)
                return RedirectResponse("/incidents", 303)
            saved = _saved(name, form.get("query", ""), visitor.person.name)
            await asyncio.to_thread(self._keep, saved)
        except Refused as refused:
            return _no(str(refused), refused.status)
        except PortError as error:
            return _no(f"{error}; nothing was kept", 503)
        return RedirectResponse(f"/incidents?{saved.query}", 303)

    def _keep(self, saved: SavedFilter) -> None:
        known = {one.name for one in self._filters.all()}
        if len(known) >= MOST and saved.name not in known:
            raise Refused(409, f"there are {MOST} filters already: drop one first; nothing was kept")
        self._filters.keep(saved)


def _saved(name: str, query: str, who: str) -> SavedFilter:
    """Raises Refused for what is no filter, or has no name."""
    now = datetime.now(UTC)
    try:
        return SavedFilter(name=name, query=filters.kept(query, now), who=who, at=now)
    except ValidationError as error:
        first = error.errors()[0]
        raise Refused(422, f"{first['loc'][0]}: {first['msg']}; nothing was kept") from error
    except ValueError as error:
        raise Refused(422, f"{error}; nothing was kept") from error


def _no(said: str, status: int) -> Response:
    facts: dict[str, object] = {"heading": "Nothing was kept", "message": said, "views": []}
    return HTMLResponse(render("message.html", datetime.now(UTC), facts), status)
