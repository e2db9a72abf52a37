"""Channel `slack`: one thread for each incident. Sending a message twice leaves one message."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, cast

from pydantic import SecretStr

from domain.levels import Risk
from domain.message import Message, Moment, Receipt
from integrations.ports import Rejected
from integrations.slack import blocks as layout
from integrations.slack.api import SlackApi
from integrations.slack.errors import LAYOUT, Refused
from integrations.slack.pace import EVERY_S, Pace
from integrations.slack.thread import Mark, Ours, Thread, before, ours, root_key

TIMEOUT_S = 5
_PAGE = 200
_PAGES = 5
_GONE = frozenset({"thread_not_found", "message_not_found"})


class SlackChannel:
    """Through the Web API with a bot's token. `tiers` and `approvers` are ids of user groups (S...) or users (U...,
    W...), who are mentioned. Above `decide_up_to` a plan has no buttons here, only the way to its page.
    """

    name = "slack"

    def __init__(
        self, token: SecretStr, channel: str, *, url: str | None = None,
        tiers: Mapping[int, Sequence[str]] | None = None, approvers: Sequence[str] = (),
        decide_up_to: Risk = Risk.HIGH, timeout_s: int = TIMEOUT_S, every_s: float = EVERY_S,
    ) -> None:  # fmt: skip
        self._api = SlackApi(token, url, timeout_s)
        self._channel = channel
        self._tiers = tiers or {}
        self._approvers = approvers
        self._decide_up_to = decide_up_to
        self._pace = Pace(every_s)
        self._bot: str | None = None

    def send(self, message: Message) -> Receipt:
        """Say it in the incident's thread, and bring up to date what stands there. Raises Unavailable or Rejected.

        Whatever was done already when it is sent again is found by its mark, and left.
        """
        thread = self._thread(message)
        if message.moment is Moment.EDIT and thread is None:
            return Receipt(channel=self.name, delivered=False, detail="there is no message of this incident to edit")
        begun = thread is None
        if thread is None:
            thread = self._begin(message)
        ts = self._say(message, thread) if _speaks(message, thread) else thread.ts
        detail = "" if begun else self._bring_up_to_date(message, thread)
        known = message.root is not None and message.root == thread.reference
        reference = f"{thread.channel}:{ts}" if known else thread.reference
        return Receipt(channel=self.name, delivered=True, reference=reference, detail=detail)

    def whoami(self) -> str:
        """Name of the bot and the workspace, and that it may read the channel. Raises as `send` does; says nothing."""
        me = self._api.read("auth.test")
        self._api.read("conversations.history", channel=self._channel, limit=1)
        return f"{me.get('user')} of {me.get('team')}"

    # -- finding -----------------------------------------------------------------------------------------------------

    def _thread(self, message: Message) -> Thread | None:
        """The incident's thread with our messages; None when there is none, (any more)."""
        known = Thread.of(message.root) if message.root else self._search(message)
        if known is None:
            return None
        try:
            found = replace(known, messages=self._ours("conversations.replies", known.channel, ts=known.ts))
        except Refused as refused:
            if refused.code not in _GONE:
                raise
            found = known
        if found.find(root_key(message.incident)) is not None:
            return found
        return self._search(message) if message.root else None  # somebody deleted it, and it may have been begun anew

    def _search(self, message: Message) -> Thread | None:
        """A root that was taken, and whose answer never arrived."""
        oldest = before(message.view.opened_at)
        key = root_key(message.incident)
        root = next(
            (o for o in self._ours("conversations.history", self._channel, oldest=oldest) if o.mark.key == key), None
        )
        return Thread(self._channel, root.ts, (root,)) if root else None

    def _ours(self, method: str, channel: str, **where: str) -> tuple[Ours, ...]:
        found: list[Ours] = []
        cursor, bot = "", self._bot_id()
        for _ in range(_PAGES):
            asked = {"channel": channel, "limit": _PAGE, "include_all_metadata": True, **where}
            answer = self._api.read(method, **asked, **({"cursor": cursor} if cursor else {}))
            found += ours(cast("list[Any]", answer.get("messages") or []), bot)
            cursor = str(cast("dict[str, Any]", answer.get("response_metadata") or {}).get("next_cursor") or "")
            if not cursor:
                break
        return tuple(found)

    def _bot_id(self) -> str:
        """Asked once. Raises as `send` does."""
        if self._bot is None:
            bot = self._api.read("auth.test").get("bot_id")
            if not bot:
                raise Rejected("slack: SLACK_BOT_TOKEN: is no bot's token")
            self._bot = str(bot)
        return self._bot

    # -- saying ------------------------------------------------------------------------------------------------------

    def _begin(self, message: Message) -> Thread:
        top, attached = layout.board(message)
        mark = Mark(key=root_key(message.incident), at=message.view.updated_at, by=message.key)
        text = layout.board_text(message)
        channel, ts = self._post(message, text, mark, {"blocks": top, "attachments": attached})
        return Thread(channel, ts, (Ours(ts, mark, text, ()),))

    def _say(self, message: Message, thread: Thread) -> str:
        """Once: a message with its key may be there already. Who must act is told in the channel too."""
        there = thread.find(message.key)
        if there is not None:
            return there.ts
        loud = layout.asks(message) or message.awaits
        asks = message.ask.digest if message.ask and layout.asks(message) else ""
        mark = Mark(key=message.key, at=message.view.updated_at, asks=asks, calls=layout.calls(message))
        body = {"blocks": layout.post(message, self._mention(message), self._decide_up_to)}
        where = {"thread_ts": thread.ts, **({"reply_broadcast": True} if loud else {})}
        return self._post(message, layout.push(message.short), mark, body, **where)[1]

    def _mention(self, message: Message) -> str:
        """Who must act: the approvers of a plan, else the tier that is called."""
        if layout.asks(message) and self._approvers:
            return _mentions(self._approvers)
        return _mentions(self._tiers.get(message.tier, ())) if message.awaits else ""

    def _post(self, message: Message, text: str, mark: Mark, body: Mapping[str, Any], **where: Any) -> tuple[str, str]:  # noqa: ANN401
        """Where it is now. A layout that Slack refuses costs the layout, not the message."""
        quiet = {"unfurl_links": False, "unfurl_media": False, "parse": "none", "link_names": False}
        said = {"channel": self._channel, "text": text, "metadata": mark.metadata, **quiet, **where}
        with self._pace.turn(_rank(message)):
            try:
                answer = self._api.write("chat.postMessage", {**said, **body})
            except Refused as refused:
                if refused.code not in LAYOUT:
                    raise
                answer = self._api.write("chat.postMessage", said)
        return str(answer["channel"]), str(answer["ts"])

    # -- keeping up --------------------------------------------------------------------------------------------------

    def _bring_up_to_date(self, message: Message, thread: Thread) -> str:
        """The root, and buttons that decide nothing any more. What cannot be edited is said: the message is out."""
        try:
            self._edit_root(message, thread)
            for there in thread.messages:
                self._take_buttons_away(message, thread, there)
        except Rejected as rejected:
            if message.moment is Moment.EDIT:
                raise
            return f"what stands there could not be edited: {rejected}"
        return ""

    def _edit_root(self, message: Message, thread: Thread) -> None:
        """Unless what stands there is newer: two messages may be under way at once."""
        root = thread.find(root_key(message.incident))
        if root is not None and root.mark.at > message.view.updated_at:
            return
        top, attached = layout.board(message)
        mark = Mark(key=root_key(message.incident), at=message.view.updated_at)
        self._update(
            message, thread, thread.ts, layout.board_text(message), mark, {"blocks": top, "attachments": attached}
        )

    def _take_buttons_away(self, message: Message, thread: Thread, there: Ours) -> None:
        view, mark = message.view, there.mark
        current = view.waiting.digest if view.waiting else ""
        old = frozenset[str]()
        record = ""
        if mark.asks and mark.asks != current:
            old |= {layout.DECIDE}
            record = layout.decided(view.decisions, mark.asks, view.updated_at)
        if mark.calls and (view.clock.acknowledged_at is not None or view.state.closed):
            old |= {layout.ANSWER}
        if not old or mark.at > view.updated_at:
            return
        left = mark.model_copy(update={
            "asks": "" if layout.DECIDE in old else mark.asks, "calls": mark.calls and layout.ANSWER not in old,
        })  # fmt: skip
        body = {"blocks": layout.without(there.blocks, old, record)}
        self._update(message, thread, there.ts, there.text, left, body)

    def _update(
        self, message: Message, thread: Thread, ts: str, text: str, mark: Mark, body: Mapping[str, Any]
    ) -> None:
        said = {"channel": thread.channel, "ts": ts, "text": text, "metadata": mark.metadata, "parse": "none"}
        with self._pace.turn(_rank(message)):
            self._api.write("chat.update", {**said, **body})


def _speaks(message: Message, thread: Thread) -> bool:
    """Is it a message of its own? What only announces the incident is said by the root that it began."""
    if message.moment is Moment.EDIT:
        return False
    root = thread.find(root_key(message.incident))
    began = root is not None and root.mark.by == message.key
    return not began or message.awaits or message.moment is not Moment.CALL


def _rank(message: Message) -> int:
    """Decisions before escalations, before the end, before the rest."""
    if layout.asks(message):
        return 0
    if message.awaits:
        return 1
    return 2 if message.moment is Moment.CLOSED else 3


def _mentions(names: Sequence[str]) -> str:
    return " ".join(f"<!subteam^{name}>" if name.startswith("S") else f"<@{name}>" for name in names)
