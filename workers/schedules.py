"""What runs by the clock: Temporal's schedules, made and kept up to date by the workers that serve them."""

import asyncio
from datetime import timedelta

import structlog
from temporalio.client import (
    Client,
    Schedule,
    ScheduleActionStartWorkflow,
    ScheduleAlreadyRunningError,
    ScheduleIntervalSpec,
    ScheduleOverlapPolicy,
    SchedulePolicy,
    ScheduleSpec,
    ScheduleState,
    ScheduleUpdate,
    ScheduleUpdateInput,
)
from temporalio.service import RPCError, RPCStatusCode

from workflows.contract import DETECTION_QUEUE, DETECTION_SCHEDULE, TRAINING_QUEUE, TRAINING_SCHEDULE
from workflows.sweep import DetectionWorkflow
from workflows.training import TrainingWorkflow

DETECTION, TRAINING = DETECTION_SCHEDULE, TRAINING_SCHEDULE
_AGAIN_S = 30.0
_log = structlog.stdlib.get_logger(__name__)
_LONGEST_CYCLE = timedelta(minutes=2)
# What is due is trained; a series that became ready waits for this long at most.
_ROUND_EVERY = timedelta(hours=1)


async def keep_detection_in_the_end(client: Client, every_s: float, shards: int) -> None:
    """As `keep_detection`, however long it takes: a namespace may be made after the first worker has started."""
    while True:
        try:
            await keep_detection(client, every_s, shards)
        except RPCError as error:
            _log.warning("the schedules of detection cannot be kept yet", reason=str(error), again_s=_AGAIN_S)
            await asyncio.sleep(_AGAIN_S)
        else:
            return


async def keep_detection(client: Client, every_s: float, shards: int = 1) -> None:
    """Let a cycle of detection begin every so many seconds, and a round of training every hour, each of so many shards;
    0: none of them does.

    Safe to repeat, and at the same time. A cycle that is due while one runs is left out, and so is one that was due
    while nobody was there: the next one judges all samples since the last. Raises RPCError.
    """
    await _keep(client, DETECTION, _detection(every_s, shards) if every_s > 0 else None)
    await _keep(client, TRAINING, _training(shards) if every_s > 0 else None)


async def _keep(client: Client, name: str, wanted: Schedule | None) -> None:
    if wanted is None:
        await _end(client, name)
        return
    try:
        await client.create_schedule(name, wanted, trigger_immediately=name == TRAINING)
    except ScheduleAlreadyRunningError:

        def renewed(update: ScheduleUpdateInput) -> ScheduleUpdate:
            # A person may have paused it in Temporal's web UI: that stays.
            state = update.description.schedule.state
            wanted.state.paused, wanted.state.note = state.paused or wanted.state.paused, state.note
            return ScheduleUpdate(wanted)

        await client.get_schedule_handle(name).update(renewed)


async def _end(client: Client, name: str) -> None:
    try:
        await client.get_schedule_handle(name).delete()
    except RPCError as error:
        if error.status is not RPCStatusCode.NOT_FOUND:
            raise


def _detection(every_s: float, shards: int) -> Schedule:
    return Schedule(
        action=ScheduleActionStartWorkflow(
            DetectionWorkflow.run,
            shards,
            id="detection-cycle",
            task_queue=DETECTION_QUEUE,
            execution_timeout=_LONGEST_CYCLE,
            static_summary="A cycle of detection",
        ),
        spec=ScheduleSpec(intervals=[ScheduleIntervalSpec(every=timedelta(seconds=every_s))]),
        policy=SchedulePolicy(overlap=ScheduleOverlapPolicy.SKIP, catchup_window=timedelta(seconds=10)),
        state=ScheduleState(note="Nightshift looks at all series that it watches."),
    )


def _training(shards: int) -> Schedule:
    return Schedule(
        action=ScheduleActionStartWorkflow(
            TrainingWorkflow.run,
            shards,
            id="training-round",
            task_queue=TRAINING_QUEUE,
            static_summary="A round of training",
        ),
        spec=ScheduleSpec(intervals=[ScheduleIntervalSpec(every=_ROUND_EVERY)]),
        policy=SchedulePolicy(overlap=ScheduleOverlapPolicy.SKIP, catchup_window=timedelta(minutes=1)),
        state=ScheduleState(note="Nightshift trains forecasts for the series that it watches."),
    )
