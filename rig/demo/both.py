"""Who saw the fault, and who first: our own detection and Alertmanager, as the timeline of the incident has it."""

from collections.abc import Iterator, Sequence
from datetime import datetime

from domain.detection import SOURCE
from domain.timeline import Kind
from domain.view import IncidentView
from rig.demo.judge import Check

ALERTMANAGER = "prometheus"
"""As what it is known among the sources of anomalies: it sends what Prometheus' rules say."""
NAMES = {SOURCE: "our own detection", ALERTMANAGER: "Alertmanager"}


def judge_both(views: Sequence[IncidentView], view: IncidentView) -> Iterator[Check]:
    """What must hold when both watch: `views` are all incidents since the fault, `view` is the one that is judged."""
    own = [one.incident for one in views if one.merged_into is None]
    merged = len(views) - len(own)
    seen = f"{len(own)} for itself" + (f", {merged} merged" if merged else "")
    yield Check("the fault is one incident", own == [view.incident], seen)
    first = {who: at for who in NAMES if (at := seen_at(view, who)) is not None}
    late = [NAMES[who] for who, at in first.items() if view.recovered_at is not None and at > view.recovered_at]
    yield Check(
        "its timeline names both who saw it, each before it had recovered",
        len(first) == len(NAMES) and not late,
        order(view) + (f"; after the recovery: {', '.join(late)}" if late else ""),
    )


def seen_at(view: IncidentView, source: str) -> datetime | None:
    """When the timeline first has an alert of this source; None: it has none."""
    return next((entry.at for entry in view.timeline if entry.kind is Kind.ALERT and entry.actor == source), None)


def order(view: IncidentView) -> str:
    """Such as "our own detection first, Alertmanager 4.0 s later"."""
    told = sorted((at, NAMES[who]) for who in NAMES if (at := seen_at(view, who)) is not None)
    if not told:
        return "neither saw it"
    if len(told) == 1:
        return f"only {told[0][1]} saw it"
    (first, one), (second, other) = told
    return f"{one} first, {other} {(second - first).total_seconds():.1f} s later"
