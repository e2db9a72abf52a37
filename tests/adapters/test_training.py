"""Training for real: Prometheus with days of history, Prophet in processes, PostgreSQL, Temporal; then a fault."""

import math
import time
from collections.abc import Iterator
from concurrent.futures import Executor
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from uuid import uuid4

import numpy as np
import pytest
from temporalio.testing import ActivityEnvironment

from activities.detection import DetectionActivities
from activities.forest_findings import Forests
from activities.investigation import InvestigationActivities
from activities.training import TrainingActivities
from activities.training.pool import pool
from analysis.forecasting.band import Band
from analysis.forest.fitting import judge
from analysis.forest.sealing import Matrix, opened
from analysis.series import Floats
from domain.finding import Finding, Presence
from domain.forecast import Forecast
from domain.question import Question
from domain.services import Expression, Service, ServiceMap
from domain.sign import STRANGE
from integrations.prometheus import PrometheusMetrics
from integrations.store.forecasts import PostgresForecasts
from integrations.store.forests import PostgresForests
from integrations.store.pool import Pool
from integrations.store.series import PostgresSeries
from rig.servers.prometheus import PrometheusServer
from rig.servers.temporal import TemporalServer
from tests.fakes import FakeHandingOver
from workers.lifecycle import working
from workers.registry import Ports, queues
from workflows.contract import TRAINING_QUEUE
from workflows.training import TrainingWorkflow

DAY, DAYS, STEP = 86_400.0, 3, 60.0
YOUNG = 6 * 3_600.0
_SINCE_PEAK = 8 * 3_600.0
RATE = 'sum by (service) (rate(training_requests_total{service="{service}"}[2m]))'
SERVICES = ServiceMap(
    services=(
        Service(
            name="orders",
            expressions=(
                # The only one that detection looks at below.
                Expression(name="rate", kind="load", query=RATE, unit="1/s", floor=0.5, harmful="down", fast=True),
                Expression(name="p95", kind="latency", query="training_p95", unit="s", floor=0.01),
                Expression(name="errors", kind="errors", query="training_errors", unit="ratio", floor=0.005),
                Expression(name="raw", kind="load", query="training_requests_total", unit="1", floor=1),
                Expression(name="young", kind="memory", query="training_memory", unit="bytes", floor=1),
            ),
        ),
    ),
    expressions=(),
)


def usual(at: float, now: float) -> float:
    """Requests per second of a day that had its peak eight hours ago, whenever the test runs: at noon the fault below
    would be another one than at night.
    """
    return 20 + 10 * math.cos((at - now + _SINCE_PEAK) / DAY * 2 * math.pi)


def openmetrics(now: float) -> Iterator[str]:
    """A counter with resets and a gap, errors that never come (NaN among them), a memory that is six hours old.

    From a quarter of an hour ago on nine of ten requests do not arrive, fewer than any night has, and the rest is slow:
    a fault, which goes on for as long as the test may take.
    """
    times, chance = np.arange(now - DAYS * DAY, now + 3_600, STEP), np.random.default_rng(1)
    yield "# TYPE training_requests counter\n"
    count = 0.0
    for n, at in enumerate(times.tolist()):
        rate = usual(at, now) if at < now - 900 else usual(at, now) / 10
        count = (0.0 if n % 1_440 == 700 else count) + chance.poisson(rate * STEP)
        if not now - 1.5 * DAY < at < now - 1.5 * DAY + 5_400:
            yield f'training_requests_total{{service="orders"}} {count} {at}\n'
    yield "# TYPE training_p95 gauge\n"
    for at in times.tolist():
        slow = usual(at, now) / 100 + chance.normal(0, 0.01) if at < now - 900 else 0.9
        yield f'training_p95{{service="orders"}} {slow} {at}\n'
    yield "# TYPE training_errors gauge\n"
    for n, at in enumerate(times.tolist()):
        yield f'training_errors{{service="orders"}} {"NaN" if n % 50 == 0 else 0} {at}\n'
    yield "# TYPE training_memory gauge\n"
    for at in times[times > now - YOUNG].tolist():
        yield f'training_memory{{service="orders"}} {1e8 + chance.normal(0, 1e6)} {at}\n'
    yield "# EOF\n"


@pytest.fixture
def now() -> float:
    return time.time() // STEP * STEP


@pytest.fixture
def metrics(tmp_path: Path, now: float) -> Iterator[PrometheusMetrics]:
    text = tmp_path / "history.om"
    text.write_text("".join(openmetrics(now)))
    server = PrometheusServer(tmp_path / "prometheus")
    server.backfill(text)
    with server:
        yield PrometheusMetrics(server.url)


async def test_a_round_forecasts_what_it_can_says_why_of_the_rest_and_detection_sees_by_it(
    metrics: PrometheusMetrics, now: float, store_pool: Pool, temporal_dev: TemporalServer
) -> None:
    forecasts, series, forests = PostgresForecasts(store_pool), PostgresSeries(store_pool), PostgresForests(store_pool)
    client = await temporal_dev.connect()
    ports = Ports(metrics=metrics, forecasts=forecasts, forests=forests, series=series, services=SERVICES)
    async with working(client, queues(ports, [TRAINING_QUEUE])):
        run = await client.start_workflow(TrainingWorkflow.run, id=f"round-{uuid4()}", task_queue=TRAINING_QUEUE)
        await run.result()
        history = await run.fetch_history()
    assert len(history.events) < 20, "two activities, whatever there is to train"
    known = {one.expression: one for one in forecasts.load([head.key for head in forecasts.heads()])}
    assert known["raw"].reason == "it only grows, as a counter does: write rate() around it"
    assert known["young"].ready_at == datetime.fromtimestamp(now - YOUNG + STEP + DAY + 1_800, UTC)
    assert np.abs(band(known["errors"]).table).max() < 1e-6
    assert _follows_the_day(known["rate"], now)

    intake = FakeHandingOver()
    only_rate = SERVICES.services[0].model_copy(update={"expressions": SERVICES.expressions_of("orders")[:1]})
    watched = SERVICES.model_copy(update={"services": (only_rate,)})
    watch = DetectionActivities(metrics, series, forecasts, intake, watched, 15.0)
    await ActivityEnvironment().run(watch.sweep)
    assert [(told.name, told.service) for told in intake.taken] == [("rate", "orders")]
    (rate,) = series.listed()
    assert all(sign.by_forecast > STRANGE for sign in rate.standing.signs)

    with pool(1) as trees:
        investigate = partial(_investigated, metrics, forests, trees, now)
        _the_forest_is_evidence(investigate(), forests)
        for spoil in _SPOILT:
            with store_pool.transaction() as connection:
                connection.execute(f"UPDATE nightshift.forests SET {spoil}".encode())
            refused = investigate()
            assert (refused.presence, refused.kind) == (Presence.MISSING, "forest_missing")
            assert "not used: " in refused.title
            done = ActivityEnvironment().run(TrainingActivities(metrics, forecasts, forests, series, SERVICES).train)
            assert (done.forests, done.forests_refused, done.trained) == (1, 1, 0), "what was forecast is not spoilt"
            assert investigate().kind == "unusual_together"


# One wrong byte, and another version.
_SPOILT = (
    "matrix = set_byte(matrix, 99, 255 - get_byte(matrix, 99))",
    "versions = replace(versions, 'scikit-learn ', 'scikit-learn 0.')",
)


def _the_forest_is_evidence(found: Finding, forests: PostgresForests) -> None:
    """Requests and latency are known for three days; what never moves, only grows or is young is no part of it."""
    kept = forests.load("orders")
    assert kept is not None
    assert [feature.expression for feature in kept.features] == ["p95", "rate"]
    assert kept.left_out == (
        "errors: never moved by more than its floor", "raw: only grows, as a counter does",
        "young: too many gaps, or too young",
    )  # fmt: skip
    assert (found.kind, found.presence, found.strength) == ("unusual_together", Presence.FOUND, 0)
    assert {"p95", "rate"} <= set(found.title.replace("orders: ", "").split())
    matrix = opened(kept)
    assert isinstance(matrix, Matrix)
    at = matrix.times[-1:]
    with pool(1) as elsewhere:
        there = elsewhere.submit(judge, matrix, at, matrix.rows[-1:]).result()
    assert there == judge(matrix, at, matrix.rows[-1:]), "the same rows are the same forest in every process"


def _investigated(metrics: PrometheusMetrics, forests: PostgresForests, trees: Executor, now: float) -> Finding:
    """What an investigation of the fault says of the forest."""
    onset = datetime.fromtimestamp(now - 600, UTC)
    question = Question(
        incident="INC-1", services=("orders",), onset=onset, now=datetime.fromtimestamp(now, UTC), graph=SERVICES
    )
    looks = InvestigationActivities(
        metrics, None, None, None, None, None, None, Forests(forests, lambda: trees, patience_s=120)
    )
    found = ActivityEnvironment().run(looks.look_at_metrics, question)
    (of_forest,) = (one for one in found if one.kind in {"unusual_together", "forest_missing"})
    return of_forest


def band(forecast: Forecast) -> Band:
    assert forecast.starts_at is not None, forecast.reason
    return Band.unpacked(forecast.starts_at.timestamp(), forecast.step_s, forecast.band)


def _follows_the_day(forecast: Forecast, now: float) -> bool:
    """Tomorrow is as any day, within its interval and within a sixth of the day's swing."""
    table = band(forecast)
    times: Floats = table.start + table.step_s * np.arange(table.table.shape[1], dtype=np.float64)
    truth = np.array([usual(at, now) for at in times[times < now + DAY].tolist()])
    expected, lower, upper = table.table[:, : truth.size]
    assert 0 <= float(times[-1]) - forecast.trained_at.timestamp() - 2 * DAY <= table.step_s
    return bool(np.abs(expected - truth).max() < 20 / 6 and ((lower < truth) & (truth < upper)).all())
