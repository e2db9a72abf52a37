"""What the incident page shows below its header, arranged: findings by source, timers still to come."""

from collections.abc import Sequence
from datetime import datetime

from domain.finding import Finding, Source
from domain.model import Model
from domain.view import IncidentView


class Pane(Model):
    """The findings of one source."""

    source: Source
    findings: tuple[Finding, ...]


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
