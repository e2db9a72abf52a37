"""What PagerDuty shows: one line for phones, details in reading order, notes. Cut by us to what it takes."""

from collections.abc import Iterator
from datetime import datetime

from domain.incident import Attempt
from domain.levels import Severity
from domain.message import Message, Moment
from domain.view import IncidentView

LONGEST_TITLE = 1024
LONGEST_KEY = 255
LONGEST_BODY = 16_000
LONGEST_NOTE = 4_000
SHORT_TITLE, SHORT_BODY = 255, 1_000
"""Where PagerDuty refuses what should have pleased it, this much is tried once more: a short page beats none."""
_LONGEST_DETAIL = 1_000
_MOST_LINES = 8

EVENT_SEVERITIES: dict[Severity, str] = {
    Severity.CRITICAL: "critical", Severity.HIGH: "error", Severity.MEDIUM: "warning", Severity.LOW: "info"
}  # fmt: skip


def urgency(message: Message) -> str:
    """High for CRITICAL and HIGH. What calls nobody, such as an announcement, wakes nobody up either."""
    return "high" if message.awaits and message.severity.at_least(Severity.HIGH) else "low"


def cut(text: str, longest: int) -> str:
    """The text, at most so many characters, and whether it was longer."""
    return text if len(text) <= longest else text[: longest - 1] + "…"


def title(message: Message, longest: int = LONGEST_TITLE) -> str:
    """What a phone shows: how bad, what, why, what was tried, until when.

    Whatever is cut, it ends with our id and the number of the message that called: by it a call is known again whose
    answer was lost.
    """
    ending = _ending(message)
    return cut(" - ".join(_headline(message)), longest - len(ending)) + ending


def has_called(title: str, message: Message) -> bool:
    """Did this very message open the page with this title, or hand it on? Then its people have been called."""
    return title.endswith(_ending(message))


def _ending(message: Message) -> str:
    return f" ({message.incident}, {message.key.rpartition('.')[2]})"


def _headline(message: Message) -> Iterator[str]:
    view = message.view
    yield one_line(f"{view.severity} {view.title}")
    if view.diagnosis is not None and view.diagnosis.named is not None:
        yield one_line(f"{view.diagnosis.word} {view.diagnosis.cause} ({view.diagnosis.confidence:.2f})")
    if view.attempts:
        yield one_line(tried(view.attempts[-1]))
    if message.ask is not None:
        yield f"you decide by {message.ask.deadline:%H:%M} UTC"


def body(message: Message, longest: int = LONGEST_BODY) -> str:
    """The facts, a line each, and where to go."""
    lines = [*(f"{fact.label}: {fact.text}" for fact in message.facts), *(f"{k.label}: {k.url}" for k in message.links)]
    return cut("\n".join(lines), longest)


def details(message: Message) -> dict[str, str | list[str]]:
    """The same for Events v2: flat, short keys in reading order, lines without breaks; a list is a list of texts."""
    view, cause = message.view, message.view.diagnosis
    found: dict[str, str | list[str]] = {
        "1_what": f"{view.severity} {view.title}",
        "2_since": _moment(view.opened_at),
        "3_cause": view.cause,
        "4_confidence": f"{cause.confidence:.2f}, {cause.word}" if cause else "not looked at yet",
        "5_not_seen": [str(source) for source in cause.not_seen] if cause else [],
        "6_tried": [tried(attempt) for attempt in view.attempts] or "none",
        "7_next": view.next.text,
        "8_do_first": list(cause.look_next) if cause else [],
        "9_runbook": view.runbook or "none",
        "id": view.incident,
        "digest": message.ask.digest[:8] if message.ask else "",
    }
    return {key: _fit(value) for key, value in found.items() if value}


def _fit(value: str | list[str]) -> str | list[str]:
    if isinstance(value, str):
        return cut(one_line(value), _LONGEST_DETAIL)
    return [cut(one_line(text), _LONGEST_DETAIL) for text in value[:_MOST_LINES]]


def note(message: Message) -> str:
    """What an open page is told besides: why again, or what has become of it. Marked, so that once is once."""
    why = next((fact.text for fact in message.facts if fact.label == "Why you"), "")
    said = message.short
    if message.moment is Moment.CALL and why:
        said = f"{why}. Next: {message.view.next.text}"
    elif message.moment is Moment.APPROVAL and why and not message.news:  # the clock's: what else it had to say
        said = f"{message.short} - {why}"
    return f"{cut(one_line(said), LONGEST_NOTE)} {mark(message)}"


def mark(message: Message) -> str:
    """By which a note is known again when it is sent twice."""
    return f"[{message.key}]"


def outcome(view: IncidentView) -> str:
    """The last word: how it ended, and how long it took."""
    said = f"{view.state}: {view.outcome or 'closed'}"
    if view.closed_at is not None:
        minutes = max(0, round((view.closed_at - view.opened_at).total_seconds() / 60))
        said += f" after {minutes} min"
    if view.attempts:
        said += f"; {tried(view.attempts[-1])}"
    return cut(one_line(said), LONGEST_NOTE)


def tried(attempt: Attempt) -> str:
    """One attempt and what came of it."""
    if attempt.executed is None:
        return f"{attempt.plan.action} not executed: {attempt.error or attempt.gate.reason}"
    verdict = f", {attempt.verification.recovery}" if attempt.verification else ""
    return f"{attempt.plan.action}{verdict}"


def one_line(text: str) -> str:
    """Its surfaces lose line breaks, or show them as signs. Halves of characters cannot be sent."""
    return " ".join(text.encode("utf-8", "replace").decode().split())


def _moment(at: datetime) -> str:
    return f"{at:%Y-%m-%d %H:%M:%S} UTC"
