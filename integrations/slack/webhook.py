"""Channel `slack` by an incoming webhook: it can be written to, and that is all. No edits, no thread, no buttons."""

from pydantic import SecretStr
from slack_sdk.webhook import WebhookClient

from domain.message import Message, Moment, Receipt
from integrations.ports import Rejected, Unavailable
from integrations.slack import blocks as layout
from integrations.slack.channel import TIMEOUT_S
from integrations.slack.errors import retry_after, translated
from integrations.slack.pace import EVERY_S, Pace

_OK = 200
_TOO_MANY = 429
_SERVERS_FAULT = 500
_REMEDY = "make a new incoming webhook, and put its address into SLACK_WEBHOOK_URL"


class SlackWebhook:
    """What is sent again, because no answer came, may be there twice: there is no way to look."""

    name = "slack"

    def __init__(self, url: SecretStr, *, timeout_s: int = TIMEOUT_S, every_s: float = EVERY_S) -> None:
        self._client = WebhookClient(url.get_secret_value(), timeout=timeout_s, retry_handlers=[])
        self._pace = Pace(every_s)

    def send(self, message: Message) -> Receipt:
        """Say it in the webhook's channel. Raises Unavailable or Rejected. The receipt has no reference: nothing that
        is said here can be found again, so only the clock's messages come here.
        """
        if message.moment is Moment.EDIT:
            return Receipt(channel=self.name, delivered=False, detail="a webhook cannot edit")
        top, attached = layout.board(message)
        with self._pace.turn(0 if message.awaits else 1), translated():
            answer = self._client.send(
                text=layout.push(message.short),
                blocks=top,
                attachments=attached,
                unfurl_links=False,
                unfurl_media=False,
            )
        _check(answer.status_code, answer.body, retry_after(answer.headers))
        return Receipt(channel=self.name, delivered=True, detail="by webhook")


def _check(status: int, body: str, wait_s: float) -> None:
    said = f"{status} {' '.join(body.split())[:100]}"
    if status == _TOO_MANY:
        raise Unavailable("slack: too many messages (429)", wait_s)
    if status >= _SERVERS_FAULT:
        raise Unavailable(f"slack: has trouble of its own ({said})")
    if status != _OK:
        raise Rejected(f"slack: {said}: {_REMEDY}")
