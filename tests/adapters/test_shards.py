"""Detection in shards, over the real store: whatever their number and whoever looks, the same is told, once."""

import math
from collections.abc import Mapping

import pytest
from temporalio.exceptions import ApplicationError
from temporalio.testing import ActivityEnvironment

from activities.detection import DetectionActivities
from activities.detection.activity import Share
from activities.detection.cycle import Cycle
from domain.anomaly import Anomaly
from domain.services import Expression, Service, ServiceMap
from domain.silence import MONITORING, of_monitoring
from integrations.ports import Series, SeriesStore, ShardStore, Unavailable
from integrations.store.pool import Pool
from integrations.store.series import PostgresSeries
from integrations.store.shards import PostgresShards
from tests.fakes import FakeForecasts, FakeHandingOver, FakeMetrics, FakeSeries, FakeShards

EVERY, START, HISTORY = 15.0, 1_800_000_000.0, 150
ERRORS = Expression(
    name="error ratio", kind="errors", query="errors of {service}", unit="ratio", floor=0.005, bound=0.05, fast=True
)
UP = Expression(
    name="up", kind="up", query="up of {service}", unit="targets", floor=0.1, bound=0.5, harmful="down", fast=True
)
NAMES = tuple(f"service-{n}" for n in range(9))
SERVICES = ServiceMap(services=tuple(Service(name=name) for name in NAMES), expressions=(ERRORS, UP))
# Which service fails when, in cycles: across each change of the number of shards.
FAULTS: Mapping[str, range] = {
    NAMES[0]: range(2, 12), NAMES[1]: range(7, 30), NAMES[4]: range(8, 14), NAMES[5]: range(18, 40),
    NAMES[7]: range(19, 23),
}  # fmt: skip


class World:
    """Two workers beside each other, and a clock that is moved by hand."""

    def __init__(self, series: SeriesStore, shards: ShardStore) -> None:
        self.metrics, self.series, self.shards = FakeMetrics(), series, shards
        self.intake, self.forecasts = FakeHandingOver(), FakeForecasts()
        self.now, self.number, self.vanished, self.faults = START, 0, math.inf, FAULTS
        self.workers = [self.new_worker(), self.new_worker()]

    def new_worker(self) -> DetectionActivities:
        return DetectionActivities(
            self.metrics, self.series, self.forecasts, self.intake, SERVICES, EVERY, lambda: self.now,
            shards=self.shards,
        )  # fmt: skip

    def error_ratio(self, service: str, at: float) -> float:
        cycle = round((at - START) / EVERY)
        noise = 0.001 * (at * 7_919 % 9_973) / 9_973
        return 0.4 if cycle in self.faults.get(service, ()) else noise

    async def cycle(self, shards: int) -> list[Cycle | ApplicationError]:
        """The next cycle; the workers take its shards by turns."""
        times = [at for n in range(HISTORY)[::-1] if (at := self.now - EVERY * n) < self.vanished]
        for name in NAMES:
            errors = tuple((at, self.error_ratio(name, at)) for at in times)
            self.metrics.ranges[f"errors of {name}"] = [Series(labels={}, points=errors)]
            self.metrics.ranges[f"up of {name}"] = [Series(labels={}, points=tuple((at, 1.0) for at in times))]
        found: list[Cycle | ApplicationError] = []
        for n in range(shards):
            worker = self.workers[n % len(self.workers)]
            try:
                found.append(await ActivityEnvironment().run(worker.sweep, Share(cycle=f"{self.number}", of=shards)))
            except ApplicationError as error:
                found.append(error)
        self.now, self.number = self.now + EVERY, self.number + 1
        return found

    async def cycles(self, number: int, shards: int) -> None:
        for _ in range(number):
            await self.cycle(shards)

    def told(self) -> list[tuple[str, str, str, float]]:
        return sorted(_said(anomaly) for anomaly in self.intake.taken)


def _said(anomaly: Anomaly) -> tuple[str, str, str, float]:
    return anomaly.service, anomaly.title[:30], anomaly.status.value, anomaly.starts_at.timestamp()


async def test_while_the_number_of_shards_changes_the_same_is_told_as_by_one_and_each_sample_judged_once(
    store_pool: Pool,
) -> None:
    alone, world = World(FakeSeries(), FakeShards()), World(PostgresSeries(store_pool), PostgresShards(store_pool))
    await alone.cycles(50, shards=1)
    for number, shards in ((10, 1), (10, 3), (10, 2), (20, 3)):
        await world.cycles(number, shards)
        world.workers[number % 2] = world.new_worker()
    assert world.told() == alone.told()
    assert len(world.told()) == 2 * len(FAULTS), "each begins and ends once"
    first = START - EVERY * (HISTORY - 1)
    rows = world.series.listed()
    assert len(rows) == 2 * len(NAMES)
    assert [row.points for row in rows] == [(row.until.timestamp() - first) / EVERY + 1 for row in rows]


async def test_all_that_fall_silent_together_are_one_outage_whichever_shard_each_is_of() -> None:
    world = World(FakeSeries(), FakeShards())
    world.faults = {}
    await world.cycles(3, shards=4)
    world.vanished = world.now
    await world.cycles(24, shards=4)
    assert [anomaly.service for anomaly in world.intake.taken] == [MONITORING] * len(NAMES)
    world.vanished = math.inf
    await world.cycles(2, shards=4)
    assert [anomaly.service for anomaly in world.intake.taken] == [MONITORING] * len(NAMES) * 2


async def test_a_shard_that_fails_costs_no_other_anything_and_is_told_of_later() -> None:
    """The one worker has no way to hand over what it finds, for a while."""
    world = World(FakeSeries(), FakeShards())
    await world.cycles(7, shards=2)
    broken = FakeHandingOver()
    broken.error = Unavailable("Temporal is away")
    world.workers[0] = DetectionActivities(
        world.metrics, world.series, world.forecasts, broken, SERVICES, EVERY, lambda: world.now, shards=world.shards
    )
    found = [await world.cycle(2) for _ in range(5)]
    assert [sum(isinstance(one, ApplicationError) for one in cycle) for cycle in found][-1] == 1
    told = {anomaly.service for anomaly in world.intake.taken}
    broken.error = None
    await world.cycles(3, shards=2)
    said = told | {anomaly.service for anomaly in (*broken.taken, *world.intake.taken)}
    assert told < said == {NAMES[0], NAMES[1], NAMES[4]}


@pytest.mark.parametrize("of", [1, 2])
async def test_what_another_worker_has_told_is_not_told_by_one_that_comes_back(of: int) -> None:
    """Each cycle is another worker's: what one remembers of a shard is of the past when others have looked since."""
    world = World(FakeSeries(), FakeShards())
    for _ in range(20):
        await world.cycle(of)
        world.workers.reverse()
    titles = [(a.service, a.status) for a in world.intake.taken]
    assert len(titles) == len(set(titles))


async def test_a_shard_of_no_service_does_not_say_that_the_source_answers() -> None:
    world = World(FakeSeries(), FakeShards())
    world.faults, world.workers = {}, world.workers[:1]
    await world.cycles(2, shards=9)
    world.metrics.error = Unavailable("connection refused")
    found = [await world.cycle(9) for _ in range(22)]
    assert any(isinstance(one, Cycle) for one in found[-1]), "such a shard goes through"
    (began,) = {anomaly.starts_at for anomaly in world.intake.taken}
    assert all(anomaly.firing and of_monitoring(anomaly) for anomaly in world.intake.taken)
    world.metrics.error = None
    await world.cycles(2, shards=9)
    over = [anomaly for anomaly in world.intake.taken if not anomaly.firing]
    assert over
    assert all(anomaly.starts_at >= began for anomaly in over)
