"""One word about many incidents: acknowledged, nothing was wrong, a note. Never an approval, never a resolution."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from fastapi import Request, Response
from fastapi.responses import HTMLResponse

from domain.command import CommandName
from domain.doors import Door
from domain.view import IncidentView
from starter.console.guarded import Fields, taken
from starter.console.rendering import render
from starter.identity.desk import Desk
from starter.identity.sending import Became, Reply
from starter.identity.speech import Unsayable
from starter.identity.visitors import Visitor
from starter.parts import Parts
from starter.reading import NothingAnswers, Reader
from starter.webhooks.body import Refused

WORDS = {
    CommandName.ACK: ("Acknowledge", "acknowledged"),
    CommandName.FALSE_POSITIVE: ("Mark as false positive", "marked as false positives, and closed"),
    CommandName.NOTE: ("Add a note to", "noted"),
}
MOST = 50
_AT_ONCE = 5


@dataclass(frozen=True)
class Row:
    """One incident and what became of the word. `view` None: there is no such incident."""

    incident: str
    view: IncidentView | None
    reply: Reply | None = None


class Bulk:
    """`POST /incidents/bulk`: first the list and the count, then, when it was confirmed, a result for each."""

    def __init__(self, parts: Parts, reader: Reader) -> None:
        self._desk = parts.desk
        self._reader = reader

    async def take(self, request: Request) -> Response:
        try:
            desk, visitor, fields = await taken(self._desk, request, most=MOST + 10)
            command, names = _asked(fields)
            rows = await self._rows(names)
        except Refused as refused:
            return _page({"heading": "Nothing was recorded", "message": str(refused), "views": []}, refused.status)
        form = dict(fields)
        if form.get("sure") != "yes" or (command is CommandName.NOTE and not form.get("comment", "").strip()):
            return _confirm(visitor, command, rows, form)
        told = await self._told(desk, visitor, command, rows, form.get("comment", ""))
        return HTMLResponse(render("bulk.html", datetime.now(UTC), _facts(visitor, command, told, form)))

    async def _rows(self, names: Sequence[str]) -> Sequence[Row]:
        turn = asyncio.Semaphore(_AT_ONCE)

        async def row(name: str) -> Row:
            async with turn:
                shown = await self._reader.one(name)
            return Row(name, shown.view if shown is not None else None)

        try:
            return await asyncio.gather(*(row(name) for name in names))
        except NothingAnswers as error:
            raise Refused(503, f"{error}; nothing was recorded") from error

    async def _told(
        self, desk: Desk, visitor: Visitor, command: CommandName, rows: Sequence[Row], comment: str
    ) -> Sequence[Row]:
        turn = asyncio.Semaphore(_AT_ONCE)

        async def tell(row: Row) -> Row:
            if row.view is None:
                return Row(row.incident, None, Reply(became=Became.REFUSED, text="there is no such incident"))
            async with turn:
                try:
                    reply = await desk.tell(visitor.person, Door.CONSOLE, row.view, command, comment)
                except Unsayable as error:
                    reply = Reply(became=Became.REFUSED, text=f"refused: {error}")
            return Row(row.incident, row.view, reply)

        return await asyncio.gather(*(tell(row) for row in rows))


def _asked(fields: Fields) -> tuple[CommandName, Sequence[str]]:
    """What is said of which incidents. Raises Refused for what is never said of many at once."""
    said = dict(fields).get("said", "")
    command = next((command for command in WORDS if command == said), None)
    if command is None:
        raise Refused(422, f"{said[:40]!r} is nothing that is said of many incidents at once; nothing was recorded")
    names = list(dict.fromkeys(value.strip()[:60] for name, value in fields if name == "incident" and value.strip()))
    if not 0 < len(names) <= MOST:
        raise Refused(422, f"choose between 1 and {MOST} incidents; nothing was recorded")
    return command, names


def _confirm(visitor: Visitor, command: CommandName, rows: Sequence[Row], form: dict[str, str]) -> Response:
    return HTMLResponse(render("bulk.html", datetime.now(UTC), _facts(visitor, command, rows, form)))


def _facts(visitor: Visitor, command: CommandName, rows: Sequence[Row], form: dict[str, str]) -> dict[str, Any]:
    done = any(row.reply is not None for row in rows)
    accepted = sum(row.reply is not None and row.reply.became is Became.ACCEPTED for row in rows)
    return {
        "visitor": visitor, "command": command, "verb": WORDS[command][0], "did": WORDS[command][1], "rows": rows,
        "done": done, "accepted": accepted, "comment": form.get("comment", ""),
        "asked_again": form.get("sure") == "yes",
    }  # fmt: skip


def _page(facts: dict[str, Any], status: int) -> Response:
    return HTMLResponse(render("message.html", datetime.now(UTC), facts), status)
