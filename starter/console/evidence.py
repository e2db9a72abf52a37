"""What the incident page shows below its header, arranged: findings by source, timers still to come."""

from collections.abc import Mapping, Sequence
from datetime import datetime

from domain.diagnosis import Hypothesis
from domain.finding import Category, Finding, Source
from domain.model import Model
from domain.view import IncidentView

_MOST_CHARTS = 8


class Pane(Model):
    """The findings of one source."""

    source: Source
    findings: tuple[Finding, ...]


class Given(Model):
    """What one finding gave to a cause, in bits; `share` (-1 to 1) of the most that any gave. `finding` None: it is
    not among those that are shown.
    """

    id: str
    bits: float
    share: float
    finding: Finding | None


class Cause(Model):
    """A cause that was weighed, with what speaks for it and against it, the most telling first."""

    hypothesis: Hypothesis
    gave: tuple[Given, ...]


class Planned(Model):
    """Something that will happen at `at` if nothing else does before."""

    at: datetime
    text: str


def panes(view: IncidentView) -> Sequence[Pane]:
    """Findings by source, in the order in which people read them; similar incidents have a place of their own."""
    return [
        Pane(source=source, findings=found)
        for source in Source
        if (found := tuple(f for f in view.findings if f.source is source and f.kind != "similar_incident"))
    ]


def similar(view: IncidentView) -> Sequence[Finding]:
    """Past incidents that looked alike."""
    return [f for f in view.findings if f.kind == "similar_incident"]


def causes(view: IncidentView) -> Sequence[Cause]:
    """The causes that were weighed, best first, each with its evidence."""
    ranked = view.diagnosis.hypotheses if view.diagnosis is not None else ()
    known = {f.id: f for f in view.findings}
    most = max((abs(c.bits) for h in ranked for c in h.contributions), default=0.0) or 1.0
    return [
        Cause(
            hypothesis=h,
            gave=tuple(
                Given(id=c.finding, bits=c.bits, share=c.bits / most, finding=known.get(c.finding))
                for c in sorted(h.contributions, key=lambda c: (-abs(c.bits), c.finding))
            ),
        )
        for h in ranked
    ]


def candidates(view: IncidentView) -> Sequence[Hypothesis]:
    """Causes that were weighed and not named, which a person may know to be the right one."""
    ranked = view.diagnosis.hypotheses if view.diagnosis is not None else ()
    named = view.diagnosis.named if view.diagnosis is not None else None
    return [h for h in ranked if h != named and h.category is not Category.UNKNOWN]


def marks(view: IncidentView) -> Mapping[str, str]:
    """What is to be said of a service: it is suspected, also weighed, or only where the alerts come from."""
    if view.diagnosis is None:
        return {}
    alerted = {a.service: "alerted" for a in view.anomalies}
    weighed = {h.service: "also weighed" for h in reversed(view.diagnosis.hypotheses)}
    both = {service: f"alerted, {said}" if service in alerted else said for service, said in weighed.items()}
    found = {**alerted, **both}
    if view.diagnosis.hypotheses:
        first = view.diagnosis.hypotheses[0].service
        word = "suspect" if view.diagnosis.named else "first, unsure"
        found[first] = f"{word}, alerted" if first in alerted else word
    return found


def charted(view: IncidentView) -> frozenset[str]:
    """Ids of the findings whose series are drawn: those that the first cause rests on first, then the strongest."""
    first = view.diagnosis.hypotheses[:1] if view.diagnosis is not None else ()
    rests_on = {c.finding for h in first for c in h.contributions}
    drawn = [f for f in view.findings if f.curve is not None]
    ranked = sorted(drawn, key=lambda f: (f.id not in rests_on, -f.strength, f.id))
    return frozenset(f.id for f in ranked[:_MOST_CHARTS])


def planned(view: IncidentView, now: datetime) -> Sequence[Planned]:
    """What is still to come, by time."""
    if view.state.closed:
        return []
    rows = [Planned(at=view.next.at, text=view.next.text)] if view.next.at else []
    if view.waiting is not None:
        rows.append(Planned(at=view.waiting.deadline, text="the time for a decision ends"))
    if view.clock.stopped_at is None:
        rows.append(Planned(at=view.sla_due, text="the MTTR target passes"))
    distinct = {(row.at, row.text): row for row in rows if row.at > now}
    return sorted(distinct.values(), key=lambda row: row.at)
