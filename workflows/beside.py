"""Doing something beside the story, for as long as a part of it lasts."""

import asyncio
from collections.abc import AsyncGenerator, Coroutine
from contextlib import asynccontextmanager
from typing import Any


@asynccontextmanager
async def beside(*errands: Coroutine[Any, Any, None]) -> AsyncGenerator[None]:
    """Run endless errands while the block runs, and end them with it.

    A defect in one of them is raised here: a clock that died must not go unnoticed for the rest of an incident.
    """
    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(errand) for errand in errands]
        yield
        for task in tasks:
            task.cancel()
