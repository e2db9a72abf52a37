"""Forms of pages: taken from who is logged in, and from our own pages alone."""

from datetime import UTC, datetime

import structlog
from fastapi import Request

from starter.console.forms import read_fields
from starter.console.login import FORGED
from starter.identity.desk import Desk
from starter.identity.visitors import Visitor, from_elsewhere
from starter.webhooks.body import Refused

_log = structlog.stdlib.get_logger(__name__)
Fields = list[tuple[str, str]]


def visitor_of(desk: Desk | None, request: Request) -> Visitor | None:
    """Who asks; None: a stranger, or nobody is known here."""
    return desk.visitors.who(request, datetime.now(UTC)) if desk is not None else None


async def taken(desk: Desk | None, request: Request, most: int = 20) -> tuple[Desk, Visitor, Fields]:
    """The desk, who sent the form, and its fields. Raises Refused: 401 for a stranger, 403 for a form of elsewhere."""
    visitor = visitor_of(desk, request)
    if desk is None or visitor is None:
        raise Refused(401, "you are not logged in; nothing was recorded")
    fields = await read_fields(request, most)
    if from_elsewhere(request) or not desk.visitors.sent_by(visitor, dict(fields).get("form", "")):
        _log.warning("form of elsewhere refused", who=visitor.person.name, path=request.url.path)
        raise Refused(403, FORGED)
    return desk, visitor, fields
