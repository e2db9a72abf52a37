"""A round of training: what is due is trained once, whoever dies; what cannot be trained is listed with its reason."""

import math
import threading
from collections.abc import Callable
from concurrent.futures import Executor, ThreadPoolExecutor
from datetime import UTC, datetime

import numpy as np
import pytest
from temporalio.exceptions import ApplicationError
from temporalio.testing import ActivityEnvironment

from activities.training import TrainingActivities
from activities.training.activity import Round
from analysis.forecasting.band import Band
from analysis.forecasting.fitting import Failed, Fitted
from analysis.forecasting.history import History
from analysis.forest.sealing import Matrix, opened
from domain.detection import SeriesRow, Watched, series_key
from domain.forecast import Forecast, Trouble
from domain.forest import group_of
from domain.series import Standing
from domain.services import Expression, Service, ServiceMap
from domain.shards import WHOLE, Shard
from integrations.ports import Series, Unavailable
from tests.fakes import FakeForecasts, FakeForests, FakeMetrics, FakeSeries

START = 1_800_000_000.0
DAY = 86_400.0
ERRORS = Expression(name="errors", kind="errors", query="errors", unit="ratio", floor=0.005)
RATE = Expression(name="rate", kind="load", query="rate", unit="1/s", floor=0.5, harmful="down")
EVIDENCE = Expression(name="evidence", kind="cpu", query="evidence", unit="ratio", floor=0.1, harmful=None)
SHOP = ServiceMap(
    services=(
        Service(name="gateway", depends_on=("orders",)),
        Service(name="orders", depends_on=("ledger",)),
        Service(name="ledger"),
    ),
    expressions=(ERRORS, RATE),
)
SERVICES = ServiceMap(services=(Service(name="orders", expressions=(ERRORS, RATE, EVIDENCE)),), expressions=())


def mean(history: History, until: float) -> Fitted:
    """A forecast that is the mean: what Prophet makes of it is Prophet's matter, and tested with it."""
    columns = math.ceil((until - history.times[-1]) / 600) + 1
    middle, sigma = history.values.mean(), max(history.values.std(), history.floor)
    return Fitted(Band(history.times[-1], 600.0, np.full((3, columns), middle) + sigma * np.array([[0], [-2], [2]])), 1)


def refusal(_: History, __: float) -> Failed:
    return Failed("no")


def flat(route: str, days: float, value: float = 20.0) -> Series:
    times = np.arange(START - days * DAY, START, 60.0)
    return Series(labels={"route": route}, points=tuple((float(at), value + at % 7) for at in times))


class World:
    """Prometheus and store as fakes, threads instead of processes, and a clock that is moved by hand."""

    def __init__(
        self, fit: Callable[[History, float], Fitted | Failed] = mean, services: ServiceMap = SERVICES
    ) -> None:
        self.metrics, self.forecasts, self.series = FakeMetrics(), FakeForecasts(), FakeSeries()
        self.forests, self.services = FakeForests(), services
        self.now, self.fit, self.fitted = START, fit, 0
        self.metrics.ranges["errors"] = [flat("/buy", 3), flat("/sell", 3)]
        self.metrics.ranges["rate"] = [flat("/buy", 3), flat("/new", 0.5)]

    def pool(self) -> Executor:
        return ThreadPoolExecutor(1)

    async def round(self, environment: ActivityEnvironment | None = None, shard: Shard = WHOLE) -> Round:
        return (environment or ActivityEnvironment()).run(self.activities().train, shard)

    async def groups(self) -> Round:
        return ActivityEnvironment().run(self.activities().train_groups)

    def activities(self) -> TrainingActivities:
        def fit(history: History, until: float) -> Fitted | Failed:
            self.fitted += 1
            return self.fit(history, until)

        return TrainingActivities(
            self.metrics, self.forecasts, self.forests, self.series, self.services, self.pool, fit, lambda: self.now
        )

    def of(self, expression: str) -> list[Forecast]:
        return [one for one in self.forecasts.all.values() if one.expression == expression]


async def test_every_series_is_trained_once_a_day_and_one_that_is_too_young_says_when() -> None:
    world = World()
    done = await world.round()
    assert (done.due, done.trained, done.not_ready) == (2, 3, 1), "evidence alone needs no forecast"
    (young,) = (one for one in world.of("rate") if not one.ready)
    assert "of 24 h" in young.reason
    assert young.ready_at == young.again_at == datetime.fromtimestamp(START + 0.5 * DAY + 1_800, UTC)
    assert (await world.round()).due == 0
    world.now += DAY + 60
    assert (await world.round()).trained == 3


async def test_a_round_that_broke_off_is_gone_on_with_and_nothing_is_trained_again() -> None:
    world = World()
    world.metrics.refused["rate"] = "later"
    assert (await world.round()).refused == 1
    del world.metrics.refused["rate"]
    done = await world.round()
    assert (done.due, done.trained, world.fitted) == (1, 1, 3)
    assert (await world.round()).due == 0


async def test_a_series_that_detection_has_just_met_is_trained_without_its_sisters() -> None:
    world = World()
    await world.round()
    world.metrics.ranges["errors"] = [*world.metrics.ranges["errors"], flat("/refund", 3)]
    watched = Watched(
        key=series_key("orders", ERRORS, {"route": "/refund"}), service="orders", expression=ERRORS, query="errors"
    )
    at = datetime.fromtimestamp(START, UTC)
    world.series.save([SeriesRow(watched=watched, standing=Standing(), until=at, points=1, detector=b"")])
    done = await world.round()
    assert (done.due, done.trained, done.fresh) == (1, 1, 2)


async def test_a_worker_that_stops_leaves_the_rest_to_the_next_try() -> None:
    world, beats, stopped = World(), list[Round](), threading.Event()
    environment = ActivityEnvironment()

    def slow(history: History, until: float) -> Fitted:
        if world.fitted > 1:
            stopped.wait(60)
        return mean(history, until)

    def beat(progress: Round) -> None:
        beats.append(progress)
        if progress.trained == 1:
            environment.worker_shutdown()
            stopped.set()

    world.fit = slow
    environment.on_heartbeat = beat
    with pytest.raises(ApplicationError, match="another one goes on"):
        await world.round(environment)
    assert sum(one.ready for one in world.forecasts.all.values()) == 1
    done = await world.round()
    assert (done.trained, done.fresh) == (2, 1)
    assert beats[-1].due == 2, "the heartbeat says how far it is"


async def test_a_history_that_cannot_be_fitted_costs_no_other_and_no_forecast_that_there_was() -> None:
    world = World()
    await world.round()
    before = {one.key: one.band for one in world.of("errors")}
    world.now += DAY + 60
    world.fit = refusal
    done = await world.round()
    assert (done.trained, done.failed) == (0, 3)
    assert {one.key: one.band for one in world.of("errors")} == before
    assert all(one.reason == "no" and one.trained_at.timestamp() == START for one in world.of("errors"))
    assert (await world.round()).due == 0, "not again at once"
    world.now += 3_700
    world.fit = mean
    assert (await world.round()).trained == 3


async def test_the_rows_of_a_forest_come_from_the_history_that_is_asked_anyway_without_its_incidents() -> None:
    world = World()
    begin, end = (datetime.fromtimestamp(START - days * DAY, UTC) for days in (2, 1.5))
    world.forecasts.trouble = [Trouble(services=("orders",), start=begin, end=end)]
    done = await world.round()
    assert (done.due, done.questions, done.forests, done.forests_not_ready) == (2, 2, 1, 0), "none was asked twice"
    matrix = opened(world.forests.all["orders"])
    assert isinstance(matrix, Matrix)
    assert [feature.expression for feature in matrix.features] == ["errors", "errors", "rate"]
    assert not ((matrix.times >= begin.timestamp()) & (matrix.times <= end.timestamp())).any()
    assert START - 3 * DAY <= matrix.times[0] < matrix.times[-1] <= START - 1_800
    assert (await world.round()).due == 0


async def test_rows_that_cannot_be_trusted_are_made_anew_and_no_forecast_with_them() -> None:
    world = World()
    await world.round()
    whole = world.forests.all["orders"]
    for spoilt in ({"matrix": whole.matrix[:-1] + b"\x00"}, {"versions": "rows-0"}):
        world.forests.all["orders"] = whole.model_copy(update=spoilt)
        done = await world.round()
        assert (done.due, done.forests, done.forests_refused, done.trained) == (2, 1, 1, 0)
        assert world.forests.all["orders"] == whole


async def test_a_forest_that_can_no_longer_be_made_judges_on_until_it_is_too_old() -> None:
    world = World()
    await world.round()
    whole = world.forests.all["orders"]
    world.now += DAY + 60
    world.metrics.ranges["errors"] = world.metrics.ranges["rate"] = [flat("/buy", 0.2)]
    done = await world.round()
    assert done.forests_not_ready == 1
    kept = world.forests.all["orders"]
    assert (kept.matrix, kept.trained_at) == (whole.matrix, whole.trained_at)
    assert kept.reason
    assert kept.stale(datetime.fromtimestamp(START + 2 * DAY + 60, UTC))


async def test_what_belongs_to_an_incident_is_not_learnt() -> None:
    world = World()
    begin, end = START - 2 * DAY, START - 1.5 * DAY
    world.forecasts.trouble = [
        Trouble(services=("orders",), start=datetime.fromtimestamp(begin, UTC), end=datetime.fromtimestamp(end, UTC))
    ]
    seen: list[History] = []

    def looking(history: History, until: float) -> Fitted:
        seen.append(history)
        return mean(history, until)

    world.fit = looking
    await world.round()
    assert seen
    assert not any(((h.times >= begin) & (h.times <= end)).any() for h in seen)


@pytest.mark.parametrize("away", ["metrics", "forecasts", "series"])
async def test_what_is_away_is_waited_for(away: str) -> None:
    world = World()
    getattr(world, away).error = Unavailable("away")
    with pytest.raises(ApplicationError) as failed:
        await world.round()
    assert not failed.value.non_retryable
    getattr(world, away).error = None
    assert (await world.round()).trained == 3


async def test_a_question_that_is_too_slow_each_time_keeps_nothing_behind_it_from_being_trained() -> None:
    world, beats = World(), list[Round]()
    environment = ActivityEnvironment()
    environment.on_heartbeat = beats.append
    world.metrics.slow.add("errors")
    done = await world.round(environment)
    assert (done.due, done.away, done.trained, done.not_ready) == (2, 1, 1, 1)
    assert beats[0].away == 1, "the wait for it is no silence of this worker"
    world.metrics.slow.clear()
    assert (await world.round()).trained == 2, "it stays due"


async def test_a_series_that_has_ended_is_forgotten_and_its_question_is_not_asked_for_its_sake() -> None:
    world = World()
    watched = Watched(
        key=series_key("orders", ERRORS, {"route": "/old"}), service="orders", expression=ERRORS, query="errors"
    )
    at = datetime.fromtimestamp(START - 29 * DAY, UTC)
    world.series.save([SeriesRow(watched=watched, standing=Standing(), until=at, points=1, detector=b"")])
    world.forecasts.save(
        Forecast(key=watched.key, service="orders", expression="errors", query="errors", trained_at=at, again_at=at)
    )
    assert (await world.round()).trained == 3
    assert watched.key not in world.series.all.keys() | world.forecasts.all.keys()
    assert (await world.round()).due == 0


async def test_a_changed_query_is_another_series() -> None:
    world = World()
    await world.round()
    world.forecasts.all = {
        key: one.model_copy(update={"query": "as it was"}) for key, one in world.forecasts.all.items()
    }
    assert (await world.round()).trained == 3


async def test_shards_of_a_round_train_everything_once_between_them() -> None:
    world = World(services=SHOP)
    shards = [Shard(number=number, of=2) for number in range(2)]
    done = [await world.round(shard=shard) for shard in shards]
    assert all(one.trained for one in done)
    assert (sum(one.due for one in done), sum(one.trained for one in done), world.fitted) == (6, 9, 9)
    assert world.forests.all.keys() == {"gateway", "orders", "ledger"}
    assert [(await world.round(shard=shard)).due for shard in (*shards, WHOLE)] == [0, 0, 0]


async def test_groups_are_made_of_the_rows_of_their_services_and_again_when_one_of_these_is() -> None:
    world = World(services=SHOP)
    assert (await world.groups()).groups_not_ready == 2
    world.now += 3_700
    await world.round()
    world.metrics.error = Unavailable("away")
    done = await world.groups()
    assert (done.groups, done.groups_not_ready) == (2, 0), "Prometheus is not asked again"
    matrix = opened(world.forests.all[group_of("gateway")])
    assert isinstance(matrix, Matrix)
    assert [one.service for one in matrix.features] == ["gateway"] * 3 + ["orders"] * 3 + ["ledger"] * 3
    own = opened(world.forests.all["ledger"])
    assert isinstance(own, Matrix)
    assert (matrix.rows[:, 6:] == own.rows).all()
    assert (await world.groups()).groups == 0
    world.metrics.error, world.now = None, world.now + DAY + 60
    await world.round()
    assert (await world.groups()).groups == 2
