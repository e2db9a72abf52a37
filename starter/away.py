"""When Temporal does not answer: one exception for all the ways in which that shows."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

from temporalio.client import RPCTimeoutOrCancelledError
from temporalio.service import RPCError, RPCStatusCode

LIMIT_S = 5.0
_LONGEST = 200


class TemporalAway(Exception):
    """Temporal did not answer in time, or could not do what was asked. The text is for people."""


class NoAnswer(TemporalAway):
    """Temporal took the question and gave no answer in time: nobody can say what has become of it."""


@asynccontextmanager
async def answered(limit_s: float = LIMIT_S) -> AsyncGenerator[None]:
    """Turn connection errors, RPC errors and the time limit (seconds) into TemporalAway; NOT_FOUND passes as it is."""
    try:
        async with asyncio.timeout(limit_s):
            yield
    except TimeoutError:
        raise NoAnswer(f"Temporal did not answer within {limit_s:g} s") from None
    except RPCError as error:
        if error.status is RPCStatusCode.NOT_FOUND:
            raise
        raise TemporalAway(f"Temporal: {error.status.name.lower()}: {_short(error)}") from error
    except RPCTimeoutOrCancelledError as error:
        raise NoAnswer(f"Temporal did not answer within {limit_s:g} s") from error
    except RuntimeError as error:
        # What the SDK raises when a client that connects at its first call cannot connect.
        if "Failed client connect" not in str(error):
            raise
        raise TemporalAway("Temporal cannot be reached: " + _cause(error)) from error


def _cause(error: RuntimeError) -> str:
    text = str(error)
    return "connection refused" if "ConnectionRefused" in text else _short(error)


def _short(error: Exception) -> str:
    return " ".join(str(error).split())[:_LONGEST]
