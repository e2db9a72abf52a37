"""What has changed since a channel last heard of an incident: pure, so that two events in a moment are one message."""

from collections.abc import Iterator

from domain.incident import State
from domain.levels import Severity
from domain.message import Moment
from domain.model import Model

_STRONGEST_FIRST = (
    Moment.APPROVAL, Moment.RECOVERED, Moment.ACKNOWLEDGED, Moment.DECIDED, Moment.UPDATE,
)  # fmt: skip


class Picture(Model):
    """An incident as a thread tells it. Texts are sentences for people, empty: there is nothing of that kind.

    `alerts` counts distinct series. `asked` is the digest of the plan that waits, `extended` says who got more time for
    it, `decided` what became of the last question and `settled` how many there were, `act` the last action and
    `verdict` what came of it, `has_it` who has acknowledged. `title` is of the beginning; `watched_until` is a time of
    day, while it is watched after a recovery.
    """

    severity: Severity
    state: State
    title: str
    alerts: int = 0
    cause: str = ""
    asked: str = ""
    sentence: str = ""
    extended: str = ""
    decided: str = ""
    settled: int = 0
    act: str = ""
    verdict: str = ""
    has_it: str = ""
    hands_off: bool = False
    recovered: bool = False
    watched_until: str = ""
    paused: bool = False


class Known(Model):
    """The incident at one of its versions."""

    version: int
    picture: Picture


class Event(Model):
    """One change that a person would want to hear of, and the sentence for it."""

    moment: Moment
    said: str


def events(before: Picture, now: Picture) -> tuple[Event, ...]:
    """What has happened between the two, the most important first. The end is not among them: the clock says it."""
    if now.state.closed:
        return ()
    return tuple(sorted(_events(before, now), key=lambda event: _STRONGEST_FIRST.index(event.moment)))


def _events(before: Picture, now: Picture) -> Iterator[Event]:
    if before.state.closed:
        yield Event(moment=Moment.UPDATE, said=f"Open again: {now.title}")
    if now.severity.rank > before.severity.rank:
        yield Event(moment=Moment.UPDATE, said=f"Raised to {now.severity}: {now.title}")
    yield from _decisions(before, now)
    yield from _recovery(before, now)
    if now.has_it and (now.has_it, now.hands_off) != (before.has_it, before.hands_off):
        takes = ", hands off" if now.hands_off else ""
        yield Event(moment=Moment.ACKNOWLEDGED, said=f"{now.has_it} has {now.title}{takes}")
    if now.act != before.act and now.act:
        yield Event(moment=Moment.UPDATE, said=now.act)
    if now.verdict != before.verdict and now.verdict:
        yield Event(moment=Moment.UPDATE, said=now.verdict)
    if now.cause != before.cause and now.cause:
        yield Event(moment=Moment.UPDATE, said=now.cause)


def _decisions(before: Picture, now: Picture) -> Iterator[Event]:
    if now.asked and now.asked != before.asked:
        yield Event(moment=Moment.APPROVAL, said=f"Waits for a decision: {now.sentence}")
    if now.extended and now.extended != before.extended:
        yield Event(moment=Moment.UPDATE, said=now.extended)
    if now.settled > before.settled and now.decided:
        yield Event(moment=Moment.DECIDED, said=now.decided)


def _recovery(before: Picture, now: Picture) -> Iterator[Event]:
    if now.recovered and not before.recovered:
        yield Event(moment=Moment.RECOVERED, said=recovered(now.title, now.watched_until))
    if before.recovered and not now.recovered:
        yield Event(moment=Moment.UPDATE, said=f"Not over after all. It began as: {now.title}")


def recovered(title: str, watched_until: str) -> str:
    """That it is well again, and until when that has to hold. The title is of the beginning, so it is said as past."""
    until = f" until {watched_until}" if watched_until else ""
    return f"Recovered, watching{until}. It was: {title}"
