"""A night on call for tests: a world, workers that live in it, and a clock that skips what nobody wants to wait for."""

import asyncio
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from time import monotonic
from typing import Any

from temporalio.api.common.v1 import WorkflowExecution
from temporalio.api.workflowservice.v1 import (
    DescribeWorkflowExecutionRequest,
    DescribeWorkflowExecutionResponse,
)
from temporalio.client import Client, WorkflowFailureError
from temporalio.exceptions import CancelledError
from temporalio.service import RPCError
from temporalio.testing import WorkflowEnvironment

from domain.anomaly import Anomaly
from domain.timeline import Kind
from domain.view import IncidentView
from rig.servers.temporal_test import Skipping
from tests.workflows.world import Handle, World, anomaly
from workflows.contract import Report, Summary
from workflows.incident import IncidentWorkflow

HANGS_AFTER_S = 60
_AN_ANSWER = timedelta(seconds=HANGS_AFTER_S)
# The test server breaks when a workflow cancels a timer that fires at the very same moment (`Skipping.broken`).
# Tests therefore keep the deadlines that they play with apart.


@dataclass
class Night:
    """One test's world on the time-skipping server."""

    world: World
    server: Skipping
    opened: list[Handle] = field(default_factory=list[Handle])

    @property
    def skipping(self) -> WorkflowEnvironment:
        return self.server.environment

    @property
    def client(self) -> Client:
        return self.skipping.client

    async def now(self) -> datetime:
        return await asyncio.wait_for(self.skipping.get_current_time(), HANGS_AFTER_S)

    async def pass_time(self, **amount: float) -> None:
        """Let time pass, as in `pass_time(minutes=5)`."""
        await asyncio.wait_for(self.skipping.sleep(timedelta(**amount)), HANGS_AFTER_S)

    async def alert(self, name: str = "HighErrorRate", **facts: Any) -> Anomaly:
        """An alert that fires now."""
        told: dict[str, Any] = {"at": await self.now(), **facts}
        return anomaly(name, **told)

    async def open(self, *anomalies: Anomaly, key: str = "incident-orders") -> Handle:
        """The starter's word; without alerts, the usual one."""
        handle = await self.world.open(self.client, *(anomalies or [await self.alert()]), key=key)
        self.opened.append(handle)
        return handle

    async def end(self, handle: Handle) -> Summary:
        """Let it run to its end, in steps that grow with the time that it takes.

        Awaiting the result would let the server's clock run free, which sometimes goes on by ten years at the end.
        """
        step_s, hangs_at = 15.0, monotonic() + HANGS_AFTER_S
        while not await self._ended(handle):
            if monotonic() > hangs_at:
                raise AssertionError(f"it never ended\n{story(await view(handle))}")
            await self.pass_time(seconds=step_s)
            step_s = min(step_s * 1.2, 1800)
        with self.skipping.auto_time_skipping_disabled():
            return await asyncio.wait_for(handle.result(), HANGS_AFTER_S)

    async def _ended(self, handle: Handle) -> bool:
        return (await self._described(handle)).workflow_execution_info.HasField("close_time")

    async def _described(self, handle: Handle) -> DescribeWorkflowExecutionResponse:
        """Asked without the SDK's description: that cannot read the times that were unset, which this server keeps."""
        execution = WorkflowExecution(
            workflow_id=handle.id, run_id=handle.run_id or handle.first_execution_run_id or ""
        )
        request = DescribeWorkflowExecutionRequest(namespace=self.client.namespace, execution=execution)
        return await self.client.workflow_service.describe_workflow_execution(request, timeout=_AN_ANSWER)

    async def cancelled(self, handle: Handle) -> bool:
        """Did it end because it was cancelled?"""
        try:
            await self.end(handle)
        except WorkflowFailureError as error:
            return isinstance(error.cause, CancelledError)
        return False

    async def until(
        self, handle: Handle, holds: Callable[[IncidentView], bool], what: str, *, step_s: float = 5,
        at_most: timedelta = timedelta(hours=1),
    ) -> IncidentView:  # fmt: skip
        """Let time pass until the view satisfies; fails with what it was waiting for."""
        limit, hangs_at = await self.now() + at_most, monotonic() + HANGS_AFTER_S
        while True:
            seen = await view(handle)
            if holds(seen):
                return seen
            if await self.now() > limit or monotonic() > hangs_at:
                raise AssertionError(f"never saw: {what}\n{story(seen)}")
            await self.pass_time(seconds=step_s)

    async def left(self, handle: Handle, name: str) -> None:
        """Wait until the server knows of no such activity of it that runs."""
        hangs_at = monotonic() + HANGS_AFTER_S
        while any(one.activity_type.name == name for one in (await self._described(handle)).pending_activities):
            assert monotonic() < hangs_at, f"{name} never ended"
            await asyncio.sleep(0.05)

    async def reaches(self, name: str) -> None:
        """Let time pass until the activity that the world holds is running."""
        for _ in range(600):
            if name in self.world.reached and self.world.reached[name].is_set():
                return
            await self.pass_time(seconds=1)
        raise AssertionError(f"{name} was never reached")

    async def report(self, handle: Handle, *anomalies: Anomaly) -> None:
        await handle.signal("report", Report(anomalies=anomalies))


@asynccontextmanager
async def a_night(server: Skipping, world: World) -> AsyncGenerator[Night]:
    """Workers live in the world; what a test leaves open is ended after it, as the server is shared."""
    async with world.living(server.environment.client):
        night = Night(world, server)
        try:
            yield night
        finally:
            world.let_go()
            try:
                # The test server stands still for a while when one ends whose parent has ended before it.
                for handle in reversed(night.opened):
                    if not server.broken:
                        await _finish(night, handle)
            finally:
                await server.look_at_its_clock()


async def _finish(night: Night, handle: Handle) -> None:
    """A person's word ends every incident, whatever the test did to it. Terminating one whose activities run would
    leave the server's clock locked, for all tests that follow.
    """
    try:
        await handle.signal("resolve", {"who": "the test"})
    except RPCError:
        return  # it has ended
    try:
        await night.end(handle)
    except WorkflowFailureError:
        return  # it was cancelled


async def view(handle: Handle) -> IncidentView:
    return await handle.query(IncidentWorkflow.view, rpc_timeout=_AN_ANSWER)


def story(seen: IncidentView) -> str:
    """The timeline, for a test that fails."""
    rows = (f"{e.at:%d %H:%M:%S} {e.kind} | {e.actor} | {e.text}" for e in seen.timeline)
    return f"{seen.incident} {seen.state}\n" + "\n".join(rows)


def texts(seen: IncidentView, *kinds: Kind) -> list[str]:
    """What the timeline says, of some kinds or of all."""
    return [entry.text for entry in seen.timeline if not kinds or entry.kind in kinds]
