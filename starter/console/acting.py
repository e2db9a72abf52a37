"""What people do on the page of an incident: each form is checked, told to the incident, and answered in words."""

from domain.approval import Verdict
from domain.change import FIELDS, read_change
from domain.command import CommandName
from domain.doors import Door
from domain.view import IncidentView
from starter.console.card import WHY_NEEDED, Step
from starter.identity.desk import Desk
from starter.identity.sending import Became, Reply
from starter.identity.speech import Unsayable
from starter.identity.visitors import Visitor

STATUS = {Became.ACCEPTED: 200, Became.REFUSED: 409, Became.UNHEARD: 503, Became.UNANSWERED: 503}


async def acted(desk: Desk, visitor: Visitor, view: IncidentView, form: dict[str, str]) -> Reply:
    """Say what the form says, as this visitor. What a form of ours never says is refused, in words too."""
    said = form.get("said", "")
    if said in list(Verdict):
        return await _decided(desk, visitor, view, Verdict(said), form)
    if said in list(CommandName):
        return await desk.tell(visitor.person, Door.CONSOLE, view, CommandName(said), form.get("comment", ""))
    return _refused(f"{said[:40]!r} is nothing that can be said here")


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
