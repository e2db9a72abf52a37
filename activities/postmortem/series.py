"""The anomalous series around the incident: asked for again, drawn, and read in a sentence."""

import math
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from statistics import fmean

from activities.postmortem.measure import Measure
from analysis.charts import Chart, Point, svg
from domain.anomaly import Anomaly
from domain.finding import Window
from domain.model import Model
from domain.quantity import quantity
from domain.verification import Watch, watch_of_rule
from domain.view import IncidentView
from integrations.ports import MetricSource, PortError, Series

LEAD = timedelta(minutes=30)
"""What is shown of the time before: the window in which metrics are compared with their baseline (spec section 3)."""
BEFORE = "on average before the onset"
WORST = "at its worst"
MOST_CHARTS = 4
MOST_POINTS = 300
_FINEST_S = 15.0
_LONGEST_REASON = 200


class Drawn(Model):
    """One chart and the numbers read from it; without a chart, `missing` says why there is none."""

    title: str
    query: str
    link: str | None = None
    file: str | None = None
    svg: str | None = None
    reading: str = ""
    measures: tuple[Measure, ...] = ()
    missing: str | None = None


def draw(view: IncidentView, metrics: MetricSource | None) -> tuple[Drawn, ...]:
    """A chart for each rule behind the alerts, at most four. A source that does not answer is said, never raised."""
    rules = dict(_rules(view))
    return tuple(_draw(view, anomaly, watch, metrics, n) for n, (anomaly, watch) in enumerate(rules.values(), 1))


def _rules(view: IncidentView) -> Iterator[tuple[tuple[str, str], tuple[Anomaly, Watch]]]:
    """The alerts whose rule is a number beside a bound, each query and service once."""
    seen: set[tuple[str, str]] = set()
    for anomaly in view.anomalies:
        watch = watch_of_rule(anomaly.series, anomaly.expression, anomaly.labels, anomaly.actual)
        if watch is None or (watch.query, anomaly.service) in seen or len(seen) == MOST_CHARTS:
            continue
        seen.add((watch.query, anomaly.service))
        yield (watch.query, anomaly.service), (anomaly, watch)


def _draw(view: IncidentView, anomaly: Anomaly, watch: Watch, metrics: MetricSource | None, place: int) -> Drawn:
    title = f"{anomaly.service}: {anomaly.name}"
    window = Window(start=view.onset - LEAD, end=max(ended(view), view.updated_at))
    if metrics is None:
        return Drawn(title=title, query=watch.query, missing="no metric source is configured")
    step_s = max(_FINEST_S, math.ceil((window.end - window.start).total_seconds() / MOST_POINTS))
    try:
        found = _ours(watch, metrics.query_range(watch.query, window, step_s))
        link = metrics.link(watch.query, window)
    except PortError as error:
        return Drawn(title=title, query=watch.query, missing=f"the metric source said: {error}"[:_LONGEST_REASON])
    if not found:
        return Drawn(title=title, query=watch.query, link=link, missing="the query returned no points in the window")
    measures = _measures(view, anomaly, watch, found)
    chart = Chart(
        title=title, reading=_reading(measures), unit=anomaly.unit, window=window,
        incident=Window(start=view.onset, end=ended(view)), step_s=step_s, points=found, bound=watch.bound,
    )  # fmt: skip
    return Drawn(
        title=title, query=watch.query, link=link, file=f"{view.incident}-{place}.svg", svg=svg(chart),
        reading=chart.reading, measures=measures,
    )  # fmt: skip


def ended(view: IncidentView) -> datetime:
    """Until when users felt it, as far as is known."""
    return view.recovered_at or view.closed_at or view.updated_at


def _ours(watch: Watch, found: Sequence[Series]) -> tuple[Point, ...]:
    """The series that the alert's labels select; of several the one that went furthest to the harmful side."""
    ours = [s for s in found if all(watch.labels.get(k) == v for k, v in s.labels.items() if k != "__name__")]
    worst = max(ours, key=lambda s: max(watch.excess(value) for _, value in s.points), default=None)
    return worst.points if worst else ()


def _measures(view: IncidentView, anomaly: Anomaly, watch: Watch, points: Sequence[Point]) -> tuple[Measure, ...]:
    source = f"the query of alert {anomaly.name} (see its chart), {_clock(points[0])} to {_clock(points[-1])}"
    start, end = view.onset.timestamp(), ended(view).timestamp()
    before = [value for seconds, value in points if seconds < start]
    during = [point for point in points if start <= point[0] <= end]

    def measure(name: str, value: float) -> Measure:
        said = quantity(value, anomaly.unit)
        return Measure(name=name, value=said, number=value, unit=anomaly.unit, source=source)

    found: list[Measure] = []
    if before:
        found.append(measure(BEFORE, fmean(before)))
    if during:
        worst = max(during, key=lambda point: watch.excess(point[1]))
        found.append(measure(f"{WORST} ({_clock(worst)})", worst[1]))
        found.append(measure("on average while it lasted", fmean(value for _, value in during)))
    found.append(measure(f"at the end ({_clock(points[-1])})", points[-1][1]))
    return tuple(found)


def _reading(measures: Sequence[Measure]) -> str:
    """Such as: 0.1 % on average before the onset, 33 % at its worst (12:00:30 UTC), 0 % at the end (12:18:15 UTC)."""
    return ", ".join(f"{m.value} {m.name}" for m in measures) + "."


def _clock(point: Point) -> str:
    return f"{datetime.fromtimestamp(point[0], tz=UTC):%H:%M:%S} UTC"
