"""The summary: two or three paragraphs that a person reads first. Every sentence is a fact of the incident."""

from collections.abc import Iterator
from datetime import timedelta

from activities.postmortem.followups import FollowUp, unseen
from activities.postmortem.measure import at, clause, words
from activities.postmortem.series import WORST, Drawn
from activities.postmortem.times import first_sign
from domain.escalation import WORDS
from domain.incident import Attempt, Outcome
from domain.quantity import quantity
from domain.view import IncidentView

_NONE = timedelta(0)


def summary(view: IncidentView, drawn: tuple[Drawn, ...], items: tuple[FollowUp, ...]) -> tuple[str, ...]:
    """What happened; why, and what was done; who was called, what is not known, and what to do first."""
    paragraphs = (_happened(view, drawn), _done(view), _people(view, items))
    return tuple(" ".join(sentences) for sentences in paragraphs)


def how_it_ended(view: IncidentView) -> str:
    """How it ended, or where it stands, in a few words."""
    return " ".join(_ending(view)[1:])


def _ending(view: IncidentView) -> tuple[str, str]:
    """Verb and what follows it, of a sentence that begins with *It*."""
    match view.outcome:
        case None:
            return "is", f"still open ({view.state.value})"
        case Outcome.AUTO_RESOLVED:
            return "was", f"fixed by the machine alone: {_effective(view)}"
        case Outcome.RESOLVED_BY_HUMAN:
            fix = next((a for a in view.attempts if a.held and a.approved_by), None)
            return (
                "was",
                f"fixed by {fix.plan.action}, which {fix.approved_by} approved" if fix else "fixed by a person",
            )
        case Outcome.SELF_RESOLVED:
            return "has", "recovered by itself"
        case Outcome.FALSE_POSITIVE:
            return "was", "marked a false positive by a person"
        case Outcome.UNRESOLVED:
            return "was", "given up unresolved"
        case Outcome.MERGED:
            return "was", f"handled as part of {view.merged_into or 'another incident'}"


def _effective(view: IncidentView) -> str:
    held = next((a for a in reversed(view.attempts) if a.held or _recovered(a)), None)
    return f"{held.plan.action} on {held.plan.target}" if held else "see what was tried"


def _recovered(attempt: Attempt) -> bool:
    return attempt.verification is not None and attempt.verification.recovery == "recovered"


def _happened(view: IncidentView, drawn: tuple[Drawn, ...]) -> Iterator[str]:
    first = min(view.anomalies, key=lambda a: a.starts_at, default=None)
    by = first.source if first else "a report"
    yield f"On {view.onset:%-d %B %Y} at {view.onset:%H:%M:%S} UTC {by} raised the first alert: {clause(view.title)}."
    sign = first_sign(view)
    if sign is not None and sign.onset is not None:
        yield f"Looking back, the evidence shows it {words(view.onset - sign.onset)} before that ({sign.id})."
    reasons = "; ".join(view.severity_reasons) or "no reason recorded"
    after = words(view.opened_at - view.onset)
    yield f"Nightshift opened the incident {after} after the alert began and rated it {view.severity} ({reasons})."
    if view.failing_share is not None:
        yield f"When it was measured, {quantity(view.failing_share, 'share')} of the requests of users failed."
    else:
        yield "How many requests of users failed was not measured."
    worst = next((m for d in drawn for m in d.measures if m.name.startswith(WORST)), None)
    if worst is not None:
        yield f"The number behind the alert was {worst.value} {worst.name}."


def _done(view: IncidentView) -> Iterator[str]:
    diagnosis = view.diagnosis
    if diagnosis is None:
        yield "The cause was not looked into."
    elif diagnosis.named is None:
        yield f"No cause is named (confidence {diagnosis.confidence:.2f}): {clause(diagnosis.confidence_reason)}."
    else:
        sure = (
            f"confidence {diagnosis.confidence:.2f}, {diagnosis.word}{'' if diagnosis.calibrated else ', uncalibrated'}"
        )
        yield f"The cause that the evidence points to: {clause(diagnosis.cause)} ({sure})."
    yield from (_attempt(a) for a in view.attempts)
    if not view.attempts:
        yield "The machine changed nothing."
    seen = "No recovery was seen."
    if view.recovered_at is not None:
        after = words(view.recovered_at - view.opened_at)
        seen = f"Recovery was seen at {view.recovered_at:%H:%M:%S} UTC, {after} after detection."
    yield f"{seen} It {' '.join(_ending(view))}."


def _attempt(attempt: Attempt) -> str:
    what = f"{attempt.plan.action} on {attempt.plan.target}"
    if attempt.executed is not None:
        result = attempt.verification.recovery.value if attempt.verification else "not verified"
        by = f", approved by {attempt.approved_by}," if attempt.approved_by else ""
        began = f"{attempt.executed.started_at:%H:%M:%S} UTC"
        done = clause(attempt.executed.detail)
        return f"Attempt {attempt.number}, {what},{by} began at {began}: {done}; the check afterwards said {result}."
    if attempt.error:
        return f"Attempt {attempt.number}, {what}, could not be done: {clause(attempt.error)}."
    return f"Attempt {attempt.number}, {what}, was not run: {clause(attempt.gate.reason)}."


def _people(view: IncidentView, items: tuple[FollowUp, ...]) -> Iterator[str]:
    clock = view.clock
    if clock.escalated_at is None:
        yield "Nobody was called."
    else:
        first = next(told for told in clock.told if told.awaits)
        reasons = "; ".join(WORDS[reason] for reason in first.reasons)
        yield f"People were called upon at {at(clock.escalated_at)} (tier {first.tier}) because {reasons}."
        yield _acknowledged(view)
    late = view.recovered_at is not None and view.recovered_at > view.sla_due
    missed = late or (view.recovered_at is None and view.updated_at >= view.sla_due)
    if missed:
        yield "The target of time to recover was missed."
    blind = [finding.source.value for finding in unseen(view)]
    if blind:
        yield f"Nobody could look at {', '.join(blind)}, so this account is without them."
    yield f"First among the follow-ups: {clause(items[0].text)}."


def _acknowledged(view: IncidentView) -> str:
    called, first = view.clock.escalated_at, view.clock.acknowledged_first
    if first is None or called is None:
        return "Nobody has acknowledged."
    return f"{first.by} acknowledged after {words(max(first.at - called, _NONE))}."
