"""Follows incidents as a user of Temporal would: lists running workflows, and asks each for its view."""

import asyncio
from collections.abc import AsyncIterator, Callable
from datetime import UTC, datetime, timedelta

from temporalio.client import (
    Client,
    WorkflowExecutionStatus,
    WorkflowHandle,
    WorkflowUpdateFailedError,
    WorkflowUpdateRPCTimeoutOrCancelledError,
)
from temporalio.contrib.pydantic import pydantic_data_converter
from temporalio.service import RPCError

from domain.view import IncidentView
from workflows.contract import Summary
from workflows.incident import IncidentWorkflow

_EVERY_S = 0.5
_CLOSE_WITHIN_S = 5.0
Handle = WorkflowHandle[IncidentWorkflow, Summary]


class Watcher:
    """Looks for incidents that began after `since`."""

    def __init__(self, client: Client, since: datetime) -> None:
        self.client = client
        self._since = since
        self.listed = 0
        """How many incidents Temporal named at the last look, also those that gave no view."""
        self.running: frozenset[str] = frozenset()
        """Incidents whose workflow was still at work at the last look: writing up comes after closing."""

    @classmethod
    async def connect(cls, address: str) -> "Watcher":
        client = await Client.connect(address, data_converter=pydantic_data_converter)
        return cls(client, datetime.now(UTC))

    def from_now_on(self) -> None:
        """What began before now is of no interest any more."""
        self._since = datetime.now(UTC)

    async def open_incidents(self) -> list[Handle]:
        """All that run now."""
        query = 'WorkflowType="IncidentWorkflow" AND ExecutionStatus="Running"'
        return [self._handle(w.id, w.run_id) async for w in self.client.list_workflows(query)]

    async def close(self, handle: Handle, who: str) -> None:
        """End an incident that an interrupted run left behind; one that cannot go on any more is terminated."""
        patience = timedelta(seconds=_CLOSE_WITHIN_S)
        try:
            await handle.execute_update(  # pyright: ignore[reportUnknownMemberType]
                IncidentWorkflow.person, {"command": "resolve", "who": who}, rpc_timeout=patience
            )
        except (RPCError, WorkflowUpdateFailedError, WorkflowUpdateRPCTimeoutOrCancelledError):
            # Another version of the product may have begun it: its history cannot be replayed by this one.
            await handle.terminate(f"closed by {who}")

    async def views(self) -> list[IncidentView]:
        """Views of all incidents that began after `since`, oldest first."""
        query = f"WorkflowType=\"IncidentWorkflow\" AND StartTime>='{self._since.isoformat()}'"
        found = [w async for w in self.client.list_workflows(query)]
        self.listed = len(found)
        views = [(w, view) for w in found if (view := await self._view(self._handle(w.id, w.run_id))) is not None]
        self.running = frozenset(v.incident for w, v in views if w.status is WorkflowExecutionStatus.RUNNING)
        return sorted((view for _, view in views), key=lambda v: v.opened_at)

    async def follow(
        self, until: Callable[[list[IncidentView]], bool], within_s: float
    ) -> AsyncIterator[list[IncidentView]]:
        """The views again and again, until they satisfy or the time is over."""
        deadline = asyncio.get_running_loop().time() + within_s
        while True:
            views = await self.views()
            yield views
            if until(views) or asyncio.get_running_loop().time() > deadline:
                return
            await asyncio.sleep(_EVERY_S)

    def _handle(self, workflow_id: str, run_id: str) -> Handle:
        return self.client.get_workflow_handle_for(IncidentWorkflow.run, workflow_id, run_id=run_id)

    async def _view(self, handle: Handle) -> IncidentView | None:
        """None in the moment before its first task has run, when a query has nothing to answer from."""
        try:
            return await handle.query(IncidentWorkflow.view)
        except RPCError:
            return None
