"""A word to one person in a thread, which nobody else sees (chat.postEphemeral)."""

from pydantic import SecretStr

from domain.mrkdwn import escaped
from integrations.ports import Whisperer
from integrations.slack.api import SlackApi

_TIMEOUT_S = 3


class SlackWhisperer(Whisperer):
    """By the bot's token, whose scope for writing is enough."""

    def __init__(self, token: SecretStr, url: str | None = None) -> None:
        self._api = SlackApi(token, url, _TIMEOUT_S)

    def whisper(self, channel: str, thread: str, user: str, text: str) -> None:
        """Raises Unavailable or Rejected."""
        said = {"channel": channel, "thread_ts": thread, "user": user, "text": escaped(text), "parse": "none"}
        self._api.write("chat.postEphemeral", said)
