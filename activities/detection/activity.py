"""A cycle of detection: ask, judge, decide, hand over, write down."""

import asyncio
import logging
import time
from collections.abc import Callable, Sequence
from datetime import UTC, datetime

from temporalio import activity

from activities.detection import asking
from activities.detection.forecasts import Forecasts
from activities.detection.kept import Kept
from activities.errors import as_application_error
from analysis.novelty import Detector
from domain.anomaly import Anomaly
from domain.detection import STRANGE, USUAL_AFTER, Standing, Verdict, Watched, decide, series_key, strangest
from domain.forecast import FORGOTTEN_AFTER
from domain.model import Model
from domain.services import ServiceMap
from domain.silence import Sight, absence, first_sight, in_outage, in_the_dark, in_the_light, outage
from domain.thresholds import in_force
from integrations.ports import (
    AnomalyIntake,
    ForecastStore,
    MetricSource,
    PortError,
    SeriesStore,
    ThresholdStore,
    Unavailable,
)  # fmt: skip

_log = logging.getLogger(__name__)


class Cycle(Model):
    """What a cycle did: all that history keeps of it. `skipped`: cycles that were due since the one before.

    `forecast`: series of which there is a forecast; `stale`: those whose forecast is too old to judge by. `refused` and
    `away`: questions that Prometheus will not answer, and those that it did not answer this time.
    """

    series: int = 0
    ready: int = 0
    forecast: int = 0
    stale: int = 0
    reported: int = 0
    skipped: int = 0
    refused: int = 0
    away: int = 0
    incidents: tuple[str, ...] = ()


class DetectionActivities:
    """Watches the expressions of all services. `every_s`: seconds between cycles, the step of fast expressions.

    The detectors stay in memory between cycles; what is written down lets another worker go on from there.
    `thresholds`: None: nobody's word raises any.
    """

    def __init__(
        self, metrics: MetricSource | None, store: SeriesStore, forecasts: ForecastStore, intake: AnomalyIntake | None,
        services: ServiceMap, every_s: float, clock: Callable[[], float] = time.time,
        thresholds: ThresholdStore | None = None,
    ) -> None:  # fmt: skip
        self._metrics = metrics
        self._store = store
        self._forecasts = Forecasts(forecasts)
        self._intake = intake
        self._services = services
        self._every_s = every_s
        self._clock = clock
        self._thresholds = thresholds
        self._kept: dict[str, Kept] = {}
        self._turn = asyncio.Lock()
        self._last: float | None = None
        self._away: set[tuple[str, str]] = set()
        self._sight: Sight | None = None
        self._unseen: Unavailable | None = None

    @activity.defn
    async def sweep(self) -> Cycle:
        """One cycle. Raises ApplicationError where Prometheus, the store or Temporal is away: nothing is lost by it,
        as the next cycle judges what this one did not.
        """
        async with self._turn:
            try:
                return await self._cycle()
            except PortError as error:
                # What was judged and not handed over shall be judged again, from what is written down.
                self._kept.clear()
                _count_failure()
                if isinstance(error, Unavailable) and error is self._unseen:
                    await self._tell_of_the_dark(error)
                raise as_application_error(error) from error

    async def _cycle(self) -> Cycle:
        if self._metrics is None or self._intake is None:
            return Cycle()
        now, began = self._clock(), time.perf_counter()
        moment = datetime.fromtimestamp(now, UTC)
        answers = await asyncio.to_thread(self._look, self._metrics, now)
        sight, light = in_the_light(self._sight or Sight(), moment)
        anomalies = [*self._decide(answers, moment), *([light] if light else ())]
        keys = await self._intake.accept(anomalies) if anomalies else ()
        self._sight = sight
        await asyncio.to_thread(self._write)
        cycle = Cycle(
            series=len(self._kept), ready=sum(kept.detector.ready for kept in self._kept.values()),
            forecast=len(self._forecasts), stale=self._forecasts.stale(moment), reported=len(anomalies),
            skipped=self._skipped(now), refused=sum(answer.refused is not None for answer in answers),
            away=sum(answer.away is not None for answer in answers), incidents=keys[:20],
        )  # fmt: skip
        _count(cycle, time.perf_counter() - began)
        return cycle

    async def _tell_of_the_dark(self, why: Unavailable) -> None:
        """A source that is itself unhealthy is trouble of the monitoring. Where Temporal is away too, later."""
        before = self._sight or Sight()
        sight, anomaly = in_the_dark(before, datetime.fromtimestamp(self._clock(), UTC), str(why)[:300])
        self._sight = sight if anomaly is None else before.model_copy(update={"since": sight.since})
        if anomaly is None or self._intake is None:
            return
        try:
            await self._intake.accept([anomaly])
        except PortError as error:
            _log.warning("that the source of metrics does not answer could not be told: %s", error)
        else:
            self._sight = sight

    def _look(self, metrics: MetricSource, now: float) -> Sequence[asking.Answered]:
        """Take in what is new of every series; what was asked, and the answers."""
        self._catch_up(now - FORGOTTEN_AFTER.total_seconds())
        self._forecasts.refresh()
        seen: dict[tuple[str, str], list[float]] = {}
        for kept in self._kept.values():
            seen.setdefault((kept.watched.service, kept.watched.expression.name), []).append(kept.until)
        due = asking.due(self._services, seen, now, self._every_s)
        # What had no answer the last time comes last, so that it takes no time from the others.
        try:
            answers = asking.ask(metrics, sorted(due, key=lambda asked: asked.name in self._away))
        except Unavailable as error:
            self._unseen = error
            raise
        self._away -= {answer.asked.name for answer in answers if answer.away is None}
        self._away |= {answer.asked.name for answer in answers if answer.slow}
        new: list[tuple[Kept, list[tuple[float, float]]]] = []
        for answer in answers:
            if answer.unanswered is not None:
                _log.warning("%s of %s: %s", answer.asked.expression.name, answer.asked.service, answer.unanswered)
            for series in answer.series:
                kept = self._of(answer.asked, series.labels)
                new.append((kept, kept.new(series.points)))
        expected = self._forecasts.judge([kept.watched for kept, _ in new], [points for _, points in new])
        for (kept, points), of_these in zip(new, expected, strict=True):
            kept.take(points, of_these)
        self._raise_thresholds()
        return answers

    def _raise_thresholds(self) -> None:
        """As people's words have it now: one question for all series."""
        raised = in_force(self._thresholds.words()) if self._thresholds is not None else {}
        for key, kept in self._kept.items():
            kept.judged_by(raised[key].threshold if key in raised else STRANGE)

    def _catch_up(self, oldest: float) -> None:
        """Take over what another worker, or this one before it restarted, knew; without series that ended before."""
        self._kept = {key: kept for key, kept in self._kept.items() if kept.until >= oldest}
        marks = {key: until for key, until in self._store.marks().items() if until.timestamp() >= oldest}
        if self._sight is None:
            now = datetime.fromtimestamp(oldest, UTC) + FORGOTTEN_AFTER
            self._sight = first_sight(max(marks.values(), default=None), now)
        behind = [key for key, until in marks.items() if self._until(key) < until.timestamp()]
        for row in self._store.load(behind) if behind else ():
            try:
                self._kept[row.watched.key] = Kept.of(row)
            except ValueError as error:
                _log.warning("%s of %s is learnt anew: %s", row.watched.expression.name, row.watched.service, error)

    def _until(self, key: str) -> float:
        return self._kept[key].until if key in self._kept else 0.0

    def _of(self, asked: asking.Asked, labels: dict[str, str]) -> Kept:
        key = series_key(asked.service, asked.expression, labels)
        known = self._kept.get(key)
        watched = Watched(
            key=key, service=asked.service, expression=asked.expression, query=asked.query, labels=labels
        )  # fmt: skip
        if known is None:
            known = self._kept[key] = Kept(watched, Standing(), 0.0, Detector(floor=asked.expression.floor))
        known.watched = watched
        return known

    def _decide(self, answers: Sequence[asking.Answered], now: datetime) -> list[Anomaly]:
        """The anomalies that begin or end now."""
        standings: dict[str, list[tuple[str, Standing]]] = {}
        for kept in self._kept.values():
            standings.setdefault(kept.watched.service, []).append((kept.watched.expression.name, kept.standing))
        services = {name: strangest(of_it) for name, of_it in standings.items()}
        verdicts = {
            key: decide(kept.watched, kept.standing, services[kept.watched.service], now)
            for key, kept in self._kept.items()
        }
        verdicts |= self._silent(answers, now)
        for key, verdict in verdicts.items():
            self._kept[key].settle(verdict.standing)
        return [verdict.anomaly for verdict in verdicts.values() if verdict.anomaly is not None]

    def _silent(self, answers: Sequence[asking.Answered], now: datetime) -> dict[str, Verdict]:
        """What becomes of the series that have no samples any more, where their source was asked and has answered."""
        asked = {(answer.asked.service, answer.asked.query) for answer in answers if answer.unanswered is None}
        found: dict[str, Verdict] = {}
        for key, kept in self._kept.items():
            if (kept.watched.service, kept.watched.query) in asked:
                last, gap = datetime.fromtimestamp(kept.until, UTC), self._forecasts.gap_s(kept.watched)
                verdict = absence(kept.watched, kept.standing, last, gap, now)
                found |= {key: verdict} if verdict is not None else {}
        silent = {kept.watched.service for kept in self._kept.values() if kept.standing.silent}
        silent |= {self._kept[key].watched.service for key, verdict in found.items() if verdict.standing.silent}
        # Services whose series have all ended are no longer watched.
        usual = now.timestamp() - USUAL_AFTER.total_seconds()
        if outage(silent, silent | {kept.watched.service for kept in self._kept.values() if kept.until >= usual}):
            begins = {key for key, verdict in found.items() if verdict.standing.silent and verdict.anomaly is not None}
            found |= {key: in_outage(found[key]) for key in begins}
        return found

    def _write(self) -> None:
        due = [kept for kept in self._kept.values() if kept.due]
        if due:
            self._store.save([kept.row() for kept in due])
        for kept in due:
            kept.written, kept.changed = kept.detector.points, False

    def _skipped(self, now: float) -> int:
        before, self._last = self._last, now
        return 0 if before is None else max(round((now - before) / self._every_s) - 1, 0)


def _count(cycle: Cycle, seconds: float) -> None:
    """For whoever watches Nightshift: the worker's own metrics."""
    meter = activity.metric_meter()
    meter.create_gauge("nightshift_detection_series", "Series that are watched.").set(cycle.series)
    meter.create_gauge("nightshift_detection_series_ready", "Series with enough history.").set(cycle.ready)
    meter.create_gauge("nightshift_detection_series_forecast", "Series with a forecast.").set(cycle.forecast)
    meter.create_gauge("nightshift_detection_series_stale", "Series with a stale forecast.").set(cycle.stale)
    meter.create_counter("nightshift_detection_cycles", "Cycles of detection.").add(1)
    meter.create_counter("nightshift_detection_cycles_skipped", "Cycles that came too late.").add(cycle.skipped)
    meter.create_counter("nightshift_detection_anomalies", "Anomalies that began or ended.").add(cycle.reported)
    meter.create_counter("nightshift_detection_refused", "Questions that were refused.").add(cycle.refused)
    meter.create_counter("nightshift_detection_away", "Questions that had no answer this time.").add(cycle.away)
    meter.create_histogram_float("nightshift_detection_seconds", "Seconds of a cycle.").record(seconds)


def _count_failure() -> None:
    """The gauges stand still meanwhile: what they say is of the last cycle that went through."""
    activity.metric_meter().create_counter("nightshift_detection_cycles_failed", "Cycles that failed.").add(1)
