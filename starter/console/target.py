"""A plan's target as it stands: a fragment of its own, so that no page ever waits for a cluster."""

from datetime import UTC, datetime
from typing import Any

from fastapi import Request, Response
from fastapi.responses import HTMLResponse

from domain.standing import Standing
from starter.console.card import Row, waiting_plan
from starter.console.rendering import render
from starter.reading import NothingAnswers, Reader
from starter.targets import Targets


class TargetPage:
    """`/incidents/{id}/target`: with `?part=1` for the card to take in, else a page to read by itself."""

    def __init__(self, reader: Reader, targets: Targets) -> None:
        self._reader = reader
        self._targets = targets

    async def show(self, request: Request, incident: str) -> Response:
        """Read now; what cannot be read is said, with status 200: it is an answer, for a person."""
        try:
            shown = await self._reader.one(incident)
        except NothingAnswers as error:
            return self._answer(request, incident, None, f"{error}")
        plan = waiting_plan(shown.view) if shown is not None else None
        if plan is None:
            return self._answer(request, incident, None, "no plan waits for a decision", 404)
        seen = await self._targets.look(plan)
        if isinstance(seen, str):
            return self._answer(request, incident, None, seen)
        return self._answer(request, incident, seen, "")

    def _answer(
        self, request: Request, incident: str, seen: Standing | None, why_not: str, status: int = 200
    ) -> Response:
        part = request.query_params.get("part") == "1"
        named = incident.upper()[:60]
        facts: dict[str, Any] = {"incident": named, "seen": seen, "why_not": why_not, "diff": _rows(seen)}
        return HTMLResponse(render("target.html" if part else "target_page.html", datetime.now(UTC), facts), status)


def _rows(seen: Standing | None) -> tuple[Row, ...]:
    if seen is None:
        return ()
    return (*(Row(sign="-", text=one) for one in seen.before), *(Row(sign="+", text=one) for one in seen.after))
