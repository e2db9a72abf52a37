"""What has arrived of an incident at the people's ends, read from the servers themselves: Slack, PagerDuty, mailbox."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from domain.escalation import WORDS, Reason
from rig.demo.judge import Check, text_of
from rig.servers.pagerduty import PagerDutyServer
from rig.servers.slack import Posted, SlackServer
from rig.servers.smtp import SmtpInbox

CHANNELS = ("pagerduty", "slack", "email")
"""All that the policy of this scenario names."""


@dataclass(frozen=True)
class Arrived:
    """Texts as people read them there, and how often somebody's phone was called. `roots` are threads in Slack,
    `incidents` are PagerDuty's.
    """

    roots: int
    posts: tuple[str, ...]
    incidents: int
    calls: int
    notes: tuple[str, ...]
    mails: tuple[str, ...]

    def lines(self) -> Iterator[str]:
        """For the screen: what arrived where."""
        yield f"Slack       {self.roots} thread(s) with {len(self.posts)} message(s) to the channel's people"
        yield f"PagerDuty   {self.incidents} incident(s), {self.calls} call(s), {len(self.notes)} note(s)"
        yield f"Mail        {len(self.mails)} message(s) to the on-call engineer"


def arrived(incident: str, slack: SlackServer, pagerduty: PagerDutyServer, inbox: SmtpInbox) -> Arrived:
    """Of this incident, and no other that an earlier run may have left."""
    posted = [message for message in slack.messages if incident in message.everything]
    theirs = [one for one in pagerduty.incidents if one.key == incident]
    called = {one.id for one in theirs}
    return Arrived(
        roots=sum(message.thread_ts is None for message in posted),
        posts=tuple(_read(message) for message in posted if message.thread_ts is not None),
        incidents=len(theirs),
        calls=sum(page.incident in called for page in pagerduty.pages),
        notes=tuple(text for one in theirs for _, text in one.notes),
        mails=tuple(text for mail in inbox.mails if incident in (text := text_of(mail))),
    )


def _read(message: Posted) -> str:
    return " ".join(message.everything.split())


def judge_told(seen: Arrived, reason: Reason) -> Iterator[Check]:
    """What must hold when people are left with it: each server has the incident once, and the last reason with it."""
    why = WORDS[reason]
    yield Check(
        f"Slack has one thread, which says that {why}",
        seen.roots == 1 and _with(why, seen.posts) > 0,
        f"{seen.roots} thread(s); {_with(why, seen.posts)} of {len(seen.posts)} messages say so",
    )
    notes = f"{_with(why, seen.notes)} of {len(seen.notes)} notes say so"
    yield Check(
        f"PagerDuty has one incident, called somebody, and says that {why}",
        seen.incidents == 1 and seen.calls > 0 and _with(why, seen.notes) > 0,
        f"{seen.incidents} incident(s), {seen.calls} call(s); {notes}",
    )
    yield Check(
        f"the mailbox has a message which says that {why}",
        _with(why, seen.mails) > 0,
        f"{_with(why, seen.mails)} of {len(seen.mails)} messages say so",
    )


def _with(words: str, texts: Sequence[str]) -> int:
    return sum(words in text for text in texts)
