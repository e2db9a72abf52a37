"""A press becomes a person's word, with its proof; whatever comes of it is said in words where it was pressed."""

import asyncio
from datetime import UTC, datetime

import structlog

from domain.approval import Verdict
from domain.audit import AuditRow
from domain.command import CommandName
from domain.doors import Door
from domain.feedback import Feedback
from domain.levels import Risk
from domain.people import Person
from domain.view import IncidentView
from integrations.ports import PortError
from integrations.slack.press import Decide, Press
from starter.away import TemporalAway
from starter.identity.sending import Became, Reply
from starter.judging import Judging
from starter.parts import Parts
from starter.slack.payload import Pressed

_COMMANDS = {Decide.ACK: CommandName.ACK, Decide.TAKE: CommandName.TAKE}
_VERDICTS = {Decide.APPROVE: Verdict.APPROVE, Decide.REJECT: Verdict.REJECT}
_log = structlog.stdlib.get_logger(__name__)


async def answer(parts: Parts, pressed: Pressed, once: str) -> Reply:
    """What became of it. `once` names the request, so that a refusal is recorded once."""
    person = parts.desk.directory.on_slack(pressed.user) if parts.desk else None
    if person is None:
        reply = Reply(became=Became.REFUSED, text=_stranger(parts, pressed.user))
        await _record(parts, pressed, reply, once)
        return reply
    try:
        view = await _view(parts, pressed.press.incident)
    except (TemporalAway, PortError) as away:
        return Reply(became=Became.UNHEARD, text=f"{away}; nothing was recorded. Press again.")
    if view is None:
        return Reply(
            became=Became.REFUSED, text=f"There is no incident {pressed.press.incident}; nothing was recorded."
        )
    return _with_history(await _say(parts, person, view, pressed.press), view, pressed.press)


_JUDGEMENTS = {Decide.RIGHT, Decide.FALSE_ALARM}


async def _say(parts: Parts, person: Person, view: IncidentView, press: Press) -> Reply:
    assert parts.desk is not None  # noqa: S101 - there is no person without a desk
    if press.decision in _JUDGEMENTS:
        said = Feedback(
            incident=view.incident, at=datetime.now(UTC), who=person.name, door=Door.SLACK, proven=True,
            right=press.decision is Decide.RIGHT, false_positive=press.decision is Decide.FALSE_ALARM,
        )  # fmt: skip
        judging = Judging(parts.feedback, parts.audit, parts.memory, parts.thresholds)
        return await asyncio.to_thread(judging.take, view, said)
    if press.decision in _COMMANDS:
        return await parts.desk.tell(person, Door.SLACK, view, _COMMANDS[press.decision])
    if view.waiting is not None and not parts.slack_decides_up_to.at_least(view.waiting.risk):
        # Such a plan has no buttons: one that is pressed is older than the setting, or was not made by us.
        return Reply(became=Became.REFUSED, text=_too_risky(parts, view, view.waiting.risk))
    verdict = _VERDICTS[press.decision]
    return await parts.desk.decide(person, Door.SLACK, view, digest=press.digest, verdict=verdict)


async def _view(parts: Parts, incident: str) -> IncidentView | None:
    """From its workflow, else as it was last recorded."""
    live = await parts.live.find(incident)
    return live or await asyncio.to_thread(parts.incidents.get, incident)


def _with_history(reply: Reply, view: IncidentView, press: Press) -> Reply:
    """Who presses an old button is told who decided."""
    before = next((d for d in view.decisions if press.digest and press.digest.startswith(d.digest)), None)
    if reply.became is not Became.REFUSED or before is None or before.who in reply.text:
        return reply
    said = f"{before.actor} decided by {before.door}: {before.verdict}"
    return reply.model_copy(update={"text": f"{reply.text}. {said}."})


def _too_risky(parts: Parts, view: IncidentView, risk: Risk) -> str:
    where = view.page_url or f"nightshift show {view.incident}"
    limit = parts.slack_decides_up_to
    return f"Buttons decide up to risk {limit} here, and this plan's is {risk}; nothing was recorded. Decide at {where}"


def _stranger(parts: Parts, user: str) -> str:
    """Being in the channel is no permission."""
    if parts.desk is None:
        return "Nobody can be recognised here: no people are configured (NIGHTSHIFT_PEOPLE). Nothing was recorded."
    return (
        f"You ({user}) are not linked to a person who may decide, so nothing was decided. "
        f"Whoever keeps the people's file can link you: slack: {user}."
    )


async def _record(parts: Parts, pressed: Pressed, reply: Reply, once: str) -> None:
    """An attempt of a stranger stands in the audit log of the incident."""
    row = AuditRow(
        key=f"{pressed.press.incident}:slack:{once}", incident=pressed.press.incident, at=datetime.now(UTC),
        actor=f"Slack user {pressed.user} (not linked)", door=Door.SLACK, action=pressed.press.decision,
        result=f"refused: {reply.text}", digest=pressed.press.digest or None,
    )  # fmt: skip
    try:
        await asyncio.to_thread(parts.audit.append, row)
    except PortError as error:
        _log.error("an attempt could not be recorded", incident=row.incident, actor=row.actor, reason=str(error))
