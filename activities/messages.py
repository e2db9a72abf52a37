"""Texts for people: the six questions in their order, in plain text and HTML, from the view and nothing else."""

from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from typing import Any

from activities.texts import BOARD, MAIL_HTML, MAIL_TEXT, POST, SHORT, SUBJECT, Texts, our_texts
from analysis.redaction import private
from domain.escalation import WORDS, Reason, Told
from domain.incident import Attempt, State
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
    root: str | None = None, news: tuple[str, ...] = (), texts: Texts | None = None,
) -> Message:  # fmt: skip
    """The message number `number` of an incident. The first one starts the thread that the others belong to.

    Raises BrokenTemplate.
    """
    words, said = texts or our_texts(), facts(view, told, moment, news)
    return Message(
        incident=view.incident,
        key=f"{view.incident}.{number}",
        thread=None if number == 1 else f"{view.incident}.1",
        root=root,
        moment=moment,
        severity=view.severity,
        subject=_one_line(words.render(SUBJECT, said))[:_LONGEST_SUBJECT] + f" ({view.incident})",
        short=_short(words.render(SHORT, said)),
        text=words.render(MAIL_TEXT, said),
        html=words.render(MAIL_HTML, said),
        headline=private(
            f"{view.state.upper() if view.state.closed else view.severity} {said['title']}: {_stands(view)}"
        ),
        board=words.render(BOARD, said).strip(),
        post=words.render(POST, said).strip(),
        news=news,
        facts=tuple(Fact(label=label, text=text) for label, text in said["lines"]),
        links=tuple(Link(label=label, url=url) for label, url in said["links"]),
        ask=_ask(view),
        tier=said["tier"],
        awaits=said["awaits"],
        page=page,
        view=view.brief,
    )


def facts(view: IncidentView, told: Told | None, moment: Moment, news: tuple[str, ...]) -> Mapping[str, Any]:
    """What a template may use (docs/notifications.md). Every text is one line: a line break could begin a line, or a
    mail header, that looks like ours.
    """
    ask = _ask(view)
    return {
        "incident": view.incident,
        "severity": view.severity.value,
        "state": view.state.value,
        "outcome": view.outcome.value.replace("_", " ") if view.outcome else "",
        "moment": moment.value,
        "title": _one_line(view.title),
        "service": _one_line(view.service),
        "tier": told.tier if told else (view.clock.tier or 1),
        "awaits": told is not None and told.awaits,
        "reasons": [WORDS[reason] for reason in told.reasons] if told else [],
        "news": [_one_line(sentence) for sentence in news],
        "lines": [(label, _one_line(text)) for label, text in lines(view, told, moment)],
        "links": list(_links(view)),
        "ask": ask.model_dump(mode="json") | {"by": f"{ask.deadline:%H:%M}", "digest": ask.digest[:8]} if ask else None,
        "cause": _one_line(view.cause),
        "watched_until": _watched_until(view),
        "acknowledged_by": _one_line(view.clock.acknowledged_by or ""),
        "alerts": max(view.alerts, len(view.anomalies)),
        "opened": _time(view.opened_at),
        "target": _time(view.sla_due),
    }


def _watched_until(view: IncidentView) -> str:
    watched = view.state is State.WATCHING and view.next.at is not None
    return f"{view.next.at:%H:%M} UTC" if watched else ""


def _short(text: str) -> str:
    """It is pushed to phones, and shown there to whoever sees the screen."""
    line = private(_one_line(text))
    return line if len(line) <= _LONGEST_SHORT else line[: _LONGEST_SHORT - 1] + "…"


def _stands(view: IncidentView) -> str:
    return (view.outcome or "closed").replace("_", " ") if view.state.closed else view.state.value


def _ask(view: IncidentView) -> Ask | None:
    """The plan that waits, with what a person has to know to decide."""
    waiting = view.waiting
    if waiting is None:
        return None
    return Ask(
        digest=waiting.digest, sentence=waiting.sentence, verb=f"Approve {_VERBS[waiting.action]}", risk=waiting.risk,
        reason=waiting.reason, undo=waiting.undo, deadline=waiting.deadline,
    )  # fmt: skip


def _links(view: IncidentView) -> Iterator[tuple[str, str]]:
    for label, url in (("Page", view.page_url), ("Temporal", view.temporal_url), ("Runbook", view.runbook)):
        if url:
            yield label, _one_line(url)


def _one_line(text: str) -> str:
    return " ".join(text.split())


def lines(view: IncidentView, told: Told | None, moment: Moment) -> Iterator[tuple[str, str]]:
    """Label and text, in reading order."""
    yield "State", f"{view.state.value}: {view.outcome}" if view.outcome else view.state.value
    yield "What", f"{view.title} (severity {view.severity}, open since {_time(view.opened_at)})"
    if view.failing_share is not None:
        yield "Impact", f"{view.failing_share:.0%} of user-facing requests failed when it was measured"
    yield "Why you", _why(view, told)
    yield "Cause", _cause(view)
    yield "Tried", _tried(view)
    yield "Status", _status(view, told)
    yield "Next", view.next.text
    if moment is Moment.APPROVAL or _asks_for_somebody(view, told):
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


def _status(view: IncidentView, told: Told | None) -> str:
    if view.state.closed:
        return "closed"
    if told is None:
        return "a decision is waited for" if view.waiting else view.state.value
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
