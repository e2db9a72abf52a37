"""People: one approves what waits for a decision, and acknowledges what is left in the end."""

import asyncio
from datetime import timedelta

from temporalio.client import (
    Client,
    RPCTimeoutOrCancelledError,
    WorkflowHandle,
    WorkflowQueryFailedError,
    WorkflowQueryRejectedError,
    WorkflowUpdateFailedError,
    WorkflowUpdateRPCTimeoutOrCancelledError,
)
from temporalio.service import RPCError

from domain.approval import Request, Verdict
from domain.view import IncidentView
from evals.chaos.stage import APPROVER
from workflows.contract import Summary
from workflows.incident import IncidentWorkflow

Handle = WorkflowHandle[IncidentWorkflow, Summary]
_PATIENCE = timedelta(seconds=5)
_AGAIN_S = 1.0
NO_ANSWER = (
    RPCError, RPCTimeoutOrCancelledError, WorkflowQueryFailedError, WorkflowQueryRejectedError,
    WorkflowUpdateRPCTimeoutOrCancelledError,
)  # fmt: skip
"""What asking an incident comes to while a process is away: asked again a moment later."""


async def view_of(handle: Handle) -> IncidentView | None:
    """What the incident says of itself; None while nobody answers."""
    try:
        return await handle.query(IncidentWorkflow.view, rpc_timeout=_PATIENCE)
    except NO_ANSWER:
        return None


def handle_of(client: Client, key: str) -> Handle:
    return client.get_workflow_handle_for(IncidentWorkflow.run, key)


async def approve(client: Client, key: str, within_s: float) -> str | None:
    """Approve the plan that waits, as soon as it does; what was answered, None when nothing waited in time.

    A person who gets no answer asks again: then the answer may be that it was decided already, by the first try.
    """
    handle, answer = handle_of(client, key), None
    give_up = asyncio.get_running_loop().time() + within_s
    while answer is None and asyncio.get_running_loop().time() < give_up:
        view = await view_of(handle)
        if view is not None and view.state.closed:
            return None
        if view is not None and view.waiting is not None:
            answer = await _decided(handle, view.waiting)
        if answer is None:
            await asyncio.sleep(_AGAIN_S)
    return answer


async def acknowledge(handle: Handle) -> str | None:
    """Say that somebody is looking, so that nobody is called any more; None when there was no answer."""
    said = {"command": "ack", "who": APPROVER}
    try:
        return await handle.execute_update(  # pyright: ignore[reportUnknownMemberType]
            "person", said, result_type=str, rpc_timeout=_PATIENCE
        )
    except WorkflowUpdateFailedError as refusal:
        return str(refusal.cause)
    except NO_ANSWER:
        return None


async def _decided(handle: Handle, waiting: Request) -> str | None:
    said = {"verdict": Verdict.APPROVE, "digest": waiting.digest, "who": APPROVER}
    try:
        return await handle.execute_update(  # pyright: ignore[reportUnknownMemberType]
            "decide", said, result_type=str, rpc_timeout=_PATIENCE
        )
    except WorkflowUpdateFailedError as refusal:
        return str(refusal.cause)
    except NO_ANSWER:
        return None
