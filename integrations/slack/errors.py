"""What Slack answers when it does not do something, and whether trying again helps; with the remedy in words."""

from collections.abc import Generator, Mapping
from contextlib import contextmanager
from http.client import HTTPException
from typing import Any, cast

from slack_sdk.errors import SlackApiError, SlackClientError

from integrations.ports import Rejected, Unavailable

_TOO_MANY = 429
_SERVERS_FAULT = 500
_WAIT_S = 30.0
_LONGEST = 200
_PASSES = frozenset({
    "ratelimited", "rate_limited", "internal_error", "fatal_error", "service_unavailable", "request_timeout",
    "team_added_to_org", "accesslimited",
})  # fmt: skip
_TOKEN = "SLACK_BOT_TOKEN is not valid (any more): take the bot token (xoxb-...) of the installed app"  # noqa: S105
_REMEDIES: Mapping[str, str] = {
    "channel_not_found": "SLACK_CHANNEL names no channel that the app can see: use its id, and /invite the app there",
    "not_in_channel": "the app is not in the channel: /invite it there",
    "is_archived": "the channel is archived: name another one in SLACK_CHANNEL",
    "restricted_action": "the workspace does not let the app post in that channel: ask its owner",
    "invalid_auth": _TOKEN,
    "not_authed": _TOKEN,
    "account_inactive": _TOKEN,
    "token_revoked": _TOKEN,
    "token_expired": _TOKEN,
    "not_allowed_token_type": _TOKEN,
    "missing_scope": "the token lacks a scope: add chat:write, channels:history and groups:history, and reinstall",
    "message_not_found": "somebody deleted the message",
    "thread_not_found": "somebody deleted the message that began the thread",
    "cant_update_message": "the message is not the app's own",
    "edit_window_closed": "the workspace does not let messages of that age be edited",
}
LAYOUT = frozenset(
    {"invalid_blocks", "invalid_blocks_format", "invalid_attachments", "msg_too_long", "msg_blocks_too_long"}
)


class Refused(Rejected):
    """Slack's no, with its own code: some can be helped."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


@contextmanager
def translated() -> Generator[None]:
    """Turn what slack-sdk raises into Unavailable, or Rejected with the remedy."""
    try:
        yield
    except SlackApiError as error:
        _raise(error)
    except SlackClientError as error:
        raise Rejected(f"slack: {_cut(str(error))}") from error
    except TimeoutError as error:
        raise Unavailable("slack: no answer in time") from error
    except OSError as error:
        raise Unavailable(f"slack: does not answer: {_cut(str(getattr(error, 'reason', error)))}") from error
    except (HTTPException, ValueError) as error:
        raise Unavailable(f"slack: what it answers cannot be read: {type(error).__name__}") from error


def _raise(error: SlackApiError) -> None:
    answer: Any = error.response
    status = int(answer.status_code)
    body: object = answer.data
    data = cast("Mapping[str, Any]", body) if isinstance(body, dict) else dict[str, Any]()
    code = str(data.get("error", ""))
    if status == _TOO_MANY or code in {"ratelimited", "rate_limited"}:
        raise Unavailable("slack: too many messages (429)", retry_after(answer.headers)) from error
    if status >= _SERVERS_FAULT or code in _PASSES:
        raise Unavailable(f"slack: has trouble of its own ({status} {_cut(code)})") from error
    raise Refused(
        code, f"slack: {_cut(code)}: {_REMEDIES.get(code) or _details(data) or 'it gave no reason'}"
    ) from error


def retry_after(headers: Mapping[str, Any]) -> float:
    """Seconds to wait, as Slack says; half a minute where it does not."""
    said = next((value for name, value in headers.items() if name.lower() == "retry-after"), None)
    try:
        return max(0.0, float(said[0] if isinstance(said, list) else said))  # pyright: ignore[reportArgumentType]
    except (TypeError, ValueError):
        return _WAIT_S


def _details(data: Mapping[str, Any]) -> str:
    metadata = data.get("response_metadata")
    messages = cast("dict[str, Any]", metadata).get("messages") if isinstance(metadata, dict) else None
    return _cut("; ".join(str(m) for m in cast("list[Any]", messages))) if isinstance(messages, list) else ""


def _cut(text: str) -> str:
    return " ".join(text.split())[:_LONGEST]
