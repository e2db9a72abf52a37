"""What the outside may say to an incident, and what it is told: the names and models of the workflow's interface."""

from collections.abc import Iterable, Iterator
from typing import Any, Literal

from pydantic import AwareDatetime, Field

from domain.advice.terms import Terms
from domain.anomaly import Anomaly
from domain.approval import Door
from domain.command import CommandName
from domain.fitting import portions
from domain.holding import Held, MutedRow
from domain.levels import Risk
from domain.model import Model
from domain.policy import Policy
from domain.regrouping import Given
from domain.services import ServiceMap

_PER_REPORT, _REPORT_BYTES = 100, 500_000
TASK_QUEUE = "incidents"
INVESTIGATION_QUEUE = "investigation"
ANALYSIS_QUEUE = "analysis"
REMEDIATION_QUEUE = "remediation"
NOTIFICATION_QUEUE = "notification"
DETECTION_QUEUE = "detection"
ADVICE_QUEUE = "advice"
TRAINING_QUEUE = "training"
QUEUES = (
    TASK_QUEUE, INVESTIGATION_QUEUE, ANALYSIS_QUEUE, REMEDIATION_QUEUE, NOTIFICATION_QUEUE, DETECTION_QUEUE,
    ADVICE_QUEUE, TRAINING_QUEUE,
)  # fmt: skip
"""All of them, for those who ask whether each has a worker; workers.registry says what runs on which."""
MUTED_WORKFLOW, MUTED_PREFIX = "MutedWorkflow", "muted-"
"""What holds back what is muted: a workflow for each key of an incident, under a name of its own."""
DETECTION_SCHEDULE, TRAINING_SCHEDULE = "detection", "training"
"""Ids of Temporal's schedules."""

UNPROVEN = "DecisionUnproven"
"""The type of the refusal of a decision whose proof was not believed: a fresh proof may be."""


class Report(Model):
    """Anomalies, firing or resolved, that belong to this incident. `given`: a person moved them here."""

    anomalies: tuple[Anomaly, ...]
    given: Given | None = None


class Opening(Model):
    """With what an incident starts. The anomalies come by the signal `report` that starts it.

    The policy and the services are a copy: an incident ends by the rules by which it began.
    `temporal_ui` and `public_url` are base addresses for links, None where there is none. `events_per_run`: after so
    many events of history it goes on in a new run as soon as it can; None: when Temporal suggests it. `carried`: what
    an earlier run knew, when it goes on in this one (workflows.carrying); None in the first.
    `first`: the anomalies themselves, where a person split them off another incident, which began this one.
    `limits`: the highest risk that a person may decide on, by name; who is not in it is limited by the policy alone.
    `adviser`: the terms on which a language model is asked as well, None: none is. It is decided here, and not by what
    a worker finds in its environment, so that a history replays the same everywhere.
    """

    key: str
    policy: Policy
    services: ServiceMap
    namespace: str = "default"
    temporal_ui: str | None = None
    public_url: str | None = None
    events_per_run: int | None = Field(default=None, ge=100)
    carried: dict[str, Any] | None = None
    first: Report | None = None
    limits: dict[str, Risk] = {}
    adviser: Terms | None = None


def reports(anomalies: Iterable[Anomaly], given: Given | None = None) -> Iterator[Report]:
    """As many as it takes: one signal is one payload, and the largest anomalies are some kB each."""
    for portion in portions(anomalies, _REPORT_BYTES, _PER_REPORT):
        yield Report(anomalies=portion, given=given)


class Muted(Model):
    """What is muted and fires, and news of what is over, for the one that holds it back. Its input, where it starts.

    `rows`: what a run before could not write down of what it holds no longer.
    """

    held: tuple[Held, ...] = ()
    over: tuple[Anomaly, ...] = ()
    rows: tuple[MutedRow, ...] = ()


def muted_reports(held: Iterable[Held]) -> Iterator[Muted]:
    """As many as it takes, like `reports`."""
    for portion in portions(held, _REPORT_BYTES, _PER_REPORT):
        yield Muted(held=portion)


def holder_of(key: str) -> str:
    """The id of the workflow that holds back what belongs to the incident of this key."""
    return MUTED_PREFIX + key.removeprefix("incident-")


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
