"""A cycle of detection, started by a schedule: one activity, and nothing of any series in history."""

from temporalio import workflow

with workflow.unsafe.imports_passed_through():
    from activities.detection import DetectionActivities
    from activities.detection.activity import Cycle
    from workflows.options import SWEEP


@workflow.defn
class DetectionWorkflow:
    """Looks at every series once. A cycle that fails is not repeated: the next one judges what this one did not."""

    @workflow.run
    async def run(self) -> Cycle:
        return await workflow.execute_activity_method(DetectionActivities.sweep, **SWEEP)
