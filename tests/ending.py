"""Ends what a test leaves open, so that no worker of a later test finds it."""

from typing import Any

from temporalio.client import WorkflowHandle
from temporalio.service import RPCError, RPCStatusCode


async def ended(handle: WorkflowHandle[Any, Any]) -> None:
    """Terminate it, unless it has ended or never was: what Temporal lists and describes is a moment late."""
    try:
        await handle.terminate("the test is over")
    except RPCError as error:
        if error.status is not RPCStatusCode.NOT_FOUND:
            raise
