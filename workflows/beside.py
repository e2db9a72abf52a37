"""Doing something beside the story, for as long as a part of it lasts."""

import asyncio
from collections.abc import Coroutine
from typing import Any, TypeVar

from temporalio import workflow

T = TypeVar("T")


async def beside(errand: Coroutine[Any, Any, None], story: Coroutine[Any, Any, T]) -> T:
    """Live the story while the endless errand runs, which ends with it.

    A defect of the errand is raised here: a clock that died must not go unnoticed for the rest of an incident.
    No task group and no `finally`: both would await while Temporal throws a cached run away, which ends badly.
    """
    running, told = asyncio.create_task(errand), asyncio.create_task(story)
    try:
        await workflow.wait([told, running], return_when=asyncio.FIRST_COMPLETED)
    except asyncio.CancelledError:
        told.cancel()
        await _end(running)
        return await told
    if not told.done():
        await running
    await _end(running)
    return await told


async def _end(running: "asyncio.Task[None]") -> None:
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)
