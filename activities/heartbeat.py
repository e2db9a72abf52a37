"""Heartbeats for activities that block: a dead worker is noticed within seconds, not after the whole timeout."""

import contextvars
import threading
from collections.abc import Generator
from contextlib import contextmanager

from temporalio import activity

EVERY_S = 1.0


@contextmanager
def beating() -> Generator[None]:
    """Heartbeat from a thread of its own for as long as the block runs."""
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
