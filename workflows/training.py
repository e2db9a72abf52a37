"""A round of training, started by a schedule: one activity, and nothing of any series in history."""

from temporalio import workflow

with workflow.unsafe.imports_passed_through():
    from activities.training import TrainingActivities
    from activities.training.activity import Round
    from workflows.options import TRAIN


@workflow.defn
class TrainingWorkflow:
    """Trains every series that is due. A round that is due while one runs is left out."""

    @workflow.run
    async def run(self) -> Round:
        return await workflow.execute_activity_method(TrainingActivities.train, **TRAIN)
