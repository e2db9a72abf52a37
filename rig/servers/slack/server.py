"""The server: Slack's Web API by HTTP, incoming webhooks, and people who press buttons."""

import hashlib
import hmac
import json
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler
from typing import Any
from urllib.parse import parse_qsl, urlencode

from rig.servers.ports import LOOPBACK, free_port
from rig.servers.server import Server
from rig.servers.serving import Answering, Serving
from rig.servers.slack.trouble import Trouble
from rig.servers.slack.workspace import BOT, Json, Posted, SlackError, Workspace

CHANNEL = "C0INCIDENTS"
_PRESS_SECONDS = 10.0


@dataclass(frozen=True)
class Answer:
    """What a person's press was answered with, at once."""

    status: int
    body: str


class SlackServer(Server):
    """`url` is the base address of the Web API, `hook_url` of an incoming webhook.

    `asked` lists the calls in order, `replies` what came to a response_url, `whispers` what one person alone was shown.
    A `Trouble` holds for one call.
    """

    def __init__(self, signing_secret: str = "local-signing-secret") -> None:  # noqa: S107 - opens nothing
        self.signing_secret = signing_secret
        self.workspace = Workspace()
        self.port = free_port()
        self.url = f"http://{LOOPBACK}:{self.port}/api"
        self.hook_url = f"http://{LOOPBACK}:{self.port}/services/T0/B0/hook"
        self.asked: list[str] = []
        self.replies: list[Json] = []
        self.whispers: list[Json] = []
        self.interactions: str | None = None
        self._troubles: list[Trouble] = []
        self._events = 0
        self._lock = threading.RLock()
        self._over = threading.Event()
        self._serving = Serving(self.port, _handler(self))

    def start(self) -> None:
        """Returns when it listens."""
        self._over.clear()
        self._serving.start()

    def stop(self) -> None:
        """What hangs is let go."""
        self._over.set()
        self._serving.stop()

    def clear(self) -> None:
        """An empty workspace, without trouble."""
        with self._lock:
            self.workspace = Workspace()
            self.asked, self.replies, self.whispers, self._troubles = [], [], [], []

    @property
    def messages(self) -> list[Posted]:
        """All, in the order in which they came."""
        with self.workspace.lock:
            return list(self.workspace.messages)

    def trouble(self, *troubles: Trouble) -> None:
        """The next calls of these methods go wrong, one for each."""
        with self._lock:
            self._troubles += troubles

    def wait_for(self, wanted: Callable[[Posted], bool], within: float) -> Posted:
        """The first message that is wanted; TimeoutError when none has come in time (seconds)."""
        give_up = time.monotonic() + within
        while time.monotonic() < give_up:
            if found := next((message for message in self.messages if wanted(message)), None):
                return found
            time.sleep(0.05)
        raise TimeoutError(f"no such message in {within:g} s; {len(self.messages)} others came")

    # -- people -------------------------------------------------------------------------------------------------------

    def press(self, message: Posted, action_id: str, user: str = "U0ANA", *, again: Posted | None = None) -> Answer:
        """A person presses a button of the message, as they see it (`again`: an old copy of it)."""
        body = self.payload(again or message, action_id, user)
        return self.deliver(body, self.signed(body))

    def payload(self, message: Posted, action_id: str, user: str) -> bytes:
        """The form that Slack sends for it."""
        button = message.buttons[action_id]
        number = len(self.asked) + len(self.replies)
        payload: dict[str, Any] = {
            "type": "block_actions", "api_app_id": "A0NIGHT", "token": "legacy", "trigger_id": f"{number}.1.x",
            "user": {"id": user, "username": self.workspace.users.get(user, "?"), "team_id": "T0"},
            "team": {"id": "T0", "domain": "local"}, "enterprise": None, "is_enterprise_install": False,
            "container": {"type": "message", "message_ts": message.ts, "channel_id": message.channel,
                          "thread_ts": message.thread_ts, "is_ephemeral": False},
            "channel": {"id": message.channel, "name": "incidents"}, "message": message.shown,
            "state": {"values": {}}, "response_url": f"http://{LOOPBACK}:{self.port}/actions/T0/{message.ts}/x",
            "actions": [{**{k: v for k, v in button.items() if k != "confirm"}, "block_id": "b",
                         "action_ts": f"{time.time():.6f}"}],
        }  # fmt: skip
        return urlencode({"payload": json.dumps(payload)}).encode()

    def event(self, message: Posted, text: str, user: str, **more: object) -> bytes:
        """What Slack's Events API sends when somebody writes in the message's thread."""
        with self._lock:
            self._events += 1
            number = self._events
        shown = text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
        said = {"type": "message", "channel": message.channel, "user": user, "text": shown, "channel_type": "channel",
                "ts": f"{time.time():.6f}", "event_ts": f"{time.time():.6f}", "team": "T0",
                "thread_ts": message.thread_ts or message.ts, **more}  # fmt: skip
        return json.dumps({
            "type": "event_callback", "token": "legacy", "team_id": "T0", "api_app_id": "A0NIGHT",
            "event_id": f"Ev{number:08}", "event_time": int(time.time()), "event": said,
        }).encode()  # fmt: skip

    def signed(self, body: bytes, at: float | None = None, secret: str | None = None) -> dict[str, str]:
        """The headers with which Slack proves that it is Slack."""
        stamp = str(int(at if at is not None else time.time()))
        base = f"v0:{stamp}:".encode() + body
        made = hmac.new((secret or self.signing_secret).encode(), base, hashlib.sha256).hexdigest()
        return {"X-Slack-Request-Timestamp": stamp, "X-Slack-Signature": f"v0={made}"}

    def deliver(self, body: bytes, headers: Mapping[str, str]) -> Answer:
        """To the app's request URL."""
        assert self.interactions is not None, "set `interactions` to the app's request URL"  # noqa: S101
        kind = {"Content-Type": "application/x-www-form-urlencoded"}
        request = urllib.request.Request(self.interactions, body, {**kind, **headers}, method="POST")  # noqa: S310
        try:
            with urllib.request.urlopen(request, timeout=_PRESS_SECONDS) as answer:  # noqa: S310
                return Answer(answer.status, answer.read().decode())
        except urllib.error.HTTPError as error:
            return Answer(error.code, error.read().decode())

    # -- calls --------------------------------------------------------------------------------------------------------

    def answer(self, path: str, headers: Mapping[str, str], body: bytes) -> tuple[int, dict[str, str], str]:
        """Status, headers and body for a request."""
        if path.startswith("/actions/"):
            return self._responded(body)
        if path.startswith("/services/"):
            return self._hooked(body)
        method = path.removeprefix("/api/")
        with self._lock:
            self.asked.append(method)
            trouble = next((t for t in self._troubles if t.method == method), None)
            if trouble is not None:
                self._troubles.remove(trouble)
        if trouble is None or trouble.taken:
            done = self._api(method, headers, body)
            if trouble is None:
                return done
        if trouble.hang:
            self._over.wait()
        if trouble.error is not None:
            return 200, {}, json.dumps({"ok": False, "error": trouble.error})
        more = {"Retry-After": str(trouble.retry_after)} if trouble.retry_after is not None else {}
        return trouble.status, more, json.dumps({"ok": False, "error": "ratelimited"}) if more else "<html>oops</html>"

    def _api(self, method: str, headers: Mapping[str, str], body: bytes) -> tuple[int, dict[str, str], str]:
        try:
            self._check_token(headers.get("authorization"))
            return 200, {}, json.dumps({"ok": True, **self._do(method, _arguments(headers, body))})
        except SlackError as error:
            no: dict[str, Any] = {"ok": False, "error": error.code}
            if error.messages:
                no |= {"errors": list(error.messages), "response_metadata": {"messages": list(error.messages)}}
            return 200, {}, json.dumps(no)

    def _check_token(self, shown: str | None) -> None:
        if shown != f"Bearer {self.workspace.token}":
            raise SlackError("invalid_auth" if shown else "not_authed")

    def _do(self, method: str, asked: Json) -> dict[str, Any]:
        match method:
            case "auth.test":
                return {
                    "user": "nightshift",
                    "team": "Local",
                    "user_id": "U0NIGHT",
                    "team_id": "T0",
                    "bot_id": BOT,
                }
            case "chat.postMessage":
                return _placed(self.workspace.post(asked))
            case "chat.update":
                return _placed(self.workspace.update(asked))
            case "chat.postEphemeral":
                self.workspace.post(asked, unseen=True)
                with self._lock:
                    self.whispers.append(dict(asked))
                return {"message_ts": f"{time.time():.6f}"}
            case "conversations.history":
                return self._listed(self.workspace.history(asked), asked)
            case "conversations.replies":
                return self._listed(self.workspace.replies(asked), asked)
            case _:
                raise SlackError("unknown_method")

    def _listed(self, messages: list[Posted], asked: Json) -> dict[str, Any]:
        """A page; metadata only for who asks for it."""
        start, limit = int(asked.get("cursor") or 0), int(asked.get("limit") or 100)
        page = [message.shown for message in messages[start : start + limit]]
        if str(asked.get("include_all_metadata", "")).lower() not in {"true", "1"}:
            page = [{key: value for key, value in one.items() if key != "metadata"} for one in page]
        more = start + limit < len(messages)
        cursor = str(start + limit) if more else ""
        return {"messages": page, "has_more": more, "response_metadata": {"next_cursor": cursor}}

    def _responded(self, body: bytes) -> tuple[int, dict[str, str], str]:
        with self._lock:
            self.replies.append(json.loads(body))
        return 200, {}, "ok"

    def _hooked(self, body: bytes) -> tuple[int, dict[str, str], str]:
        with self._lock:
            self.asked.append("webhook")
            trouble = next((t for t in self._troubles if t.method == "webhook"), None)
            if trouble is not None:
                self._troubles.remove(trouble)
                wait = {"Retry-After": str(trouble.retry_after)} if trouble.retry_after is not None else {}
                return trouble.status, wait, trouble.error or "oops"
        try:
            self.workspace.post({**json.loads(body), "channel": CHANNEL})
        except SlackError as error:
            return 400, {}, error.code
        return 200, {}, "ok"


def _placed(posted: Posted) -> dict[str, Any]:
    return {"channel": posted.channel, "ts": posted.ts, "message": posted.shown}


def _arguments(headers: Mapping[str, str], body: bytes) -> Json:
    """From JSON, or from a form whose structures are JSON."""
    if headers.get("content-type", "").startswith("application/json"):
        return json.loads(body or b"{}")
    return dict(parse_qsl(body.decode(), keep_blank_values=True))


def _handler(slack: SlackServer) -> type[BaseHTTPRequestHandler]:
    class Handler(Answering):
        def do_POST(self) -> None:  # noqa: N802 - its name there
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            headers = {name.lower(): value for name, value in self.headers.items()}
            status, more, text = slack.answer(self.path, headers, body)
            # Who was kept waiting may be gone.
            with suppress(BrokenPipeError, ConnectionResetError):
                self._reply(status, more, text)

        def _reply(self, status: int, more: Mapping[str, str], text: str) -> None:
            self.write(status, text, {"Content-Type": "application/json", **more})

    return Handler
