"""A message to people, ready for any channel."""

from enum import StrEnum
from typing import get_args

from pydantic import AwareDatetime

from domain.levels import Risk, Severity
from domain.model import Model
from domain.policy import ChannelName
from domain.view import IncidentView


class Moment(StrEnum):
    """Why a message goes out. CALL: the clock tells people something (an announcement, an escalation, a reminder).

    The others follow an incident that people know of already: nobody is called by them. EDIT says nothing at all: what
    stands there already is brought up to date.
    """

    CALL = "call"
    APPROVAL = "approval"
    DECIDED = "decided"
    UPDATE = "update"
    ACKNOWLEDGED = "acknowledged"
    RECOVERED = "recovered"
    CLOSED = "closed"
    EDIT = "edit"


FOLLOWS: dict[ChannelName, frozenset[Moment]] = {
    "email": frozenset({Moment.CALL, Moment.APPROVAL, Moment.CLOSED}),
    "slack": frozenset(Moment),
    "pagerduty": frozenset({Moment.CALL, Moment.APPROVAL, Moment.ACKNOWLEDGED, Moment.RECOVERED, Moment.CLOSED}),
}
"""What a channel wants to hear: a mailbox is not a diary, a page keeps step, a thread tells the story."""
assert set(FOLLOWS) == set(get_args(ChannelName))  # noqa: S101 - a channel without a row would hear nothing


class Fact(Model):
    """A line of a message: what is said, and under which label."""

    label: str
    text: str


class Link(Model):
    """Where a person can go. `url` is http or https."""

    label: str
    url: str


class Ask(Model):
    """The decision that a message asks for. `verb` names the act on the button, such as "Approve rollback"."""

    digest: str
    sentence: str
    verb: str
    risk: Risk
    reason: str
    undo: str
    deadline: AwareDatetime


class Message(Model):
    """`key` makes sending twice count as one: the same incident and number give the same Message-ID or thread.

    `thread` is the key of the incident's first message; None when this is the first. `root` is what this very channel
    answered to the incident's first message there (`Receipt.reference`), None when it had none yet.
    `short` is one line without markup, enough to decide whether to get up (at most 120 characters).
    `facts` are the lines of `text`, for channels that lay them out themselves. `view` has no findings and no timeline.
    `headline` is where the incident stands, in one line, and `news` are the sentences of what has changed, the most
    important first. `board` is what stands at the top of the incident's thread and `post` what is added to it, both as
    Slack's mrkdwn with every outside text escaped.
    """

    incident: str
    key: str
    thread: str | None = None
    root: str | None = None
    moment: Moment = Moment.CALL
    severity: Severity
    subject: str
    short: str
    text: str
    html: str
    headline: str = ""
    board: str = ""
    post: str = ""
    news: tuple[str, ...] = ()
    facts: tuple[Fact, ...]
    links: tuple[Link, ...]
    ask: Ask | None = None
    tier: int
    awaits: bool = False
    page: bool = False
    view: IncidentView


class Receipt(Model):
    """What a channel answered: `reference` is the other side's name for the message. `configured` cleared: nobody has
    set it up, so there is nothing to try again.
    """

    channel: str
    delivered: bool
    reference: str = ""
    detail: str = ""
    configured: bool = True
