"""The life of a worker process: start all queues, run until told to stop, let running activities finish."""

import asyncio
from collections.abc import AsyncGenerator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import timedelta

from temporalio.client import Client
from temporalio.worker import Worker

from workers.registry import Queue

# Longer than the longest single call to an outside system, shorter than an impatient supervisor.
GRACE = timedelta(seconds=20)


@asynccontextmanager
async def working(client: Client, queues: Sequence[Queue], grace: timedelta = GRACE) -> AsyncGenerator[None]:
    """All queues are served while the block runs."""
    async with AsyncExitStack() as stack:
        for queue in queues:
            threads = stack.enter_context(ThreadPoolExecutor(queue.threads, thread_name_prefix=queue.name))
            await stack.enter_async_context(worker(client, queue, threads, grace))
        yield


def worker(client: Client, queue: Queue, threads: ThreadPoolExecutor, grace: timedelta) -> Worker:
    """A worker of one queue."""
    return Worker(
        client,
        task_queue=queue.name,
        workflows=list(queue.workflows),
        activities=list(queue.activities),
        activity_executor=threads,
        max_concurrent_activities=queue.threads,
        graceful_shutdown_timeout=grace,
    )


async def serve(client: Client, queues: Sequence[Queue], stop: asyncio.Event) -> None:
    """Serve until `stop` is set."""
    async with working(client, queues):
        await stop.wait()
