"""Giving anomalies to another incident, by the signal by which alerts come."""

from collections.abc import Iterable

from temporalio import workflow
from temporalio.exceptions import ActivityError, ApplicationError

with workflow.unsafe.imports_passed_through():
    from activities.records import RecordActivities
    from domain.anomaly import Anomaly
    from domain.correlation import OpenIncident
    from domain.regrouping import Given
    from domain.timeline import Kind
    from workflows import options
    from workflows.calls import reason
    from workflows.contract import reports
    from workflows.record import Record


def as_others_see(record: Record) -> OpenIncident:
    """The incident, for whoever asks whether it belongs to another one."""
    return OpenIncident(
        incident=record.incident, key=record.opening.key, services=record.services, onset=record.onset,
        opened_at=record.opened_at, apart=tuple(record.apart),
    )  # fmt: skip


async def give(key: str, anomalies: Iterable[Anomaly], given: Given | None = None) -> str | None:
    """Why the incident of that key could not take them, None: it has them. One that has ended takes nothing."""
    handle = workflow.get_external_workflow_handle(key)
    try:
        for report in reports(anomalies, given):
            await handle.signal("report", report)
    except ApplicationError as error:
        return error.message
    return None


async def stands(record: Record) -> None:
    """It goes on, so the store is to count it for itself again."""
    try:
        await workflow.execute_activity_method(
            RecordActivities.stands, as_others_see(record), summary="it was not merged", **options.ASK
        )
    except ActivityError as error:
        text = f"others may believe that it was merged: {reason(error)}"
        record.note(workflow.now(), Kind.NOTE, "alert correlation", text)
