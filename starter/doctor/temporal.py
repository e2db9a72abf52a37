"""Is Temporal there, does it know our search attributes, and does a worker poll each queue?"""

from collections.abc import Iterator
from datetime import UTC, datetime

from temporalio.api.enums.v1 import IndexedValueType
from temporalio.api.operatorservice.v1 import ListSearchAttributesRequest
from temporalio.client import Client
from temporalio.service import RPCError

from config.settings import Settings
from integrations.ports import Unavailable
from starter.away import answered
from starter.doctor.check import Check, Doubt, off, waiting
from starter.live import TemporalIncidents
from starter.polling import needed, pollers
from starter.schedules import scheduled
from starter.words import relative, span
from workflows.contract import (
    ADVICE_QUEUE,
    ANALYSIS_QUEUE,
    DETECTION_QUEUE,
    DETECTION_SCHEDULE,
    INVESTIGATION_QUEUE,
    NOTIFICATION_QUEUE,
    REMEDIATION_QUEUE,
    TASK_QUEUE,
    TRAINING_QUEUE,
    TRAINING_SCHEDULE,
)
from workflows.search_attributes import ALL

GROUP = "Temporal"
_QUEUES = {
    TASK_QUEUE: "incidents open and nothing happens to them",
    INVESTIGATION_QUEUE: "nothing is looked at",
    ANALYSIS_QUEUE: "no cause is named",
    REMEDIATION_QUEUE: "nothing is fixed",
    NOTIFICATION_QUEUE: "nobody is told",
    ADVICE_QUEUE: "each incident waits for a model that nobody asks, and goes on without it",
    DETECTION_QUEUE: "only the alerts of others open incidents",
    TRAINING_QUEUE: "detection judges without forecasts",
}
_SCHEDULES = {
    DETECTION_SCHEDULE: "only the alerts of others open incidents",
    TRAINING_SCHEDULE: "forecasts are stale after two days",
}


def checks(settings: Settings, client: Client) -> Iterator[Check]:
    """The server, the search attributes, and a row for each task queue that must have a worker and each schedule."""
    place = f"namespace {settings.temporal_namespace} at {settings.temporal_address}"

    async def reachable() -> str:
        await TemporalIncidents(client).ping()
        return "answers"

    yield Check(
        GROUP, "server", place, "nothing works: senders get 503 and repeat",
        "start Temporal, or set TEMPORAL_ADDRESS and TEMPORAL_NAMESPACE", waiting(reachable),
    )  # fmt: skip
    yield Check(
        GROUP, "search attributes", f"{len(ALL)} names", "every incident's workflow stands still at its first step",
        _create_command(settings), waiting(lambda: _attributes(client)),
    )  # fmt: skip
    for queue in needed(settings):
        yield _queue(client, queue, _QUEUES[queue])
    for name, cost in _SCHEDULES.items():
        if settings.detection_every_s > 0:
            yield Check(
                GROUP, f"schedule {name}", "its last success", cost,
                "look at its runs in Temporal's web UI, and at the log of the workers of its queue",
                waiting(lambda name=name: _schedule(client, name)),
            )  # fmt: skip
        else:
            yield off(GROUP, f"schedule {name}", cost, "NIGHTSHIFT_DETECTION_EVERY_S")


def _queue(client: Client, queue: str, cost: str) -> Check:
    return Check(
        GROUP, f"queue {queue}", "who polls it", cost, "nightshift worker", waiting(lambda: _pollers(client, queue))
    )  # fmt: skip


async def _attributes(client: Client) -> str:
    request = ListSearchAttributesRequest(namespace=client.namespace)
    try:
        async with answered():
            known = (await client.operator_service.list_search_attributes(request)).custom_attributes
    except RPCError as error:
        raise Unavailable(f"Temporal: {error}") from error
    missing = [key.name for key in ALL if key.name not in known]
    wrong = [
        f"{key.name} is {IndexedValueType.Name(known[key.name])}"
        for key in ALL
        if key.name in known and known[key.name] != key.indexed_value_type
    ]
    if missing or wrong:
        raise Unavailable("; ".join([f"not registered: {', '.join(missing)}"] * bool(missing) + wrong))
    return "all registered"


def _create_command(settings: Settings) -> str:
    flags = " ".join(f"--name {key.name} --type {key.indexed_value_type.name.title()}" for key in ALL)
    at = f"--address {settings.temporal_address} --namespace {settings.temporal_namespace}"
    return f"temporal operator search-attribute create {at} {flags}"


async def _pollers(client: Client, queue: str) -> str:
    polled = await pollers(client, queue)
    count = len(polled.identities)
    if not count:
        raise Unavailable("no worker polls it")
    return f"{count} worker{'s' * (count > 1)}, oldest task {polled.oldest_s:.1f} s"


async def _schedule(client: Client, name: str) -> str:
    seen, now = await scheduled(client, name), datetime.now(UTC)
    if seen is None:
        raise Unavailable("there is no such schedule: no worker that serves detection has started")
    last = "none of its runs has succeeded yet"
    if seen.succeeded_at is not None:
        last = f"last success {relative(seen.succeeded_at, now)}"
    said = f"each {span(seen.every_s)}, {last}"
    if seen.paused is not None:
        raise Doubt(f"paused ({seen.paused}), {last}")
    if seen.overdue(now):
        raise Unavailable(said)
    if seen.failed:
        raise Doubt(f"{said}, in which {seen.failed} of its shards failed")
    return said
