"""Messages that say they are a test: what `nightshift doctor --send-test` sends."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

from config.adapters.people import channels
from config.settings import Settings
from domain.escalation import Clock
from domain.incident import Outcome, State
from domain.levels import Severity
from domain.message import FOLLOWS, Fact, Message, Moment
from domain.view import IncidentView, Next
from integrations.ports import Channel, Rejected
from starter.doctor.check import Check, blocking

GROUP = "test messages"
_SAID = "This is a test by nightshift doctor. Nothing has happened, and nothing has to be done."


def checks(settings: Settings) -> Iterator[Check]:
    """A message over each channel, followed by the one that ends it where the channel wants to hear that."""
    for channel in channels(settings):
        yield Check(
            GROUP, channel.name, "a real message", "people are not told by it", "do what the channel's answer says",
            blocking(lambda channel=channel: _send(channel, datetime.now(UTC))),
        )  # fmt: skip


def _send(channel: Channel, now: datetime) -> str:
    first = channel.send(message(now, 1))
    if not first.delivered:
        raise Rejected(first.detail or "it was not delivered")
    wants = next(moments for name, moments in FOLLOWS.items() if name == channel.name)
    if Moment.CLOSED in wants:
        channel.send(message(now, 2, root=first.reference or None))
    return f"delivered {first.reference}".rstrip()


def message(now: datetime, number: int, root: str | None = None) -> Message:
    """Number 1 says that it is a test, number 2 that it is over."""
    incident, subject = f"TEST-{now:%Y%m%d-%H%M%S}", "[Nightshift] test: nothing has happened"
    closed = number > 1
    view = IncidentView(
        incident=incident, key=incident, workflow_run="none", title="test: nothing has happened", service="test",
        services=("test",), severity=Severity.LOW, severity_reasons=("it is a test",), state=State.FALSE_POSITIVE,
        outcome=Outcome.FALSE_POSITIVE, onset=now, opened_at=now, updated_at=now, closed_at=now,
        sla_due=now + timedelta(days=1), clock=Clock(detected_at=now, severity=Severity.LOW),
        next=Next(text="Nothing: it is a test."),
    )  # fmt: skip
    return Message(
        incident=incident, key=f"{incident}.{number}", thread=f"{incident}.1" if closed else None, root=root,
        moment=Moment.CLOSED if closed else Moment.CALL, severity=Severity.LOW, subject=subject, short=_SAID,
        text=f"{_SAID}\n", html=f"<p>{_SAID}</p>", facts=(Fact(label="what", text=_SAID),), links=(), tier=3, view=view,
    )  # fmt: skip
