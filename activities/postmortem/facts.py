"""All facts of a postmortem in one place: the text is written from these, and they are kept beside it."""

import hashlib
import json
from collections import Counter
from collections.abc import Iterator

from activities.postmortem.followups import FollowUp, follow_ups, unseen
from activities.postmortem.measure import Measure, counted, not_measured
from activities.postmortem.series import Drawn
from activities.postmortem.story import how_it_ended, summary
from activities.postmortem.times import target, times
from domain.finding import Finding, Presence
from domain.model import Model
from domain.quantity import quantity
from domain.timeline import Entry, Kind
from domain.view import IncidentView

KEY_ROWS = 20
KEY_FINDINGS = 15
# What decided the incident comes first when not all rows fit.
_IMPORTANCE = (
    Kind.ACTION, Kind.DECISION, Kind.VERIFICATION, Kind.ESCALATION, Kind.DIAGNOSIS, Kind.PERSON, Kind.STATE, Kind.GATE,
    Kind.PLAN, Kind.ALERT, Kind.NOTIFICATION, Kind.NOTE,
)  # fmt: skip


class Facts(Model):
    """What the postmortem says, without its words. `draft`: no person has signed it."""

    incident: str
    draft: bool
    ended: str
    summary: tuple[str, ...]
    impact: tuple[Measure, ...]
    times: tuple[Measure, ...]
    target: Measure
    machine: tuple[Measure, ...]
    charts: tuple[Drawn, ...]
    timeline: tuple[Entry, ...]
    timeline_rest: dict[str, int]
    evidence: tuple[Finding, ...]
    evidence_rest: int
    unseen: tuple[Finding, ...]
    follow_ups: tuple[FollowUp, ...]
    view: IncidentView

    @property
    def digest(self) -> str:
        """SHA-256 of the facts as JSON with sorted keys."""
        written = json.dumps(self.model_dump(mode="json"), sort_keys=True, ensure_ascii=False)
        return hashlib.sha256(written.encode("utf-8", "replace")).hexdigest()


def facts_of(view: IncidentView, drawn: tuple[Drawn, ...], *, draft: bool) -> Facts:
    """Gather what is known. The same view and charts give the same facts."""
    rows, rest = key_rows(view.timeline)
    items = follow_ups(view)
    found = sorted((f for f in view.findings if f.presence is not Presence.MISSING), key=lambda f: (-f.strength, f.id))
    return Facts(
        incident=view.incident, draft=draft, ended=how_it_ended(view), summary=summary(view, drawn, items),
        impact=tuple(_impact(view, drawn)), times=times(view), target=target(view), machine=tuple(_machine(view)),
        charts=drawn, timeline=rows, timeline_rest=rest, evidence=tuple(found[:KEY_FINDINGS]),
        evidence_rest=max(0, len(found) - KEY_FINDINGS), unseen=tuple(unseen(view)), follow_ups=items,
        view=view,
    )  # fmt: skip


def key_rows(timeline: tuple[Entry, ...]) -> tuple[tuple[Entry, ...], dict[str, int]]:
    """The rows that decided the incident, in order of time, and how many others there are of each kind."""
    if len(timeline) <= KEY_ROWS:
        return timeline, {}
    # Findings stand under evidence; a few of them, chosen to fill the table, would tell nothing.
    telling = (entry for entry in timeline if entry.kind is not Kind.FINDING)
    ranked = sorted(telling, key=lambda entry: (_IMPORTANCE.index(entry.kind), entry.seq))
    # How it began and how it stands are always told.
    wanted = (*timeline[:1], *timeline[-1:], *ranked)
    kept = list({entry.seq: entry for entry in wanted}.values())[:KEY_ROWS]
    shown = {entry.seq for entry in kept}
    rest = Counter(entry.kind.value for entry in timeline if entry.seq not in shown)
    return tuple(entry for entry in timeline if entry.seq in shown), dict(sorted(rest.items()))


def _impact(view: IncidentView, drawn: tuple[Drawn, ...]) -> Iterator[Measure]:
    share = view.failing_share
    if share is None:
        yield not_measured("Failing share of users' requests", "no user-facing service gave a number")
    else:
        yield Measure(
            name="Failing share of users' requests", value=quantity(share, "share"), number=share, unit="share",
            source="the error expression of the worst user-facing service, over two minutes at most, when last asked",
        )  # fmt: skip
    for chart in drawn:
        for measure in chart.measures:
            yield measure.model_copy(update={"name": f"{chart.title} {measure.name}"})
        if chart.missing:
            yield not_measured(chart.title, chart.missing)
    yield counted("Services that raised an alert", len(view.services), "the alerts")
    yield counted("Distinct alerts", len(view.anomalies), "the alerts, by series; at most 100 are listed")
    yield not_measured("Affected users", "no query for users is configured")
    yield not_measured("Revenue lost", "no query for revenue is configured")


def _machine(view: IncidentView) -> Iterator[Measure]:
    record = "the incident's own record"
    delivered = [d for d in view.deliveries if d.delivered]
    yield counted("Messages delivered", len(delivered), record)
    yield counted("Messages that did not arrive", len(view.deliveries) - len(delivered), record)
    yield counted("Plans made", len(view.attempts), record)
    yield counted("Plans executed", sum(a.executed is not None for a in view.attempts), record)
    yield counted("Plans that held", sum(a.held is True for a in view.attempts), record)
    yield counted("Decisions by people", len(view.decisions), record)
    yield counted("Sightings of alerts", view.sightings, record)
    yield not_measured("Time spent waiting for decisions", "the record keeps no span for it")
    yield not_measured("Cost of language models", "no call to one is recorded")
