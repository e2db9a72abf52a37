"""What a worker does with a shard in a cycle: look, decide, hand over, write down."""

import logging
import time
from collections.abc import Callable, Collection, Sequence
from datetime import UTC, datetime

from activities.detection import asking
from activities.detection.cycle import MOST_NAMED, Cycle, count
from activities.detection.forecasts import Forecasts
from activities.detection.kept import Kept
from activities.detection.lookout import Lookout
from activities.detection.thread import to_its_end
from analysis.novelty import Detector
from domain.anomaly import Anomaly
from domain.detection import Verdict, Watched, decide, series_key, strangest
from domain.forecast import FORGOTTEN_AFTER
from domain.series import USUAL_AFTER, Standing
from domain.services import ServiceMap
from domain.shards import Shard
from domain.sign import STRANGE
from domain.silence import absence, in_outage, outage
from domain.thresholds import in_force
from integrations.ports import (
    AnomalyIntake,
    Claim,
    ForecastStore,
    MetricSource,
    SeriesStore,
    ShardStore,
    ThresholdStore,
    Unavailable,
)  # fmt: skip

_log = logging.getLogger(__name__)


class Watch:
    """One shard while a worker holds it. The detectors stay in memory; what is written down lets another go on."""

    def __init__(
        self, metrics: MetricSource | None, store: SeriesStore, forecasts: ForecastStore, intake: AnomalyIntake | None,
        services: ServiceMap, every_s: float, clock: Callable[[], float], *, thresholds: ThresholdStore | None,
        shards: ShardStore | None, shard: Shard, lookout: Lookout,
    ) -> None:  # fmt: skip
        self._metrics = metrics
        self._store = store
        self._forecasts = Forecasts(forecasts)
        self._intake = intake
        self._services = services
        self._every_s = every_s
        self._clock = clock
        self._thresholds = thresholds
        self._shards = shards
        self._shard = shard
        self._lookout = lookout
        self._kept: dict[str, Kept] = {}
        self._away: set[tuple[str, str]] = set()
        self.unseen: Unavailable | None = None
        self._missed: set[str] = set()

    def forget(self) -> None:
        """What was judged since it was written down."""
        self._kept.clear()
        self._missed.clear()

    async def cycle(self, claim: Claim) -> Cycle:
        """Look, decide, hand over, write down. Raises PortError."""
        if self._metrics is None or self._intake is None:
            return Cycle()
        now, began = self._clock(), time.perf_counter()
        moment = datetime.fromtimestamp(now, UTC)
        answers = await to_its_end(self._look, self._metrics, now)
        silent = await to_its_end(self._silent, answers, moment, claim)
        # A shard of which nothing was due has asked nothing, and does not know whether anybody would have answered.
        answered = any(answer.away is None for answer in answers)
        sight, light = self._lookout.light(moment) if answered else (None, None)
        anomalies = [*self._decide(silent, moment), *([light] if light else ())]
        keys = await self._intake.accept(anomalies) if anomalies else ()
        if sight is not None:
            self._lookout.told(sight)
        await to_its_end(self._write)
        cycle = Cycle(
            series=len(self._kept), ready=sum(kept.detector.ready for kept in self._kept.values()),
            forecast=len(self._forecasts), stale=self._forecasts.stale(moment), reported=len(anomalies),
            skipped=self._skipped(claim, moment), refused=sum(answer.refused is not None for answer in answers),
            away=sum(answer.away is not None for answer in answers), incidents=keys[:MOST_NAMED],
        )  # fmt: skip
        count(cycle, claim.shard, time.perf_counter() - began)
        return cycle

    def _look(self, metrics: MetricSource, now: float) -> Sequence[asking.Answered]:
        """Take in what is new of every series; what was asked, and the answers."""
        services = {name for name in self._store.services() if self._shard.holds(name)}
        services |= {service.name for service in self._services.services if self._shard.holds(service.name)}
        self._catch_up(services, now - FORGOTTEN_AFTER.total_seconds())
        self._forecasts.refresh(services)
        seen: dict[tuple[str, str], list[float]] = {}
        for kept in self._kept.values():
            seen.setdefault((kept.watched.service, kept.watched.expression.name), []).append(kept.until)
        due = [a for a in asking.due(self._services, seen, now, self._every_s) if self._shard.holds(a.service)]
        # What had no answer the last time comes last, so that it takes no time from the others.
        try:
            answers = asking.ask(metrics, sorted(due, key=lambda asked: asked.name in self._away))
        except Unavailable as error:
            self.unseen = error
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

    def _catch_up(self, services: Collection[str], oldest: float) -> None:
        """Take over what another worker, or this one before it restarted, knew; without series that ended before."""
        self._kept = {key: kept for key, kept in self._kept.items() if kept.until >= oldest}
        marks = {key: until for key, until in self._store.marks(services).items() if until.timestamp() >= oldest}
        latest = max(marks.values(), default=None)
        self._lookout.begins(latest, datetime.fromtimestamp(oldest, UTC) + FORGOTTEN_AFTER)
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

    def _decide(self, silent: dict[str, Verdict], now: datetime) -> list[Anomaly]:
        """The anomalies that begin or end now. `silent`: what becomes of the series without samples."""
        standings: dict[str, list[tuple[str, Standing]]] = {}
        for kept in self._kept.values():
            standings.setdefault(kept.watched.service, []).append((kept.watched.expression.name, kept.standing))
        services = {name: strangest(of_it) for name, of_it in standings.items()}
        verdicts = {
            key: decide(kept.watched, kept.standing, services[kept.watched.service], now)
            for key, kept in self._kept.items()
        }
        verdicts |= silent
        for key, verdict in verdicts.items():
            self._kept[key].settle(verdict.standing)
        return [verdict.anomaly for verdict in verdicts.values() if verdict.anomaly is not None]

    def _silent(self, answers: Sequence[asking.Answered], now: datetime, claim: Claim) -> dict[str, Verdict]:
        """What becomes of the series that have no samples any more. Where half of all services have fallen silent it is
        one trouble, so with several shards each tells in its next cycle what all of them have found in this one.
        """
        found = self._absent(answers, now)
        silent = {kept.watched.service for kept in self._kept.values() if kept.standing.silent}
        silent |= {self._kept[key].watched.service for key, verdict in found.items() if verdict.standing.silent}
        # Services whose series have all ended are no longer watched.
        usual = now.timestamp() - USUAL_AFTER.total_seconds()
        watched = silent | {kept.watched.service for kept in self._kept.values() if kept.until >= usual}
        counts = len(silent), len(watched)
        if self._shards is not None:
            counts = self._shards.count(claim, *counts)
        begins = {key for key, verdict in found.items() if verdict.standing.silent and verdict.anomaly is not None}
        if self._shard.of > 1:
            early, self._missed = begins - self._missed, begins
            begins = begins - early
            found = {key: verdict for key, verdict in found.items() if key not in early}
        return found | {key: in_outage(found[key]) for key in begins if outage(*counts)}

    def _absent(self, answers: Sequence[asking.Answered], now: datetime) -> dict[str, Verdict]:
        """Series without samples, and such that have some again, where their source was asked and has answered, now or
        when they were first missed.
        """
        asked = {(answer.asked.service, answer.asked.query) for answer in answers if answer.unanswered is None}
        found: dict[str, Verdict] = {}
        for key, kept in self._kept.items():
            if key in self._missed or (kept.watched.service, kept.watched.query) in asked:
                last, gap = datetime.fromtimestamp(kept.until, UTC), self._forecasts.gap_s(kept.watched)
                verdict = absence(kept.watched, kept.standing, last, gap, now)
                found |= {key: verdict} if verdict is not None else {}
        return found

    def _write(self) -> None:
        due = [kept for kept in self._kept.values() if kept.due]
        if due:
            self._store.save([kept.row() for kept in due])
        for kept in due:
            kept.written, kept.changed = kept.detector.points, False

    def _skipped(self, claim: Claim, now: datetime) -> int:
        if claim.before is None:
            return 0
        return max(round((now - claim.before).total_seconds() / self._every_s) - 1, 0)
