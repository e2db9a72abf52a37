"""Texts for people: the six questions in their order, in plain text and HTML, from the view and nothing else."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined, select_autoescape

from domain.escalation import WORDS, Reason, Told
from domain.incident import Attempt
from domain.message import Ask, Fact, Link, Message, Moment
from domain.plan import Action
from domain.view import IncidentView

_LONGEST_SUBJECT = 160
_LONGEST_SHORT = 120
_VERBS: dict[Action, str] = {
    Action.KILL_CONNECTIONS: "ending sessions",
    Action.ROLLBACK_DEPLOYMENT: "rollback",
    Action.ROLL_FORWARD: "roll forward",
    Action.RESTART_SERVICE: "restart",
}
# Which rule fits which cause is of use to who reads the timeline, and of none to who was woken up.
_RULES_OWN = frozenset({Reason.NO_PLAN})


def compose(
    view: IncidentView, told: Told | None, number: int, *, page: bool, moment: Moment = Moment.CALL,
    root: str | None = None,
) -> Message:  # fmt: skip
    """The message number `number` of an incident. The first one starts the thread that the others belong to."""
    said = tuple(Fact(label=label, text=_one_line(text)) for label, text in lines(view, told))
    links = tuple(_links(view))
    facts = {
        "lines": [*((f.label, f.text) for f in said), *((link.label, link.url) for link in links)],
        "service": _one_line(view.service),
    }
    return Message(
        incident=view.incident,
        key=f"{view.incident}.{number}",
        thread=None if number == 1 else f"{view.incident}.1",
        root=root,
        moment=moment,
        severity=view.severity,
        subject=_subject(view),
        short=short(view, told, moment),
        text=_environment().get_template("message.txt").render(facts),
        html=_environment().get_template("message.html").render(facts),
        facts=said,
        links=links,
        ask=_ask(view),
        tier=told.tier if told else (view.clock.tier or 1),
        awaits=told is not None and told.awaits,
        page=page,
        view=view.brief,
    )


def short(view: IncidentView, told: Told | None, moment: Moment) -> str:
    """One line that is enough to decide whether to get up: phones show nothing else."""
    title = _one_line(view.title)
    match moment:
        case Moment.APPROVAL if view.waiting is not None:
            said = f"Decision by {view.waiting.deadline:%H:%M} UTC: {view.waiting.sentence} ({view.waiting.risk})"
        case Moment.ACKNOWLEDGED:
            said = f"{view.clock.acknowledged_by or 'Somebody'} has {title}"
        case Moment.RECOVERED:
            said = f"Recovered, watching: {title}"
        case Moment.CLOSED:
            said = f"{view.state.value.upper()} {title}: {view.outcome or 'closed'}"
        case _ if told is not None and told.awaits:
            said = f"{view.severity} {title}: {WORDS[told.reasons[0]]}"
        case _:
            said = f"{view.severity} {title}: {view.state}"
    said = _one_line(said)
    return said if len(said) <= _LONGEST_SHORT else said[: _LONGEST_SHORT - 1] + "…"


def _ask(view: IncidentView) -> Ask | None:
    """The plan that waits, with what a person has to know to decide."""
    waiting = view.waiting
    if waiting is None:
        return None
    return Ask(
        digest=waiting.digest, sentence=waiting.sentence, verb=f"Approve {_VERBS[waiting.action]}", risk=waiting.risk,
        reason=waiting.reason, undo=waiting.undo, deadline=waiting.deadline,
    )  # fmt: skip


def _links(view: IncidentView) -> Iterator[Link]:
    for label, url in (("Page", view.page_url), ("Temporal", view.temporal_url), ("Runbook", view.runbook)):
        if url:
            yield Link(label=label, url=url)


def _subject(view: IncidentView) -> str:
    """Stable while the severity is, so that mail clients keep it together; the state is in the body."""
    return f"[Nightshift] {view.severity} {_one_line(view.title)}"[:_LONGEST_SUBJECT] + f" ({view.incident})"


def _one_line(text: str) -> str:
    """A text from outside with line breaks could pretend to be a line, or a mail header, of ours."""
    return " ".join(text.split())


def lines(view: IncidentView, told: Told | None) -> Iterator[tuple[str, str]]:
    """Label and text, in reading order."""
    yield "State", view.state.value if told else f"{view.state.value}: {view.outcome or 'open'}"
    yield "What", f"{view.title} (severity {view.severity}, open since {_time(view.opened_at)})"
    if view.failing_share is not None:
        yield "Impact", f"{view.failing_share:.0%} of user-facing requests failed when it was measured"
    yield "Why you", _why(view, told)
    yield "Cause", _cause(view)
    yield "Tried", _tried(view)
    yield "Status", _status(told)
    yield "Next", view.next.text
    if _asks_for_somebody(view, told):
        yield from _by_hand(view)
        yield "Answer", _answer(view)
    yield "Decides", _decides(view)
    yield "Time left", _left(view)


def _why(view: IncidentView, told: Told | None) -> str:
    if told is None:
        return "you were told of this incident before"
    details = {raised.reason: raised.detail for raised in view.clock.raised if raised.reason not in _RULES_OWN}
    reasons = [f"{WORDS[r]} ({details[r]})" if details.get(r) else WORDS[r] for r in told.reasons]
    return f"{'; '.join(reasons)} (tier {told.tier})"


def _cause(view: IncidentView) -> str:
    diagnosis = view.diagnosis
    if diagnosis is None:
        return "not looked at yet"
    calibration = "" if diagnosis.calibrated else ", uncalibrated"
    unseen = f"; not looked at: {', '.join(diagnosis.not_seen)}" if diagnosis.not_seen else ""
    return f"{diagnosis.cause} (confidence {diagnosis.confidence:.2f}, {diagnosis.word}{calibration}{unseen})"


def _asks_for_somebody(view: IncidentView, told: Told | None) -> bool:
    return told is not None and told.reasons != (Reason.ANNOUNCED,) and not view.state.closed


def _by_hand(view: IncidentView) -> Iterator[tuple[str, str]]:
    steps = view.diagnosis.look_next if view.diagnosis else ()
    if steps and view.recovered_at is None:
        yield "By hand", " ".join(f"({n}) {step}" for n, step in enumerate(steps, start=1))


def _answer(view: IncidentView) -> str:
    commands = {
        "approve": "run the plan" if view.waiting else None,
        "reject": "do not run it" if view.waiting else None,
        "ack": "I look at it, the machine goes on" if view.clock.acknowledged_at is None else None,
        "take": None if view.hands_off else "hands off, I do it",
        "resolve": "it is fixed",
    }
    return "; ".join(f"nightshift {command} {view.incident} ({what})" for command, what in commands.items() if what)


def _tried(view: IncidentView) -> str:
    done = [f"{a.plan.action} on {a.plan.target}: {_result(a)}" for a in view.attempts]
    return "; ".join(done) or "none"


def _result(attempt: Attempt) -> str:
    if attempt.error:
        return f"could not be done: {attempt.error}"
    if attempt.executed is None:
        return f"not executed: {attempt.gate.reason}"
    verdict = f", {attempt.verification.recovery}" if attempt.verification else ""
    undone = f", {attempt.undo.words}" if attempt.undo else ""
    return f"{attempt.executed.detail.rstrip('.')}{verdict}{undone}"


def _status(told: Told | None) -> str:
    if told is None:
        return "closed"
    if told.reasons == (Reason.ANNOUNCED,):
        return "automation is at work"
    return "requires human intervention"


def _decides(view: IncidentView) -> str:
    waiting = view.waiting
    if waiting is not None:
        who = ", ".join(waiting.approvers) or "nobody is listed as approver"
        return f"{who}, until {_time(waiting.deadline)}; plan {waiting.digest[:8]}: {waiting.sentence}"
    if view.clock.acknowledged_by:
        return f"{view.clock.acknowledged_by} has it"
    return "nobody has acknowledged"


def _left(view: IncidentView) -> str:
    left = view.sla_due - view.updated_at
    if view.recovered_at is not None:
        return f"recovered {_time(view.recovered_at)}"
    if left < timedelta(0):
        return f"the MTTR target was missed at {_time(view.sla_due)}"
    return f"{int(left.total_seconds() // 60)} min to the MTTR target at {_time(view.sla_due)}"


def _time(at: datetime) -> str:
    return f"{at:%Y-%m-%d %H:%M:%S} UTC"


def _environment() -> Environment:
    folder = Path(__file__).parent / "templates"
    return Environment(
        loader=FileSystemLoader(folder), undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True,
        # Alert texts are untrusted: HTML escapes them, plain text has nothing to escape.
        autoescape=select_autoescape(["html"]),
    )  # fmt: skip
