"""Heartbeats for long activities: a dead worker is noticed within seconds, not after the whole timeout."""

import asyncio
import contextvars
import threading
from collections.abc import AsyncGenerator, Generator
from contextlib import asynccontextmanager, contextmanager

from temporalio import activity

EVERY_S = 1.0


@contextmanager
def beating() -> Generator[None]:
    """Heartbeat from a thread of its own for as long as the block runs: for an activity that blocks."""
    done = threading.Event()
    context = contextvars.copy_context()

    def beat() -> None:
        while not done.wait(EVERY_S):
            activity.heartbeat()

    thread = threading.Thread(target=context.run, args=(beat,), name="heartbeat", daemon=True)
    activity.heartbeat()
    thread.start()
    try:
        yield
    finally:
        done.set()
        thread.join()


@asynccontextmanager
async def pulsing() -> AsyncGenerator[None]:
    """Heartbeat from a task beside the block for as long as that runs: for an activity that is async."""

    async def beat() -> None:
        while True:
            await asyncio.sleep(EVERY_S)
            activity.heartbeat()

    activity.heartbeat()
    task = asyncio.create_task(beat(), name="heartbeat")
    try:
        yield
    finally:
        task.cancel()
