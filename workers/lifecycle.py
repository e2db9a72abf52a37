"""The life of a worker process: start all queues, run until told to stop, let running activities finish."""

import asyncio
import signal
from collections.abc import AsyncGenerator, Collection, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import timedelta

import structlog
from temporalio.client import Client
from temporalio.worker import Worker

from config.services import load_services
from config.settings import Settings
from config.temporal import connect
from workers.registry import NAMES, Queue, queues
from workers.wiring import ports

# Longer than the longest single call to an outside system, shorter than an impatient supervisor.
GRACE = timedelta(seconds=20)
# Incidents that a process keeps in memory between their steps: the SDK's own number.
CACHED_RUNS = 1000


async def run(settings: Settings, names: Collection[str] = NAMES) -> None:
    """Serve these queues until SIGTERM or SIGINT, then let what runs come to its end.

    Raises ConfigError for settings that do not fit, RuntimeError when Temporal cannot be reached.
    """
    client = await connect(settings)
    served = queues(ports(settings, load_services(settings.services_file), names), names)
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    log = structlog.get_logger(__name__)
    async with working(client, served):
        log.info("worker is up", queues=[queue.name for queue in served], temporal=settings.temporal_address)
        await stop.wait()
        log.info("worker is stopping; running activities may finish", grace_s=GRACE.total_seconds())


@asynccontextmanager
async def working(
    client: Client, served: Sequence[Queue], grace: timedelta = GRACE, cached_runs: int = CACHED_RUNS
) -> AsyncGenerator[None]:
    """All queues are served while the block runs. With `cached_runs` 0 each step begins with a replay."""
    async with AsyncExitStack() as stack:
        for queue in served:
            threads = stack.enter_context(ThreadPoolExecutor(queue.threads, thread_name_prefix=queue.name))
            await stack.enter_async_context(_worker(client, queue, threads, grace, cached_runs))
        yield


def _worker(client: Client, queue: Queue, threads: ThreadPoolExecutor, grace: timedelta, cached_runs: int) -> Worker:
    return Worker(
        client,
        task_queue=queue.name,
        workflows=list(queue.workflows),
        activities=list(queue.activities),
        activity_executor=threads,
        max_concurrent_activities=queue.threads,
        graceful_shutdown_timeout=grace,
        max_cached_workflows=cached_runs,
    )
