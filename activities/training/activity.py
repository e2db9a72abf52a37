"""A round of training: every series that is not fresh, fitted in processes of its own, each kept as soon as it is."""

import logging
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, BrokenExecutor, Executor, Future, wait
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby

from temporalio import activity
from temporalio.exceptions import ApplicationError

from activities.errors import retry_only_what_helps
from activities.heartbeat import EVERY_S
from activities.training import asking
from activities.training.forests import Forests
from activities.training.groups import Groups
from activities.training.pool import pool, processes
from activities.windows import moment
from analysis.forecasting.fitting import Failed, Fitted, fit
from analysis.forecasting.history import History, NotReady, prepare
from domain.detection import series_key
from domain.forecast import (
    FORGOTTEN_AFTER,
    RETRAINED_AFTER,
    STALE_AFTER,
    Forecast,
    Question,
    Seen,
    Trouble,
    again_at,
    due,
    troubled,
)
from domain.forest import LONGEST_HISTORY
from domain.model import Model
from domain.services import Expression, ServiceMap
from domain.shards import WHOLE, Shard
from integrations.ports import (
    ForecastStore,
    ForestStore,
    MetricSource,
    PortError,
    Rejected,
    Series,
    SeriesStore,
    Unavailable,
)

_log = logging.getLogger(__name__)
LeftOut = Sequence[tuple[float, float]]
Fit = Callable[[History, float], Fitted | Failed]


class Round(Model):
    """What a round of training did, all that history keeps of it, and how far it is while it runs: its heartbeat.

    `questions` of `due` were answered; `refused`: those that the server will not answer; `away`: those that it did not
    answer this time, which stay due. `fresh`: series that another try of this round had trained already, or that are
    not due. `forests`: services whose training rows were kept; `forests_refused`: those whose rows could not be trusted
    any more. `groups`: those whose rows were kept.
    """

    due: int = 0
    questions: int = 0
    refused: int = 0
    away: int = 0
    trained: int = 0
    not_ready: int = 0
    failed: int = 0
    fresh: int = 0
    forests: int = 0
    forests_not_ready: int = 0
    forests_refused: int = 0
    groups: int = 0
    groups_not_ready: int = 0
    failed_shards: int = 0

    def joined(self, other: "Round") -> "Round":
        """Both as one: two shards of a round."""
        mine, others = self.model_dump(), other.model_dump()
        return Round(**{name: value + others[name] for name, value in mine.items()})


@dataclass(frozen=True)
class _Job:
    """A series that can be fitted. `forecast`: all that is known of it before the fit."""

    forecast: Forecast
    history: History


class TrainingActivities:
    """Keeps the tables of forecasts and forests. `pool` makes the processes, in which `fit` runs."""

    def __init__(
        self, metrics: MetricSource | None, forecasts: ForecastStore, forests: ForestStore, series: SeriesStore,
        services: ServiceMap, pool: Callable[[], Executor] = pool, fit: Fit = fit,
        clock: Callable[[], float] = time.time,
    ) -> None:  # fmt: skip
        self._metrics = metrics
        self._forecasts = forecasts
        self._forests = forests
        self._series = series
        self._services = services
        self._pool = pool
        self._fit = fit
        self._clock = clock

    @activity.defn
    @retry_only_what_helps
    def train(self, shard: Shard = WHOLE) -> Round:
        """Train what is due of a shard, and forget what has ended. The table says what is fresh, so another try goes on
        where this one ended.

        Raises ApplicationError where Prometheus answers nothing, the store is away, a process of the pool
        died, or this worker stops.
        """
        if self._metrics is None:
            return Round()
        now = self._moment()
        every = [one for one in asking.questions(self._services) if shard.holds(one[0].service)]
        self._series.forget(now - FORGOTTEN_AFTER)
        self._forecasts.forget(now - FORGOTTEN_AFTER)
        forests = Forests(self._forests, (question for question, _ in every), now)
        training = _Training(self._metrics, self._forecasts, forests, now, self._fit)
        return training.run(self._pool, self._asked(every, forests.due, now))

    @activity.defn
    @retry_only_what_helps
    def train_groups(self) -> Round:
        """Make the forests of groups that are due, when those of their services are made.

        Raises ApplicationError where the store is away, or this worker stops.
        """
        queries: dict[str, tuple[str, ...]] = {}
        for question, _ in asking.questions(self._services):
            queries[question.service] = (*queries.get(question.service, ()), question.query)
        groups, done = Groups(self._forests, self._services, queries, self._moment()), Round()
        for head in groups.heads():
            kept = groups.keep(head)
            done = done if kept is None else done.joined(Round(**{kept: 1}))
            _beat(done)
        return done

    def _moment(self) -> datetime:
        return moment(self._clock())

    def _asked(
        self, every: Sequence[tuple[Question, Expression]], forests: frozenset[str], now: datetime
    ) -> list[tuple[Question, Expression]]:
        """The questions that are due, each with its expression; all of a service whose forest is."""
        watched = [
            Seen(key=of.key, service=of.service, expression=of.expression.name, until=row.until)
            for row in self._series.listed()
            for of in (row.watched,)
        ]
        wanted = due([question for question, _ in every], watched, self._forecasts.heads(), now)
        return [
            (question, expression)
            for question, expression in every
            if question.service in forests or question in wanted
        ]


class _Training:
    """One try of a round."""

    def __init__(
        self, metrics: MetricSource, forecasts: ForecastStore, forests: Forests, now: datetime, fit: Fit
    ) -> None:
        self._metrics = metrics
        self._forecasts = forecasts
        self._forests = forests
        self._now = now
        self._fit = fit
        self._until = (now + STALE_AFTER).timestamp()
        self._known = {head.key: head for head in forecasts.heads()}
        self._troubles: list[Trouble] = list(forecasts.troubles(now - LONGEST_HISTORY))
        self._done = Round()
        self._away: Unavailable | None = None

    def run(self, pool: Callable[[], Executor], asked: list[tuple[Question, Expression]]) -> Round:
        self._count(due=len(asked), forests_refused=self._forests.refused)
        if not asked:
            return self._done
        running: dict[Future[Fitted | Failed], _Job] = {}
        executor = pool()
        try:
            for job in self._jobs(asked):
                running[executor.submit(self._fit, job.history, self._until)] = job
                # One more than can run waits, so that none waits for Prometheus.
                while len(running) > processes():
                    self._gather(running)
            while running:
                self._gather(running)
        except BrokenExecutor as error:
            raise ApplicationError(f"a process that fits has died: {error}", type="Unavailable") from error
        finally:
            executor.shutdown(wait=False, cancel_futures=True)
        return self._done

    def _jobs(self, asked: list[tuple[Question, Expression]]) -> Iterator[_Job]:
        """What can be fitted, service by service: after its last question its forest is kept. One question without an
        answer keeps no other from being trained.

        Raises Unavailable where none had one.
        """
        for service, questions in groupby(asked, key=lambda one: one[0].service):
            left_out, away = troubled(self._troubles, service, self._now), self._done.away
            for question, expression in questions:
                yield from self._jobs_of(question, expression, left_out)
            kept = self._forests.keep(service) if self._done.away == away else None
            if kept is not None:
                self._count(**{kept: 1})
        if self._away is not None and self._done.away == len(asked):
            raise self._away

    def _jobs_of(self, question: Question, expression: Expression, left_out: LeftOut) -> Iterator[_Job]:
        answer = self._answer(question)
        if answer is None:
            return
        self._count(questions=1)
        _beat(self._done)
        self._forests.gather(question, expression, answer, left_out)
        for series in answer:
            job = self._job(question, expression, series, left_out)
            if job is not None:
                yield job

    def _answer(self, question: Question) -> Sequence[Series] | None:
        """None: there is none, which is counted."""
        try:
            return asking.history(self._metrics, question.query, self._now.timestamp())
        except Rejected as error:
            self._unanswered(question, error, refused=1)
        except Unavailable as error:
            self._unanswered(question, error, away=1)
            self._away = error
        return None

    def _unanswered(self, question: Question, error: PortError, **counts: int) -> None:
        _log.warning("%s of %s is not trained: %s", question.expression, question.service, error)
        self._count(**counts)
        _beat(self._done)

    def _job(self, question: Question, expression: Expression, series: Series, left_out: LeftOut) -> _Job | None:
        """The series as it is to be fitted; None, with its reason written down, where it need not or cannot be."""
        key = series_key(question.service, expression, series.labels)
        if key in self._known and self._known[key].fresh(question.query, self._now):
            self._count(fresh=1)
            return None
        found = prepare(series.points, expression.kind, expression.floor, left_out, self._now.timestamp())
        forecast = Forecast(
            key=key, service=question.service, expression=question.expression, query=question.query,
            trained_at=self._now, again_at=self._now + RETRAINED_AFTER,
        )  # fmt: skip
        if isinstance(found, NotReady):
            self._put_off(forecast, found.reason, None if found.at is None else moment(found.at))
            self._count(not_ready=1)
            return None
        if key not in self._known:
            # Else whoever goes on after this worker died would not know that there is such a series.
            self._keep(forecast, reason="waits for its first training", again_at=self._now)
        return _Job(forecast, found)

    def _gather(self, running: dict[Future[Fitted | Failed], _Job]) -> None:
        """Wait for the next fit and keep it."""
        ended, _ = wait(running, timeout=EVERY_S, return_when=FIRST_COMPLETED)
        for future in ended:
            job = running.pop(future)
            self._settle(job, future.result())
        _beat(self._done)

    def _settle(self, job: _Job, found: Fitted | Failed) -> None:
        if isinstance(found, Failed):
            _log.warning("%s of %s: %s", job.forecast.expression, job.forecast.service, found.reason)
            self._put_off(job.forecast, found.reason, None)
            self._count(failed=1)
            return
        history, band = job.history, found.band
        self._keep(
            job.forecast, fitted_from=moment(float(history.times[0])), fitted_to=moment(float(history.times[-1])),
            points=history.times.size, gap_s=history.gap_s, starts_at=moment(band.start), step_s=band.step_s,
            stretch=found.stretch, band=band.packed(),
        )  # fmt: skip
        self._count(trained=1)

    def _put_off(self, forecast: Forecast, reason: str, ready_at: datetime | None) -> None:
        """Say why there is no new forecast; an old one judges on until it is stale."""
        old = next(
            (one for one in self._forecasts.load([forecast.key]) if one.ready and one.query == forecast.query), None
        )
        self._keep(old or forecast, reason=reason, ready_at=ready_at, again_at=again_at(self._now, ready_at))

    def _keep(self, forecast: Forecast, **found: object) -> None:
        self._forecasts.save(Forecast.model_validate({**forecast.model_dump(), **found}))

    def _count(self, **more: int) -> None:
        self._done = self._done.joined(Round(**more))


def _beat(done: Round) -> None:
    activity.heartbeat(done)
    if activity.is_worker_shutdown():
        raise ApplicationError("this worker stops; another one goes on", type="Unavailable")
