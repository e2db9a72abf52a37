"""Alerts of an incident that was merged go to the one that took it over, for as long as that is open."""

from datetime import UTC, datetime

import pytest
from temporalio import workflow
from temporalio.client import Client
from temporalio.common import SearchAttributePair, TypedSearchAttributes
from temporalio.worker import Worker

from domain.anomaly import AlertStatus, Anomaly
from domain.policy import Policy
from domain.services import ServiceMap
from starter.intake import House, TemporalIntake
from tests.ending import ended
from workflows.contract import TASK_QUEUE, Opening, Report, Summary
from workflows.search_attributes import INCIDENT

HOUSE = House(
    policy=Policy(), services=ServiceMap(expressions=()), namespace="default", temporal_ui=None, public_url=None
)


@workflow.defn(name="IncidentWorkflow", sandboxed=False)
class MergedAtOnce:
    """Ends as merged into the incident of the service `big`."""

    @workflow.run
    async def run(self, _opening: Opening) -> Summary:
        return Summary(
            incident="INC-SMALL", outcome="merged", escalated=False, cause="", attempts=0,
            merged_into="INC-BIG", merged_key="incident-merge-big",
        )  # fmt: skip

    @workflow.signal
    def report(self, _report: Report) -> None:
        """Takes the alert that started it."""


def alert(service: str, status: AlertStatus) -> Anomaly:
    now = datetime.now(UTC)
    return Anomaly(
        source="prometheus", fingerprint=service, name="HighErrorRate", service=service, status=status, title="5xx",
        starts_at=now, seen_at=now,
    )  # fmt: skip


@pytest.mark.parametrize("status", list(AlertStatus))
async def test_an_alert_of_a_merged_incident_goes_to_its_survivor_and_after_that_one_to_its_own(
    temporal_client: Client, status: AlertStatus
) -> None:
    """News that it is over reaches the survivor too: else it would wait for that for ever."""
    intake = TemporalIntake(temporal_client, HOUSE)
    big = await temporal_client.start_workflow(
        "IncidentWorkflow", HOUSE.opening("incident-merge-big"), id="incident-merge-big", task_queue="nobody-serves-it",
        search_attributes=TypedSearchAttributes([SearchAttributePair(INCIDENT, "INC-BIG")]),
    )  # fmt: skip
    try:
        async with Worker(temporal_client, task_queue=TASK_QUEUE, workflows=[MergedAtOnce]):
            await intake.accept([alert("merge-small", AlertStatus.FIRING)])
            await temporal_client.get_workflow_handle("incident-merge-small").result()
        assert await intake.accept([alert("merge-small", status)]) == ("incident-merge-big",)
    finally:
        await ended(big)
    afterwards = await intake.accept([alert("merge-small", status)])
    assert afterwards == (("incident-merge-small",) if status is AlertStatus.FIRING else ())
    if afterwards:
        await ended(temporal_client.get_workflow_handle("incident-merge-small"))
