"""What the outside may say to an incident, and what it is told: the names and models of the workflow's interface."""

from typing import Literal

from pydantic import AwareDatetime, Field

from domain.anomaly import Anomaly
from domain.approval import Door
from domain.command import CommandName
from domain.model import Model
from domain.policy import Policy
from domain.services import ServiceMap

TASK_QUEUE = "incidents"
INVESTIGATION_QUEUE = "investigation"
ANALYSIS_QUEUE = "analysis"
REMEDIATION_QUEUE = "remediation"
NOTIFICATION_QUEUE = "notification"


class Opening(Model):
    """With what an incident starts. The anomalies come by the signal `report` that starts it.

    The policy and the services are a copy: an incident ends by the rules by which it began.
    `temporal_ui` and `public_url` are base addresses for links, None where there is none.
    """

    key: str
    policy: Policy
    services: ServiceMap
    namespace: str = "default"
    temporal_ui: str | None = None
    public_url: str | None = None


class Report(Model):
    """Anomalies, firing or resolved, that belong to this incident."""

    anomalies: tuple[Anomaly, ...]


class Synchronise(Model):
    """What a person did to this incident in another system, as that system tells it. `at`: when, by its clock.

    `event` is its own name for the event: the same again is nothing new. `who` is what it calls the person.
    """

    event: str = Field(max_length=300)
    command: Literal[CommandName.ACK, CommandName.RESOLVE]
    who: str = Field(max_length=200)
    door: Door
    at: AwareDatetime


class Summary(Model):
    """How an incident ended: the workflow's result. A merged one names its survivor and that one's workflow id."""

    incident: str
    outcome: str
    escalated: bool
    cause: str
    attempts: int
    merged_into: str | None = None
    merged_key: str | None = None
