"""Waiting with an end: durable timers that something may cut short."""

from collections.abc import Callable
from datetime import timedelta

from temporalio import workflow


async def happens(what: Callable[[], bool], within: timedelta | float, summary: str) -> bool:
    """Wait for it. True: it happened; False: the time (a timedelta, or seconds) passed. `summary` names the timer."""
    try:
        await workflow.wait_condition(what, timeout=within, timeout_summary=summary)
    except TimeoutError:
        return False
    return True
