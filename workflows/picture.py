"""The incident as a thread tells it, from the record."""

from datetime import timedelta

from temporalio import workflow

with workflow.unsafe.imports_passed_through():
    from domain.incident import Attempt, State
    from domain.news import Picture
    from workflows.record import Record


def picture_of(record: Record) -> Picture:
    """Cheap, as it is asked after every event."""
    waiting = record.waiting
    return Picture(
        severity=record.assessment.severity, state=record.state, title=record.title, alerts=record.alerts,
        cause=_cause(record), asked=waiting.digest if waiting else "", sentence=waiting.sentence if waiting else "",
        extended=_extended(record), decided=_decided(record), settled=_settled(record), act=_act(record),
        verdict=_verdict(record), has_it=record.clock.acknowledged_by or "", hands_off=record.hands_off_by is not None,
        recovered=record.recovered_at is not None, watched_until=_watched_until(record), paused=record.paused,
    )  # fmt: skip


def _watched_until(record: Record) -> str:
    since = record.recovered_at
    until = since + timedelta(seconds=record.opening.policy.watch_s) if since is not None else None
    return f"{until:%H:%M} UTC" if until is not None else ""


def _cause(record: Record) -> str:
    diagnosis = record.diagnosis
    if diagnosis is None:
        return ""
    return f"{record.service}: {diagnosis.cause} ({diagnosis.word})"


def _extended(record: Record) -> str:
    waiting = record.waiting
    if waiting is None or not waiting.extended_by:
        return ""
    return f"{waiting.extended_by} asked for more time: decide by {waiting.deadline:%H:%M:%S} UTC"


def _decided(record: Record) -> str:
    """What became of the last plan that was asked about: a decision, or none in time."""
    last = _last(record)
    if record.waiting is not None:
        return ""
    if last is not None and last.gate.clause == "expired":
        return f"Nobody decided on plan {last.plan.short_digest} in time"
    if not record.decisions:
        return ""
    decision = record.decisions[-1]
    comment = f": {decision.comment}" if decision.comment else ""
    claimed = "" if decision.proven else " (claimed)"
    return f"{decision.who}{claimed} said {decision.verdict} to plan {decision.digest[:8]}{comment}"


def _settled(record: Record) -> int:
    """How many questions have been decided, by people or by time."""
    return len(record.decisions) + sum(a.gate.clause == "expired" for a in record.attempts)


def _act(record: Record) -> str:
    """The action that is being taken, or was the last to be."""
    last = _last(record)
    if last is None or not (record.state is State.ACTING or last.executed is not None):
        return ""
    approved = f" Approved by {last.approved_by}." if last.approved_by else ""
    return f"Attempt {last.number}: {last.plan.sentence}{approved}"


def _verdict(record: Record) -> str:
    last = _last(record)
    if last is None:
        return ""
    if last.error is not None:
        return f"Attempt {last.number} could not be done: {last.error}"
    if last.verification is None:
        return ""
    return f"Attempt {last.number}: {last.verification.recovery}, {last.verification.reason}"


def _last(record: Record) -> Attempt | None:
    return record.attempts[-1] if record.attempts else None
