"""How long everything took, each span with its definition."""

from collections.abc import Iterator
from datetime import datetime

from activities.postmortem.measure import Measure, at, lasted, not_measured, words
from domain.finding import Finding, Presence, Source
from domain.timeline import Kind
from domain.view import IncidentView

CLEAR_SIGN_BITS = 1.0
"""A sign counts from this strength on: odds of two to one. Weaker ones are found before every incident."""
_DATED = frozenset({Source.LOGS, Source.METRICS, Source.TRACES})
_CLOCK = "the incident's own record in Temporal's history"


def times(view: IncidentView) -> tuple[Measure, ...]:
    """The spans that people compare incidents by. Those without a start of their own count from the first alert's."""
    return (
        _detected(view),
        lasted(
            "Alert to incident", view.onset, view.opened_at,
            "from the start that the earliest alert names to the incident opened", "",
        ),
        _first_sign(view),
        lasted(
            "Time to a diagnosis", view.onset, _first(view, Kind.DIAGNOSIS),
            f"from the onset to the first diagnosis in the timeline; {_CLOCK}", "no diagnosis was made",
        ),
        lasted(
            "Time to the first action", view.onset, _first_action(view),
            "from the onset to the start that the first executed action reports", "no action was executed",
        ),
        lasted(
            "Time to acknowledge (MTTA)", view.clock.escalated_at, _first_ack(view),
            f"from the first message that called upon people to their acknowledgement; {_CLOCK}", _no_ack(view),
        ),
        lasted(
            "Time to recover", view.onset, view.recovered_at,
            f"from the onset to the recovery; {_CLOCK}", "no recovery was seen",
        ),
        lasted(
            "Time to recover from detection (MTTR)", view.opened_at, view.recovered_at,
            f"from the incident opened to the recovery; {_CLOCK}", "no recovery was seen",
        ),
    )  # fmt: skip


def target(view: IncidentView) -> Measure:
    """Was the MTTR target met?"""
    name = "MTTR target"
    if view.recovered_at is None:
        said = f"due {at(view.sla_due)}; no recovery was seen"
        if view.updated_at >= view.sla_due:
            said = f"missed: it passed at {at(view.sla_due)} without a recovery"
        return Measure(name=name, value=said, source="the policy's escalation table")
    left = view.sla_due - view.recovered_at
    kept = left.total_seconds() >= 0
    said = f"kept, {words(left)} before it passed" if kept else f"missed by {words(-left)}"
    return Measure(
        name=name, value=said, number=left.total_seconds(), unit="s",
        source=f"the policy's escalation table: due {at(view.sla_due)}",
    )  # fmt: skip


def first_sign(view: IncidentView) -> Finding | None:
    """The earliest clear evidence, if it is older than the first alert: that is what detection could have gained.

    Clear is what speaks for the named cause; where none is named, what is strong by itself.
    """
    named = view.diagnosis.named if view.diagnosis else None
    spoke = {c.finding: c.bits for c in named.contributions} if named else {f.id: f.strength for f in view.findings}
    clear = (f for f in view.findings if f.presence is Presence.FOUND and spoke.get(f.id, 0.0) >= CLEAR_SIGN_BITS)
    earlier = [(f.onset, f.id, f) for f in clear if f.onset is not None and f.onset < view.onset]
    return min(earlier, key=lambda sign: sign[:2])[2] if earlier else None


def hindsight_onset(view: IncidentView) -> Finding | None:
    """The finding of logs, metrics or traces with the earliest onset among those that clearly speak for the named
    cause; an onset before the finding's own window is none. Without a named cause nobody knows what to date.
    """
    named = view.diagnosis.named if view.diagnosis else None
    spoke = {c.finding for c in named.contributions if c.bits >= CLEAR_SIGN_BITS} if named else set[str]()
    dated = [
        (f.onset, f.id, f)
        for f in view.findings
        if f.id in spoke and f.source in _DATED and f.onset is not None and f.window.start <= f.onset <= view.opened_at
    ]
    return min(dated, key=lambda sign: sign[:2])[2] if dated else None


def _detected(view: IncidentView) -> Measure:
    name, finding = "Time to detect (MTTD)", hindsight_onset(view)
    if finding is None:
        return not_measured(name, "no finding that speaks for a named cause says when it began")
    source = f"from the onset that hindsight sees in finding {finding.id} to the incident opened"
    return lasted(name, finding.onset, view.opened_at, source, "")


def _first_sign(view: IncidentView) -> Measure:
    name, finding = "First sign before the alert", first_sign(view)
    if finding is None:
        return not_measured(name, "no clear finding has an onset before the first alert's")
    source = f"from the onset in finding {finding.id} to the first alert's start"
    return lasted(name, finding.onset, view.onset, source, "")


def _first(view: IncidentView, kind: Kind) -> datetime | None:
    return min((entry.at for entry in view.timeline if entry.kind is kind), default=None)


def _first_action(view: IncidentView) -> datetime | None:
    return min(_starts(view), default=None)


def _starts(view: IncidentView) -> Iterator[datetime]:
    for attempt in view.attempts:
        if attempt.executed is not None:
            yield attempt.executed.started_at


def _first_ack(view: IncidentView) -> datetime | None:
    first = view.clock.acknowledged_first
    return first.at if first else None


def _no_ack(view: IncidentView) -> str:
    return "nobody acknowledged" if view.clock.escalated_at else "nobody was called upon"
