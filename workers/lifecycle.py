"""The life of a worker process: start all queues, run until told to stop, let running activities finish."""

import asyncio
import signal
from collections.abc import AsyncGenerator, Collection, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import timedelta

import structlog
from temporalio.client import Client
from temporalio.common import VersioningBehavior, WorkerDeploymentVersion
from temporalio.worker import Worker, WorkerDeploymentConfig

from config.services import load_services
from config.settings import Settings
from config.sources import MetricsFrom, metrics_from
from config.temporal import connect
from workers.handing_over import HandingOver
from workers.registry import NAMES, Queue, queues
from workers.runner import ContextFreeRunner
from workers.schedules import keep_detection_in_the_end
from workers.telemetry import runtime
from workers.wiring import ports
from workflows.contract import DETECTION_QUEUE, TASK_QUEUE

# Longer than the longest single call to an outside system, shorter than an impatient supervisor.
GRACE = timedelta(seconds=20)
# Incidents that a process keeps in memory between their steps: the SDK's own number.
CACHED_RUNS = 1000


async def run(settings: Settings, names: Collection[str] = NAMES) -> None:
    """Serve these queues until SIGTERM or SIGINT, then let what runs come to its end.

    Raises ConfigError for settings that do not fit, RuntimeError when Temporal cannot be reached or metrics not served.
    """
    client = await connect(settings, runtime=runtime(settings.metrics_address))
    services = load_services(settings.services_file)
    door = HandingOver(client, settings) if {TASK_QUEUE, DETECTION_QUEUE} & set(names) else None
    intake = door if DETECTION_QUEUE in names else None
    served = queues(ports(settings, services, names, intake, door), names)
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    log = structlog.get_logger(__name__)
    async with working(client, served, version=_version(settings)):
        log.info("worker is up", queues=[queue.name for queue in served], temporal=settings.temporal_address,
                 build=settings.build_id)  # fmt: skip
        # Without Prometheus, or without a service that is listed, there is nothing to look at.
        watches = metrics_from(settings) is MetricsFrom.PROMETHEUS
        detects = intake is not None and watches and bool(services.services)
        keeping = asyncio.create_task(_keep_schedules(client, settings, detects=detects))
        await stop.wait()
        keeping.cancel()
        log.info("worker is stopping; running activities may finish", grace_s=GRACE.total_seconds())


@asynccontextmanager
async def working(
    client: Client, served: Sequence[Queue], grace: timedelta = GRACE, cached_runs: int = CACHED_RUNS,
    version: WorkerDeploymentVersion | None = None,
) -> AsyncGenerator[None]:  # fmt: skip
    """All queues are served while the block runs. With `cached_runs` 0 each step begins with a replay.

    `version`: of this build, so that incidents which began on another one stay there; None: any build serves any.
    """
    async with AsyncExitStack() as stack:
        for queue in served:
            threads = stack.enter_context(ThreadPoolExecutor(queue.threads, thread_name_prefix=queue.name))
            await stack.enter_async_context(_worker(client, queue, threads, grace, cached_runs, version))
        yield


async def _keep_schedules(client: Client, settings: Settings, *, detects: bool) -> None:
    if detects:
        await keep_detection_in_the_end(client, settings.detection_every_s, settings.detection_shards)


def _version(settings: Settings) -> WorkerDeploymentVersion | None:
    if settings.build_id is None:
        return None
    return WorkerDeploymentVersion(deployment_name=settings.deployment, build_id=settings.build_id)


def _pinned(version: WorkerDeploymentVersion | None) -> WorkerDeploymentConfig | None:
    """On the worker, not on the workflow's class: there it would fail every task of a worker without a version."""
    if version is None:
        return None
    return WorkerDeploymentConfig(
        version=version, use_worker_versioning=True, default_versioning_behavior=VersioningBehavior.PINNED
    )


def _worker(
    client: Client, queue: Queue, threads: ThreadPoolExecutor, grace: timedelta, cached_runs: int,
    version: WorkerDeploymentVersion | None,
) -> Worker:  # fmt: skip
    return Worker(
        client,
        task_queue=queue.name,
        workflows=list(queue.workflows),
        workflow_runner=ContextFreeRunner(),
        activities=list(queue.activities),
        activity_executor=threads,
        max_concurrent_activities=queue.threads,
        graceful_shutdown_timeout=grace,
        max_cached_workflows=cached_runs,
        deployment_config=_pinned(version),
    )
