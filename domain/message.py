"""A message to people, ready for any channel."""

from domain.levels import Severity
from domain.model import Model


class Message(Model):
    """`key` makes sending twice count as one: the same incident and number give the same Message-ID or thread.

    `thread` is the key of the incident's first message; None when this is the first.
    """

    incident: str
    key: str
    thread: str | None = None
    severity: Severity
    subject: str
    text: str
    html: str
    tier: int
    page: bool = False


class Receipt(Model):
    """What a channel answered: `reference` is the other side's name for the message."""

    channel: str
    delivered: bool
    reference: str = ""
    detail: str = ""
