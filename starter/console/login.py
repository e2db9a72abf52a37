"""Login and logout."""

import re
from datetime import UTC, datetime
from typing import Any

import structlog
from fastapi import APIRouter, Request, Response
from fastapi.responses import HTMLResponse, RedirectResponse

from domain.people import Person
from starter.console.forms import read_form
from starter.console.rendering import render
from starter.identity.desk import Desk
from starter.identity.sessions import LIFE
from starter.identity.visitors import from_elsewhere
from starter.webhooks.body import Refused

_log = structlog.stdlib.get_logger(__name__)
# Only our own pages: an address from a link must lead nowhere else.
_PLACE = re.compile(r"/incidents(/[A-Za-z0-9-]{1,60})?(\?show=open)?")


def login_routes(desk: Desk | None) -> APIRouter:
    """`/login` and `/logout`."""
    doors = Doors(desk)
    router = APIRouter()
    router.add_api_route("/login", doors.page)
    router.add_api_route("/login", doors.login, methods=["POST"])
    router.add_api_route("/logout", doors.logout, methods=["POST"])
    return router


class Doors:
    """In and out."""

    def __init__(self, desk: Desk | None) -> None:
        self._desk = desk

    async def page(self, request: Request, to: str = "/incidents") -> Response:
        if self._desk is None:
            return _page(_NOBODY, to, 404)
        if self._desk.visitors.who(request, datetime.now(UTC)) is not None:
            return RedirectResponse(_place(to), 303)
        return _page("", to)

    async def login(self, request: Request) -> Response:
        """Name and token; either of them wrong is the same answer."""
        desk = self._desk
        if desk is None:
            return _page(_NOBODY, "/incidents", 404)
        try:
            form = _ours(request, await read_form(request))
        except Refused as refused:
            return _page(str(refused), "/incidents", refused.status)
        name, to, now = form.get("name", "").strip(), _place(form.get("to", "")), datetime.now(UTC)
        peer = request.client.host if request.client else ""
        token = form.get("token", "").strip()
        wait = max(desk.guesses.wait_s(f"{peer} {name}", now), desk.floods.wait_s(peer, now))
        # Behind a proxy all callers are one peer: a stranger's guesses must not keep out whoever has a token.
        if wait and not desk.directory.expects(token):
            return _page(f"Too many failed logins. Try again in {wait} s.", to, 429, {"Retry-After": str(wait)})
        person = await desk.directory.with_token(token)
        if person is None or person.name != name:
            desk.guesses.failed(f"{peer} {name}", now)
            desk.floods.failed(peer, now)
            _log.warning("login failed", name=name[:64], peer=peer)
            return _page("Name and token do not fit.", to, 401)
        desk.guesses.succeeded(f"{peer} {name}")
        _log.info("login", who=person.name, peer=peer)
        return _entered(desk, person, to, now)

    async def logout(self, request: Request) -> Response:
        """The session ends here, not only in the browser."""
        desk, now = self._desk, datetime.now(UTC)
        visitor = desk.visitors.who(request, now) if desk is not None else None
        if desk is None or visitor is None:
            return RedirectResponse("/incidents", 303)
        try:
            form = _ours(request, await read_form(request))
        except Refused as refused:
            return _page(str(refused), "/incidents", refused.status)
        if not desk.visitors.sent_by(visitor, form.get("form", "")):
            return _page(FORGED, "/incidents", 403)
        if visitor.session is not None:
            desk.visitors.sessions.end(visitor.session, now)
        answer = RedirectResponse("/incidents", 303)
        answer.delete_cookie(desk.visitors.cookie, path="/", secure=desk.secure, httponly=True, samesite="strict")
        return answer


def _entered(desk: Desk, person: Person, to: str, now: datetime) -> Response:
    answer = RedirectResponse(f"{to}#card", 303)
    answer.set_cookie(
        desk.visitors.cookie, desk.visitors.sessions.begin(person, now), max_age=int(LIFE.total_seconds()), path="/",
        secure=desk.secure, httponly=True, samesite="strict",
    )  # fmt: skip
    return answer


_NOBODY = "Nobody can log in here: this installation has no NIGHTSHIFT_PEOPLE."
FORGED = "This did not come from a form that we showed you, so nothing was done. Open the page again."


def _ours(request: Request, form: dict[str, str]) -> dict[str, str]:
    """Raises Refused for what a page of another site sends."""
    if from_elsewhere(request):
        raise Refused(403, FORGED)
    return form


def _place(to: str) -> str:
    return to if _PLACE.fullmatch(to) else "/incidents"


def _page(said: str, to: str, status: int = 200, headers: dict[str, str] | None = None) -> Response:
    facts: dict[str, Any] = {"said": said, "to": _place(to), "visitor": None}
    return HTMLResponse(render("login.html", datetime.now(UTC), facts), status, headers)
