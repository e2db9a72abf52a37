"""How often an activity was tried, and why again. History keeps the last try of each, which brought a result."""

from dataclasses import dataclass

from temporalio.api.enums.v1 import EventType, TimeoutType
from temporalio.api.history.v1 import ActivityTaskStartedEventAttributes, HistoryEvent

from evals.chaos.people import Handle

_SCHEDULED = EventType.EVENT_TYPE_ACTIVITY_TASK_SCHEDULED
_STARTED = EventType.EVENT_TYPE_ACTIVITY_TASK_STARTED


@dataclass(frozen=True)
class Try:
    """`number` counts from 1. `after_silence`: nothing had been heard of the try before for longer than a heartbeat may
    be late. `process`: the id of the process that tried.
    """

    number: int
    after_silence: bool
    process: int


async def last_tries(handle: Handle, activity: str) -> list[Try]:
    """One for each time that the activity was ordered."""
    events = [event async for event in handle.fetch_history_events()]
    ordered = {event.event_id for event in events if _orders(event, activity)}
    started = [event.activity_task_started_event_attributes for event in events if event.event_type is _STARTED]
    return [_try(one) for one in started if one.scheduled_event_id in ordered]


async def tries_so_far(handle: Handle, activity: str) -> int:
    """Of an activity that has no result yet; 0: it is not under way."""
    described = await handle.describe()
    pending = described.raw_description.pending_activities
    return max((one.attempt for one in pending if one.activity_type.name == activity), default=0)


def _orders(event: HistoryEvent, activity: str) -> bool:
    name = event.activity_task_scheduled_event_attributes.activity_type.name
    return event.event_type is _SCHEDULED and name == activity


def _try(started: ActivityTaskStartedEventAttributes) -> Try:
    why = started.last_failure.timeout_failure_info.timeout_type
    process, _, _host = started.identity.partition("@")
    return Try(started.attempt, why == TimeoutType.TIMEOUT_TYPE_HEARTBEAT, int(process))
