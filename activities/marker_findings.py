"""Findings from changes that no cluster tells of: what a service says of itself that it runs, read from metrics."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime

from activities import windows
from activities.metric_queries import RANGE, filled
from analysis.bits import ABSENT_BITS
from analysis.changes import nearness_bits
from analysis.markers import Switch, switches
from analysis.redaction import name
from domain.finding import Category, Finding, Presence, Source, missing
from domain.question import Question
from domain.services import Marker
from integrations.ports import MetricSource

_STEP_S = 5.0
_MOST_POINTS = 2000
_SPEAKS_FOR = {"rollout": {Category.BAD_DEPLOYMENT: 1.0}, "config": {Category.CONFIG: 1.0}}
_WORDS = {"rollout": "release", "config": "configuration"}
_AGAINST = {"rollout": {Category.BAD_DEPLOYMENT: 1.0}, "config": {Category.CONFIG: 1.0}}


def findings_of(service: str, metrics: MetricSource, question: Question) -> list[Finding]:
    """What was released or configured in the hour before and since; for each marker without such a change, that."""
    return [f for marker in question.graph.markers for f in _of_marker(service, marker, metrics, question)]


def _of_marker(service: str, marker: Marker, metrics: MetricSource, question: Question) -> Iterator[Finding]:
    window, query = windows.changes(question), filled(marker.query, service, RANGE)
    step_s = max(_STEP_S, windows.seconds(window) / _MOST_POINTS)
    seen: dict[str, list[float]] = {}
    for series in metrics.query_range(query, window, step_s):
        seen.setdefault(series.labels.get(marker.label, ""), []).extend(at for at, _ in series.points)
    if not seen:
        yield missing(Source.CHANGES, f"no {_WORDS[marker.kind]} of {name(service)} is told", window, query)
        return
    blank = Finding(
        source=Source.CHANGES, kind=marker.kind, service=service, title="", window=window, query=query, unit="times",
        link=metrics.link(query, window),
    )  # fmt: skip
    made = switches(seen, 3 * step_s)
    over_by = windows.calm_end(question).timestamp()
    found = [
        _finding(blank, switch, question, over=any(later.at < over_by for later in made[n:])
                 or _gone(switch, seen, over_by))
        for n, switch in enumerate(made, start=1)
    ]  # fmt: skip
    yield from found
    if not any(f.strength > 0 for f in found):
        yield _none(blank)


def _gone(switch: Switch, seen: Mapping[str, Sequence[float]], over_by: float) -> bool:
    """Was it a canary: gone by then, while what ran beside it ran on?"""
    return max(seen[switch.after]) < over_by <= max(seen[switch.before])


def _finding(blank: Finding, switch: Switch, question: Question, *, over: bool) -> Finding:
    """What ran before already, and came back, is no news: it is what the calm is made of. What was `over`, replaced by
    something else well before the onset, did not cause what began then.
    """
    at = datetime.fromtimestamp(switch.at, UTC)
    before_s = (question.onset - at).total_seconds()
    strength = 0.0 if switch.returned or over else nearness_bits(before_s)
    when = f"{abs(before_s):.0f} s {'before' if before_s >= 0 else 'after'} the onset"
    again = " again" if switch.returned else ""
    return blank.model_copy(update={
        "title": f"{name(blank.service or '')}: {_WORDS[blank.kind]} {name(switch.after)}{again}, in place of "
        f"{name(switch.before)}, {when}",
        "strength": strength,
        "value": 1.0,
        "onset": at,
        "categories": _SPEAKS_FOR[blank.kind] if strength > 0 else {},
        "facts": {
            "at": at.isoformat(), "before_onset_s": before_s, "version": name(switch.after),
            "version_before": name(switch.before), "returned": switch.returned,
        },
    })  # fmt: skip


def _none(blank: Finding) -> Finding:
    return blank.model_copy(update={
        "presence": Presence.ABSENT,
        "kind": f"no_{blank.kind}",
        "title": f"{name(blank.service or '')}: no new {_WORDS[blank.kind]} in the hour before; that speaks against it",
        "strength": ABSENT_BITS,
        "against": _AGAINST[blank.kind],
    })  # fmt: skip
