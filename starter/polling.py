"""Who polls a task queue, and how long its oldest task has waited: asked of Temporal."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from temporalio.api.enums.v1 import TaskQueueType
from temporalio.api.taskqueue.v1 import TaskQueue
from temporalio.api.workflowservice.v1 import DescribeTaskQueueRequest, DescribeTaskQueueResponse
from temporalio.client import Client
from temporalio.service import RPCError

from config.settings import Settings
from integrations.ports import Unavailable
from starter.away import answered
from workflows.contract import ADVICE_QUEUE, QUEUES, TASK_QUEUE

# A poll waits for a minute before it is repeated; the rest is for clocks that differ.
_GONE_AFTER = timedelta(seconds=80)


@dataclass(frozen=True)
class Polled:
    """`identities` of workers that poll for all kinds of tasks of the queue; `oldest_s`: age of its oldest task."""

    identities: frozenset[str]
    oldest_s: float


def needed(settings: Settings) -> tuple[str, ...]:
    """The queues that must have a worker: all, but for the one of a language model where none is asked."""
    return tuple(queue for queue in QUEUES if queue != ADVICE_QUEUE or settings.model is not None)


async def pollers(client: Client, queue: str) -> Polled:
    """Raises TemporalAway, and Unavailable when the namespace is not there."""
    kinds = [TaskQueueType.TASK_QUEUE_TYPE_ACTIVITY]
    if queue == TASK_QUEUE:
        kinds.append(TaskQueueType.TASK_QUEUE_TYPE_WORKFLOW)
    answers = [await _describe(client, queue, kind) for kind in kinds]
    first, *others = [_polling(answer, datetime.now(UTC)) for answer in answers]
    return Polled(
        identities=frozenset(first.intersection(*others)),
        oldest_s=max(answer.stats.approximate_backlog_age.ToTimedelta().total_seconds() for answer in answers),
    )


def _polling(answer: DescribeTaskQueueResponse, now: datetime) -> set[str]:
    """Those that poll now: Temporal lists everybody of the last five minutes, also who has died since."""
    ages = {poller.identity: now - poller.last_access_time.ToDatetime(UTC) for poller in answer.pollers}
    return {identity for identity, age in ages.items() if age < _GONE_AFTER}


async def _describe(client: Client, queue: str, kind: TaskQueueType.ValueType) -> DescribeTaskQueueResponse:
    request = DescribeTaskQueueRequest(
        namespace=client.namespace, task_queue=TaskQueue(name=queue), task_queue_type=kind, report_stats=True
    )
    try:
        async with answered():
            return await client.workflow_service.describe_task_queue(request)
    except RPCError as error:
        raise Unavailable(f"Temporal: {error}") from error
