"""What runs by Temporal's clock, and when it last succeeded: asked of Temporal."""

from typing import Any

from temporalio.client import Client, WorkflowExecution
from temporalio.service import RPCError

from starter.away import answered
from starter.machine.facts import Scheduled


async def scheduled(client: Client, name: str) -> Scheduled | None:
    """The schedule of this id; None: there is none. Raises TemporalAway."""
    try:
        async with answered():
            seen = await client.get_schedule_handle(name).describe()
    except RPCError:  # NOT_FOUND
        return None
    # The newest comes first. Those that failed tell nothing: they are tried again, or the next one does their work.
    done = f"TemporalScheduledById='{name}' AND ExecutionStatus='Completed'"
    async with answered():
        last = [run async for run in client.list_workflows(done, limit=1)]
    state, intervals = seen.schedule.state, seen.schedule.spec.intervals
    return Scheduled(
        name=name, made_at=seen.info.created_at, every_s=max(one.every.total_seconds() for one in intervals),
        succeeded_at=last[0].close_time if last else None, failed=await _failed(client, last[0]) if last else 0,
        paused=(state.note or "no reason is given") if state.paused else None,
    )  # fmt: skip


async def _failed(client: Client, run: WorkflowExecution) -> int:
    """How many shards failed in a run that succeeded as a whole. Raises TemporalAway."""
    async with answered():
        found: dict[str, Any] = await client.get_workflow_handle(run.id, run_id=run.run_id).result()
    return int(found.get("failed_shards", 0))
