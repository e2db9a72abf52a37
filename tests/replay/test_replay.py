"""Every recorded way through an incident is replayed: a deployment must not break the incidents that are running."""

from collections.abc import Callable

import pytest
from temporalio.workflow import NondeterminismError

from tests.replay.paths import PATHS
from tests.replay.record import FOLDER
from tests.replay.replaying import Event, read_events, replay

AGAIN = (
    "The workflow does not do what it did when {name}.json was recorded, so incidents that run during a deployment "
    "would stop: {said}\n"
    "If that change is meant, and nothing runs that began before it: python -m tests.replay.record"
)
NAMES = [path.name for path in PATHS]


def _events(name: str) -> list[Event]:
    return read_events(FOLDER / f"{name}.json")


@pytest.mark.parametrize("name", NAMES)
async def test_what_was_recorded_is_done_again(name: str) -> None:
    """Each activity, timer and message comes in the order in which it came then."""
    try:
        await replay(name, _events(name))
    except Exception as error:  # noqa: BLE001 - whatever it is, it is reported with the way out
        pytest.fail(AGAIN.format(name=name, said=error), pytrace=False)


def test_there_is_a_history_for_each_path_and_no_other() -> None:
    """A path that was renamed leaves a file behind that says nothing any more."""
    assert {file.stem for file in FOLDER.glob("*.json")} == set(NAMES)


@pytest.mark.parametrize("name", NAMES)
def test_a_history_tells_nothing_of_the_machine_that_recorded_it(name: str) -> None:
    text = (FOLDER / f"{name}.json").read_text(encoding="utf-8")
    assert '"identity"' not in text
    assert '"stackTrace"' not in text
    assert len(text) < 200_000


def _another_activity(events: list[Event]) -> list[Event]:
    """The look at the logs has another name, as if it had been renamed."""
    scheduled = _first(events, lambda e: _scheduled(e) == "look_at_logs")
    scheduled["activityTaskScheduledEventAttributes"]["activityType"]["name"] = "look_at_journals"
    return events


def _another_order(events: list[Event]) -> list[Event]:
    """Two calls in the other order, as if two lines had been swapped."""
    previous = _first(events, lambda e: _scheduled(e) == "previous")["activityTaskScheduledEventAttributes"]
    settle = _first(events, lambda e: _scheduled(e) == "settle")["activityTaskScheduledEventAttributes"]
    previous["activityType"], settle["activityType"] = settle["activityType"], previous["activityType"]
    return events


def _an_activity_for_a_timer(events: list[Event]) -> list[Event]:
    """The first timer was none, as if a wait had been added since."""
    timer = _first(events, lambda e: e["eventType"] == "EVENT_TYPE_TIMER_STARTED")
    attributes = _first(events, lambda e: _scheduled(e) is not None)["activityTaskScheduledEventAttributes"]
    timer["eventType"] = "EVENT_TYPE_ACTIVITY_TASK_SCHEDULED"
    del timer["timerStartedEventAttributes"]
    timer["activityTaskScheduledEventAttributes"] = {**attributes, "activityId": "99"}
    return events


def _first(events: list[Event], holds: Callable[[Event], bool]) -> Event:
    return next(event for event in events if holds(event))


def _scheduled(event: Event) -> str | None:
    """The name of the activity that this event schedules, None when it schedules none."""
    attributes = event.get("activityTaskScheduledEventAttributes")
    return attributes["activityType"]["name"] if attributes else None


@pytest.mark.parametrize("altered", [_another_activity, _another_order, _an_activity_for_a_timer])
async def test_a_history_that_the_workflow_would_not_make_is_caught(
    altered: Callable[[list[Event]], list[Event]],
) -> None:
    """So that a green replay means something."""
    with pytest.raises(NondeterminismError):
        await replay("auto_resolved", altered(_events("auto_resolved")))
