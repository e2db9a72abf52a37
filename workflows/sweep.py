"""A cycle of detection, started by a schedule: one activity for each shard, and nothing of any series in history."""

from functools import reduce

from temporalio import workflow

with workflow.unsafe.imports_passed_through():
    from activities.detection import DetectionActivities
    from activities.detection.activity import Share
    from activities.detection.cycle import Cycle
    from workflows.gathering import gathered
    from workflows.options import SWEEP


@workflow.defn
class DetectionWorkflow:
    """Looks at every series once. What fails is not repeated: the next cycle judges what this one did not."""

    @workflow.run
    async def run(self, shards: int = 1) -> Cycle:
        """Raises ActivityError where every shard failed: one that fails blinds no other."""
        share = Share(cycle=workflow.info().run_id, of=shards)
        cycles, failed = await gathered(
            workflow.execute_activity_method(DetectionActivities.sweep, share, **SWEEP) for _ in range(shards)
        )
        return reduce(Cycle.joined, cycles).model_copy(update={"failed_shards": failed})
