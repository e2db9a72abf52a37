"""Activities beside each other, of which one that fails costs no other its result."""

import asyncio
from collections.abc import Awaitable, Iterable
from typing import TypeVar

from temporalio.exceptions import ActivityError

T = TypeVar("T")


async def gathered(running: Iterable[Awaitable[T]]) -> tuple[list[T], int]:
    """The results, and how many failed. Raises ActivityError where all did."""
    results, failures = list[T](), list[ActivityError]()
    for found in await asyncio.gather(*running, return_exceptions=True):
        if isinstance(found, ActivityError):
            failures.append(found)
        elif isinstance(found, BaseException):
            raise found
        else:
            results.append(found)
    if not results and failures:
        raise failures[0]
    return results, len(failures)
