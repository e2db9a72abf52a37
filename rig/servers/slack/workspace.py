"""The workspace: its channels, people and messages, with every edit of each."""

import itertools
import re
import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, cast

from rig.servers.slack.rules import LONGEST_TEXT, objections

Json = Mapping[str, Any]
BOT = "B0NIGHT"
_MENTION = re.compile(r"<(?:[!@#][^>]*)>")
_LINK = re.compile(r"<((?:https?|mailto)[^>|]*)(?:\|[^>]*)?>")


class SlackError(Exception):
    """Slack's no: its code, and for a layout what is wrong with it."""

    def __init__(self, code: str, messages: Sequence[str] = ()) -> None:
        super().__init__(code)
        self.code = code
        self.messages = tuple(messages)


@dataclass(frozen=True)
class Posted:
    """A message as it stands, and what it was before each edit. `at` is in Unix seconds."""

    channel: str
    ts: str
    said: Json
    at: float
    edits: tuple[Json, ...] = ()
    bot: str = BOT

    @property
    def text(self) -> str:
        return str(self.said.get("text", ""))

    @property
    def blocks(self) -> list[Json]:
        return list(self.said.get("blocks") or [])

    @property
    def everything(self) -> str:
        """All text that people see, in the order in which it stands there."""
        attachments = cast("list[Json]", self.said.get("attachments") or [])
        attached: list[object] = [attachment.get("blocks", []) for attachment in attachments]
        return "\n".join(texts([self.text, self.blocks, attached]))

    @property
    def thread_ts(self) -> str | None:
        return self.said.get("thread_ts")

    @property
    def broadcast(self) -> bool:
        return bool(self.said.get("reply_broadcast"))

    @property
    def metadata(self) -> Json:
        return self.said.get("metadata") or {}

    @property
    def mentions(self) -> list[str]:
        """Whom Slack would notify, as it reads control sequences."""
        return _MENTION.findall(self.everything)

    @property
    def links(self) -> list[str]:
        return _LINK.findall(self.everything)

    @property
    def buttons(self) -> dict[str, Json]:
        """By action_id."""
        rows = [b for b in self.blocks if b.get("type") == "actions"]
        return {str(e["action_id"]): e for row in rows for e in row["elements"]}

    @property
    def shown(self) -> dict[str, Any]:
        """As the history of a channel has it."""
        kept = {key: value for key, value in self.said.items() if key not in {"channel", "parse", "link_names"}}
        return {"type": "message", "bot_id": self.bot, "ts": self.ts, **kept}


def texts(what: object) -> list[str]:
    """Every text object within, and plain texts."""
    if isinstance(what, str):
        return [what]
    if isinstance(what, list):
        return [text for item in cast("list[object]", what) for text in texts(item)]
    if not isinstance(what, dict):
        return []
    held = cast("dict[str, object]", what)
    if held.get("type") in {"plain_text", "mrkdwn"}:
        return [str(held.get("text", ""))]
    return texts([held[key] for key in ("text", "fields", "elements", "confirm") if key in held])


@dataclass
class Workspace:
    """`channels`: the ids that exist, and whether the bot is in. `users`: names by id."""

    token: str = "xoxb-local-0123456789"  # noqa: S105 - opens nothing but this server
    channels: dict[str, bool] = field(default_factory=lambda: {"C0INCIDENTS": True})
    users: dict[str, str] = field(default_factory=lambda: {"U0ANA": "ana", "U0MIA": "mia", "U0GUEST": "guest"})
    messages: list[Posted] = field(default_factory=list[Posted])
    lock: threading.RLock = field(default_factory=threading.RLock)
    _numbers: "itertools.count[int]" = field(default_factory=itertools.count)

    def post(self, said: Json, bot: str = BOT, *, unseen: bool = False) -> Posted:
        """chat.postMessage, by this bot; `unseen`: chat.postEphemeral, which nothing keeps. Raises SlackError."""
        with self.lock:
            channel = self._channel(said)
            _check(said)
            thread = said.get("thread_ts")
            if thread is not None and self._find(channel, str(thread)) is None:
                raise SlackError("thread_not_found")
            now = time.time()
            posted = Posted(channel, f"{int(now)}.{next(self._numbers):06}", _as_slack_keeps(said), now, bot=bot)
            if not unseen:
                self.messages.append(posted)
            return posted

    def update(self, said: Json) -> Posted:
        """chat.update: what is left out of it stays, but for blocks when there is a text. Raises SlackError."""
        with self.lock:
            channel = self._channel(said)
            _check(said)
            old = self._find(channel, str(said.get("ts")))
            if old is None:
                raise SlackError("message_not_found")
            kept = {key: value for key, value in old.said.items() if key != "blocks" or "text" not in said}
            new = replace(old, said={**kept, **_as_slack_keeps(said)}, edits=(*old.edits, old.said))
            self.messages[self.messages.index(old)] = new
            return new

    def delete(self, ts: str) -> None:
        """As somebody with the right to does it."""
        with self.lock:
            self.messages = [message for message in self.messages if message.ts != ts]

    def history(self, asked: Json) -> list[Posted]:
        """conversations.history: newest first, without replies that were not broadcast. Raises SlackError."""
        with self.lock:
            channel, oldest = self._channel(asked), float(asked.get("oldest") or 0)
            mine = [m for m in self.messages if m.channel == channel and float(m.ts) >= oldest]
            return [m for m in reversed(mine) if m.thread_ts is None or m.broadcast]

    def replies(self, asked: Json) -> list[Posted]:
        """conversations.replies: the root and its thread, oldest first. Raises SlackError."""
        with self.lock:
            channel, ts = self._channel(asked), str(asked.get("ts"))
            if self._find(channel, ts) is None:
                raise SlackError("thread_not_found")
            return [m for m in self.messages if m.channel == channel and ts in {m.ts, m.thread_ts}]

    def _channel(self, asked: Json) -> str:
        channel = str(asked.get("channel", ""))
        if channel not in self.channels:
            raise SlackError("channel_not_found")
        if not self.channels[channel]:
            raise SlackError("not_in_channel")
        return channel

    def _find(self, channel: str, ts: str) -> Posted | None:
        return next((m for m in self.messages if (m.channel, m.ts) == (channel, ts)), None)


def _check(said: Json) -> None:
    if not (said.get("text") or said.get("blocks") or said.get("attachments")):
        raise SlackError("no_text")
    if len(str(said.get("text", ""))) > LONGEST_TEXT:
        raise SlackError("msg_too_long")
    found = objections(said)
    if found:
        raise SlackError("invalid_blocks", [f"[ERROR] {one}" for one in found])
    metadata = said.get("metadata")
    if metadata is not None and not {"event_type", "event_payload"} <= set(metadata):
        raise SlackError("invalid_metadata_format")


def _as_slack_keeps(said: Json) -> dict[str, Any]:
    return {key: value for key, value in said.items() if key not in {"ts"}}
