"""Waiting because a person asked for it, before the machine plans anew."""

from datetime import timedelta

from temporalio import workflow

with workflow.unsafe.imports_passed_through():
    from domain.incident import State
    from domain.view import Next
    from workflows.record import Record
    from workflows.timers import happens


async def wait_as_asked(record: Record, minutes: int) -> None:
    """As a person asked. News, a person's word or the end of all alerts cut it short."""
    until = workflow.now() + timedelta(minutes=minutes)
    text = f"As a person asked, the machine looks again at {until:%H:%M:%S} UTC and plans anew"
    record.enter(State.DIAGNOSED, workflow.now(), Next(text=text, at=until))
    resolved = record.all_resolved
    await happens(
        lambda: record.over or record.news or record.hands_off_by is not None or record.all_resolved != resolved,
        timedelta(minutes=minutes), "wait as a person asked, then plan anew",
    )  # fmt: skip
