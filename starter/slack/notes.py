"""What people write in an incident's thread: `note:` goes to the timeline, and nothing said there ever decides."""

import asyncio
from collections.abc import Mapping
from typing import Any, cast

import structlog

from domain.command import CommandName
from domain.doors import Door
from domain.model import Model
from integrations.ports import PortError
from starter.identity.sending import Became, Reply
from starter.identity.speech import Unsayable
from starter.parts import Parts
from starter.untrusted import clean

_PREFIX = "note:"
_LONGEST = 2_000
_log = structlog.stdlib.get_logger(__name__)


class Written(Model):
    """A note as Slack tells it. `event` is Slack's name for the delivery, the same when it comes again."""

    event: str
    user: str
    channel: str
    thread: str
    text: str


def read_written(outer: Mapping[str, object]) -> Written | None:
    """The note in an event of Slack; None for whatever else is said, by whomever. Slack escapes & < > in texts."""
    inner = outer.get("event")
    said = cast("dict[str, Any]", inner) if isinstance(inner, dict) else {}
    if outer.get("type") != "event_callback" or said.get("type") != "message" or "subtype" in said or "bot_id" in said:
        return None
    names = [outer.get("event_id"), *(said.get(name) for name in ("user", "channel", "thread_ts", "text"))]
    if not all(isinstance(value, str) and value for value in names):
        return None
    event, user, channel, thread, text = (str(value) for value in names)
    if not text.lstrip().lower().startswith(_PREFIX):
        return None
    note = text.lstrip()[len(_PREFIX) :].replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")
    return Written(
        event=clean(event, 60), user=clean(user, 40), channel=clean(channel, 40), thread=clean(thread, 40),
        text=clean(note, _LONGEST),
    )  # fmt: skip


async def noted(parts: Parts, written: Written) -> Reply | None:
    """What became of it; None: this is the thread of no incident that is open, so it was not said to us."""
    try:
        view = await asyncio.to_thread(parts.incidents.in_thread, "slack", f"{written.channel}:{written.thread}")
    except PortError as error:
        return Reply(became=Became.UNHEARD, text=f"{error}; the note was not recorded. Write it again.")
    if view is None:
        return None
    person = parts.desk.directory.on_slack(written.user) if parts.desk else None
    if parts.desk is None or person is None:
        said = f"You ({written.user}) are not linked to a person, so the note was not recorded."
        return Reply(became=Became.REFUSED, text=said)
    try:
        return await parts.desk.tell(
            person, Door.SLACK, view, CommandName.NOTE, written.text, key=f"note:{written.event}"
        )
    except Unsayable:
        return Reply(became=Became.REFUSED, text="There is nothing after `note:`, so nothing was recorded.")


async def answer(parts: Parts, written: Written) -> None:
    """Take the note in, and tell who wrote it what became of it."""
    reply = await noted(parts, written)
    if reply is None:
        return
    _log.info("note in a thread", user=written.user, became=reply.became, answer=reply.text)
    if parts.slack is None:
        return
    try:
        await asyncio.to_thread(parts.slack.whisper, written.channel, written.thread, written.user, reply.text)
    except PortError as error:
        _log.warning("the answer to a note could not be shown", reason=str(error))
