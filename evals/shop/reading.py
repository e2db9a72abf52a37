"""What an incident says of itself, as a result."""

from datetime import datetime

from domain.diagnosis import Diagnosis, Hypothesis
from domain.incident import State
from domain.second_look import second_look_at
from domain.timeline import Kind as Row
from domain.view import IncidentView
from evals.shop.kinds import Kind
from evals.shop.scoring import Named, Result


def result(kind: Kind, view: IncidentView | None, began: float) -> Result:
    """`began`: when the fault was brought on, seconds since the epoch. `view` None: no incident opened in time."""
    if view is None:
        return Result(kind.name, kind.truth.services, kind.truth.category, None)
    calls = view.advice.calls if view.advice is not None else ()
    diagnosis = view.diagnosis or Diagnosis(confidence_reason="no diagnosis in time")
    return Result(
        kind.name, kind.truth.services, kind.truth.category,
        seen_after_s=view.opened_at.timestamp() - began,
        investigated_s=investigated_s(view),
        looks=sum(row.kind is Row.STATE and row.text == State.INVESTIGATING.value for row in view.timeline),
        told_after_s=_told_after_s(view, began),
        first=_said(next(iter(diagnosis.hypotheses), None), diagnosis),
        named=_said(diagnosis.named, diagnosis),
        place=diagnosis.places[0].service if diagnosis.places else "",
        incident=view.incident,
        input_tokens=sum(call.usage.input_tokens for call in calls),
        output_tokens=sum(call.usage.output_tokens for call in calls),
        usd=view.advice.usd if view.advice is not None else 0.0,
        candidates=tuple(_candidate(h) for h in diagnosis.hypotheses),
        evidence=tuple(f"{f.id} {f.source}, {f.strength:.1f} bits: {f.title}" for f in view.findings),
    )  # fmt: skip


def asks_again(view: IncidentView) -> bool:
    """Is this diagnosis not the last word yet, because its sources were asked too early to show what names a cause?"""
    asked = _entered(view, State.INVESTIGATING, -1)
    return second_look_at(view.diagnosis, view.onset, asked) is not None


def investigated_s(view: IncidentView) -> float | None:
    """From the first question to the first diagnosis, as the timeline has them; None where there is none yet."""
    asked, told = _entered(view, State.INVESTIGATING), _entered(view, State.DIAGNOSED)
    return (told - asked).total_seconds() if asked is not None and told is not None else None


def _entered(view: IncidentView, state: State, time: int = 0) -> datetime | None:
    """When it came into this state for the first time, or with -1 for the last time; None: it did not."""
    rows = [row.at for row in view.timeline if row.kind is Row.STATE and row.text == state.value]
    return rows[time] if rows else None


def _told_after_s(view: IncidentView, began: float) -> float | None:
    told = _entered(view, State.DIAGNOSED, -1)
    return None if told is None else told.timestamp() - began


def _said(hypothesis: Hypothesis | None, diagnosis: Diagnosis) -> Named | None:
    return hypothesis and Named(hypothesis.service, hypothesis.category, round(diagnosis.confidence, 3))


def _candidate(hypothesis: Hypothesis) -> str:
    gave = ", ".join(f"{c.finding} {c.bits:+.1f}" for c in hypothesis.contributions)
    return f"{hypothesis.category} at {hypothesis.service}, {hypothesis.score:.1f} bits: {gave}"


def told(one: Result, view: IncidentView | None) -> str:
    """One line for who watches."""
    if view is None or one.seen_after_s is None:
        return "no incident"
    first = one.first
    best = f"{first.category} at {first.service} ({first.confidence:.2f})" if first is not None else "nothing"
    seconds = "?" if one.investigated_s is None else f"{one.investigated_s:.1f}"
    reason = view.diagnosis.confidence_reason if view.diagnosis is not None else ""
    late = "" if one.told_after_s is None else f", told after {one.told_after_s:.0f} s in look {one.looks}"
    return f"{one.incident}: {best}, seen after {one.seen_after_s:.0f} s, investigated in {seconds} s{late}; {reason}"
