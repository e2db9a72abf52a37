"""What people do on the page of an incident: each form is checked, told to the incident, and answered in words."""

import asyncio
from datetime import UTC, datetime

from pydantic import ValidationError

from domain.approval import Verdict
from domain.change import FIELDS, read_change
from domain.command import CommandName
from domain.doors import Door
from domain.feedback import Feedback
from domain.view import IncidentView
from starter.console.card import WHY_NEEDED, Step
from starter.identity.desk import Desk
from starter.identity.sending import Became, Reply
from starter.identity.speech import Unsayable
from starter.identity.visitors import Visitor
from starter.judging import Judging

STATUS = {Became.ACCEPTED: 200, Became.REFUSED: 409, Became.UNHEARD: 503, Became.UNANSWERED: 503}


FEEDBACK = "feedback"


async def acted(desk: Desk, judging: Judging, visitor: Visitor, view: IncidentView, form: dict[str, str]) -> Reply:
    """Say what the form says, as this visitor. What a form of ours never says is refused, in words too."""
    said = form.get("said", "")
    if said == FEEDBACK:
        judged = _feedback(visitor, view, form)
        if isinstance(judged, str):
            return _refused(f"{judged}; nothing was recorded")
        return await asyncio.to_thread(judging.take, view, judged)
    if said in list(Verdict):
        return await _decided(desk, visitor, view, Verdict(said), form)
    if said in list(CommandName):
        return await _told(desk, visitor, view, CommandName(said), form)
    return _refused(f"{said[:40]!r} is nothing that can be said here")


def _feedback(visitor: Visitor, view: IncidentView, form: dict[str, str]) -> Feedback | str:
    """What the form says of the cause, or what is wrong with it."""
    cause, picked = form.get("cause", ""), form.get("picked", "")
    category, _, service = picked.partition("@") if picked else (form.get("category", ""), "", form.get("service", ""))
    if cause == "wrong" and not (category and service.strip()):
        return "the cause that it was needs a category and a service"
    other = {"category": category, "service": service.strip()} if cause == "wrong" else {}
    try:
        return Feedback.model_validate({
            "incident": view.incident, "at": datetime.now(UTC), "who": visitor.person.name, "door": Door.CONSOLE,
            "proven": True, "right": cause == "right", "false_positive": cause == "false_positive",
            "comment": form.get("comment", "").strip(), **other,
        })  # fmt: skip
    except ValidationError as error:
        first = error.errors()[0]
        return f"{'.'.join(map(str, first['loc']))} {first['msg'].removeprefix('Value error, ')}".strip()


async def _told(desk: Desk, visitor: Visitor, view: IncidentView, command: CommandName, form: dict[str, str]) -> Reply:
    own = form.get(command.own, "").strip() if command.own is not None else ""
    try:
        return await desk.tell(visitor.person, Door.CONSOLE, view, command, form.get("comment", ""), own)
    except Unsayable as error:
        return _refused(f"{error}; nothing was recorded")


async def _decided(desk: Desk, visitor: Visitor, view: IncidentView, verdict: Verdict, form: dict[str, str]) -> Reply:
    comment = form.get("comment", "").strip()
    if Step(verdict) in WHY_NEEDED and not comment:
        return _refused("a word of why is needed; nothing was recorded")
    change = read_change({name: form.get(name, "").strip() for name in FIELDS}) if verdict is Verdict.CHANGE else None
    if isinstance(change, str):
        return _refused(f"{change}; nothing was recorded")
    try:
        return await desk.decide(
            visitor.person, Door.CONSOLE, view, digest=form.get("digest", ""), verdict=verdict, comment=comment,
            change=change,
        )  # fmt: skip
    except Unsayable as error:
        return _refused(f"{error}; nothing was recorded")


def _refused(text: str) -> Reply:
    return Reply(became=Became.REFUSED, text=f"refused: {text}")
