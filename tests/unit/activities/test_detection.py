"""A cycle of detection: it tells a fault once, goes on after a restart, and loses nothing when somebody is away."""

import math
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest
from temporalio.exceptions import ApplicationError
from temporalio.testing import ActivityEnvironment

from activities.detection import DetectionActivities
from activities.detection.asking import HISTORY, due
from activities.detection.cycle import Cycle
from analysis.forecasting.band import Band
from domain.anomaly import AlertStatus, latest
from domain.detection import series_key
from domain.forecast import Forecast
from domain.services import Expression, Service, ServiceMap
from domain.sign import STRANGE
from domain.silence import of_monitoring
from domain.thresholds import ThresholdWord, WordKind
from integrations.ports import Series, Unavailable
from tests.fakes import FakeForecasts, FakeHandingOver, FakeMetrics, FakeSeries, FakeThresholds
from tests.incidents import NOON, minutes
from workflows.options import SWEEP

EVERY = 15.0
START = 1_800_000_000.0
ERRORS = Expression(name="error ratio", kind="errors", query="errors", unit="ratio", floor=0.005, bound=0.05, fast=True)
RATE = Expression(name="request rate", kind="load", query="rate", unit="1/s", floor=0.5, harmful="down")
SERVICES = ServiceMap(services=(Service(name="orders", expressions=(ERRORS, RATE)),), expressions=())


class World:
    """Prometheus, store and intake as fakes, and a clock that is moved by hand. `fault`: from when to when."""

    def __init__(self) -> None:
        self.metrics, self.store, self.intake = FakeMetrics(), FakeSeries(), FakeHandingOver()
        self.forecasts, self.thresholds = FakeForecasts(), FakeThresholds()
        self.now = START
        self.fault, self.vanished = (math.inf, math.inf), math.inf
        self.labels: list[dict[str, str]] = [{"service": "orders"}]
        self.worker = self.new_worker()

    def new_worker(self) -> DetectionActivities:
        return DetectionActivities(
            self.metrics, self.store, self.forecasts, self.intake, SERVICES, EVERY, lambda: self.now, self.thresholds
        )

    def value(self, at: float) -> float:
        first, last = self.fault
        return 0.4 if first <= at < last else 0.001 * (at * 7_919 % 9_973) / 9_973

    async def cycle(self) -> Cycle:
        """The next cycle, with the samples that exist by then."""
        times = [self.now - EVERY * n for n in range(HISTORY // 4)][::-1]
        self.metrics.ranges["errors"] = [
            Series(labels=labels, points=tuple((at, self.value(at)) for at in times if at < self.vanished))
            for labels in self.labels
        ]
        self.metrics.ranges["rate"] = [Series(labels={}, points=tuple((at, 20.0) for at in times if at % 60 == 0))]
        found: Cycle = await ActivityEnvironment().run(self.worker.sweep)
        self.now += EVERY
        return found

    async def cycles(self, number: int) -> list[Cycle]:
        return [await self.cycle() for _ in range(number)]


async def test_a_fault_is_told_within_a_minute_and_its_end_too() -> None:
    world = World()
    calm = await world.cycles(5)
    assert (calm[0].series, calm[0].ready, calm[-1].reported) == (2, 1, 0)
    world.fault = (world.now, world.now + 300)
    began = world.now
    await world.cycles(4)
    (told,) = world.intake.taken
    assert told.status is AlertStatus.FIRING
    assert told.service == "orders"
    assert told.starts_at.timestamp() == began
    assert told.seen_at.timestamp() - began <= 60
    await world.cycles(30)
    assert [anomaly.status for anomaly in world.intake.taken] == [AlertStatus.FIRING, AlertStatus.RESOLVED]


async def test_the_same_fault_is_told_again_when_it_comes_again() -> None:
    """What was learnt of it before it was known to be one is forgotten, so that it stays strange."""
    world = World()
    await world.cycles(3)
    for _ in range(2):
        world.fault = (world.now, world.now + 180)
        await world.cycles(40)
    assert [a.status for a in world.intake.taken].count(AlertStatus.FIRING) == 2


async def test_another_worker_goes_on_where_the_first_stopped() -> None:
    world = World()
    await world.cycles(3)
    world.fault = (world.now, world.now + 600)
    await world.cycles(5)
    world.worker = world.new_worker()
    await world.cycles(5)
    assert [anomaly.status for anomaly in world.intake.taken] == [AlertStatus.FIRING], "told once, by one of them"


async def test_another_worker_judges_every_sample_of_every_series_once_whenever_each_was_written() -> None:
    world = World()
    world.labels = [{"route": f"/{n}"} for n in range(5)]
    for cycles in (13, 7, 24):
        await world.cycles(cycles)
        world.worker = world.new_worker()
    rows = [row for row in world.store.all.values() if row.watched.expression.name == "error ratio"]
    assert len({row.until for row in rows}) > 1, "each has its own turn"
    first = START - EVERY * (HISTORY // 4 - 1)
    assert [row.points for row in rows] == [(row.until.timestamp() - first) / EVERY + 1 for row in rows]


async def test_a_cycle_says_at_once_that_somebody_is_at_it() -> None:
    world, beats = World(), list[object]()
    environment = ActivityEnvironment()
    environment.on_heartbeat = lambda *details: beats.append(details)
    await environment.run(world.worker.sweep)
    assert beats
    assert SWEEP.get("heartbeat_timeout", timedelta.max) <= timedelta(seconds=10)


@pytest.mark.parametrize(
    ("away", "error"),
    [
        *((away, Unavailable("away")) for away in ("metrics", "store", "forecasts", "intake")),
        ("intake", RuntimeError("a defect")),
    ],
)
async def test_what_could_not_be_told_is_told_by_a_later_cycle(away: str, error: Exception) -> None:
    world = World()
    await world.cycles(3)
    world.fault = (world.now, math.inf)
    getattr(world, away).error = error
    failed = 0
    for _ in range(6):
        try:
            await world.cycle()
        except (ApplicationError, RuntimeError):
            failed += 1
            world.now += EVERY
    assert failed
    getattr(world, away).error = None
    await world.cycles(4)
    assert [anomaly.status for anomaly in world.intake.taken] == [AlertStatus.FIRING]


async def test_a_source_that_is_away_for_minutes_is_trouble_of_the_monitoring_until_it_answers() -> None:
    """Of the services nothing is said meanwhile. While Temporal is away too, it is told later."""
    world = World()
    await world.cycles(3)
    world.metrics.error = world.intake.error = Unavailable("connection refused")
    for cycle in range(30):
        if cycle == 25:
            assert not world.intake.taken
            world.intake.error = None
        with pytest.raises(ApplicationError):
            await world.cycle()
        world.now += EVERY
    world.metrics.error = None
    await world.cycles(2)
    began, over = world.intake.taken
    assert (began.status, over.status) == (AlertStatus.FIRING, AlertStatus.RESOLVED)
    assert latest(began, over) is over
    assert of_monitoring(began)


async def test_a_question_that_is_refused_costs_no_other_its_answer() -> None:
    world = World()
    world.metrics.refused["rate"] = "bad query"
    cycle = await world.cycle()
    assert (cycle.series, cycle.refused) == (1, 1)


async def test_a_question_that_is_too_slow_each_time_blinds_no_other_and_says_nothing_of_its_own_series() -> None:
    world = World()
    await world.cycles(2)
    forecast(world, 0.0)
    world.metrics.slow.add("rate")
    world.fault = (world.now, world.now + 300)
    cycles = await world.cycles(9)
    assert [anomaly.name for anomaly in world.intake.taken] == ["error ratio"]
    assert sum(cycle.away for cycle in cycles) >= 2, "it is asked again and again, and counted"
    world.metrics.slow, world.vanished = {"errors"}, world.now
    for minute in range(1, 9):
        world.now = (world.vanished // 60 + minute) * 60
        assert (await world.cycle()).away == 1
    assert len(world.intake.taken) == 1, "a series of which nobody could ask is not gone"


async def test_late_cycles_are_counted_and_their_samples_judged_all_the_same() -> None:
    world = World()
    await world.cycles(2)
    world.fault = (world.now, math.inf)
    world.now += 5 * EVERY
    cycle = await world.cycle()
    assert (cycle.skipped, cycle.reported) == (5, 1)


def test_slow_expressions_are_asked_once_a_minute_and_samples_lie_on_one_grid() -> None:
    now = START + 7.0
    first = due(SERVICES, {}, now, EVERY)
    assert [asked.expression.name for asked in first] == ["error ratio", "request rate"]
    assert all(asked.start % asked.step_s == 0 == asked.end % asked.step_s for asked in first)
    seen = {("orders", asked.expression.name): [asked.end] for asked in first}
    assert due(SERVICES, seen, now, EVERY) == []
    assert [asked.expression.name for asked in due(SERVICES, seen, now + EVERY, EVERY)] == ["error ratio"]


def forecast(world: World, value: float, hours: float = 0.0, query: str = "errors") -> None:
    """The error ratio is expected to be so high, by a training of so many hours ago."""
    at = datetime.fromtimestamp(world.now - hours * 3_600, UTC)
    table = np.full((3, 12 * 49), value) + np.array([[0], [-0.0098], [0.0098]])
    world.forecasts.save(
        Forecast(
            key=series_key("orders", ERRORS, {"service": "orders"}), service="orders", expression="error ratio",
            query=query, trained_at=at, again_at=at, starts_at=at, step_s=300.0,
            band=Band(at.timestamp(), 300.0, table).packed(),
        )
    )  # fmt: skip


@pytest.mark.parametrize(
    ("value", "hours", "query", "tells"),
    [(0.0, 0, "errors", False), (-0.1, 0, "errors", True), (-0.1, 48.1, "errors", False), (-0.1, 0, "other", False)],
)
async def test_what_the_forecast_alone_sees_is_told_and_a_stale_one_or_one_of_another_query_is_not_asked(
    value: float, hours: float, query: str, tells: bool
) -> None:
    """The ratio is at its usual height all the time: only the forecast says that it should be lower by now."""
    world = World()
    await world.cycles(2)
    forecast(world, value, hours, query)
    cycles = await world.cycles(7)  # a minute and a half: it is watched since today
    assert [bool(world.intake.taken), cycles[-1].stale] == [tells, int(hours > 48)]
    if tells:
        assert "seen by the forecast" in world.intake.taken[0].title


async def test_a_series_that_vanishes_is_told_and_one_that_nobody_asks_for_any_more_is_not() -> None:
    world = World()
    await world.cycles(2)
    forecast(world, 0.0)
    world.vanished = world.now
    await world.cycles(19)
    assert not world.intake.taken, "five minutes are not over"
    await world.cycles(3)
    assert [anomaly.name for anomaly in world.intake.taken] == ["error ratio is gone"]
    world.vanished = math.inf
    await world.cycles(2)
    assert [anomaly.status for anomaly in world.intake.taken] == [AlertStatus.FIRING, AlertStatus.RESOLVED]
    world.metrics.refused["errors"] = "bad query"
    await world.cycles(30)
    assert len(world.intake.taken) == 2, "a question that is refused says nothing of its series"


async def test_a_series_without_samples_for_28_days_is_no_longer_watched_by_this_worker_or_another() -> None:
    world = World()
    world.labels = [{"route": "/old"}]
    await world.cycles(2)
    world.labels, world.now = [{"route": "/new"}], START + 29 * 86_400
    assert (await world.cycle()).series == 2, "the new route and the rate"
    world.worker = world.new_worker()
    assert (await world.cycle()).series == 2


async def test_a_series_is_judged_by_what_people_said_of_it_from_the_next_cycle_on() -> None:
    world = World()
    await world.cycles(2)
    key = series_key("orders", ERRORS, {"service": "orders"})
    marked = ThresholdWord(
        series=key,
        service="orders",
        expression="error ratio",
        kind=WordKind.RAISED,
        incident="INC-1",
        at=NOON,
        who="ana",
    )
    world.thresholds.add([marked])
    await world.cycle()
    threshold = {kept: row.standing.threshold for kept, row in world.store.all.items()}
    assert threshold.pop(key) == STRANGE * 1.25
    assert set(threshold.values()) == {STRANGE}, "no other series is meant"
    world.worker = world.new_worker()
    world.thresholds.add([marked.model_copy(update={"kind": WordKind.RESET, "incident": "", "at": NOON + minutes(1)})])
    await world.cycle()
    assert world.store.all[key].standing.threshold == STRANGE
    world.thresholds.error = Unavailable("the store is away")
    with pytest.raises(ApplicationError, match="the store is away"):
        await world.cycle()
