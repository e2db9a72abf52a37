"""A round of training, started by a schedule: one activity for each shard, and nothing of any series in history."""

from functools import reduce

from temporalio import workflow

with workflow.unsafe.imports_passed_through():
    from activities.training import TrainingActivities
    from activities.training.activity import Round
    from domain.shards import Shard
    from workflows.gathering import gathered
    from workflows.options import TRAIN


@workflow.defn
class TrainingWorkflow:
    """Trains every series that is due. A round that is due while one runs is left out."""

    @workflow.run
    async def run(self, shards: int = 1) -> Round:
        """Raises ActivityError where every shard failed. Groups of services come after the services in them."""
        rounds, failed = await gathered(
            workflow.execute_activity_method(TrainingActivities.train, Shard(number=number, of=shards), **TRAIN)
            for number in range(shards)
        )
        groups = await workflow.execute_activity_method(TrainingActivities.train_groups, **TRAIN)
        return reduce(Round.joined, rounds, groups).model_copy(update={"failed_shards": failed})
