"""Closing: what was learned goes into memory, so that the next incident like this one finds it."""

from temporalio import workflow
from temporalio.exceptions import ActivityError

with workflow.unsafe.imports_passed_through():
    from activities.learning import LearningActivities
    from domain.timeline import Kind
    from workflows import options
    from workflows.calls import reason
    from workflows.record import Record


async def learn(record: Record) -> None:
    """Remember the incident. A memory that is away costs the next one a hint, and is said here."""
    try:
        await workflow.execute_activity_method(
            LearningActivities.learn, record.view(), summary="remember the incident", **options.WRITE_UP
        )
    except ActivityError as error:
        record.note(workflow.now(), Kind.NOTE, "knowledge base", f"could not be remembered: {reason(error)}")
