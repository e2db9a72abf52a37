"""What PagerDuty sends: v3, one event, and v2, messages. Both become the same events of ours."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any, cast

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from starter.untrusted import clean
from starter.webhooks.body import Refused, parse

LONGEST_ID = 80
_LONGEST_WHO = 200
_MOST_MESSAGES = 100


class Kind(StrEnum):
    """What happened to an incident there."""

    TRIGGERED = "triggered"
    ACKNOWLEDGED = "acknowledged"
    RESOLVED = "resolved"
    REOPENED = "reopened"


KINDS: dict[str, Kind] = {
    "incident.triggered": Kind.TRIGGERED,
    "incident.acknowledged": Kind.ACKNOWLEDGED,
    "incident.resolved": Kind.RESOLVED,
    "incident.reopened": Kind.REOPENED,
    "incident.trigger": Kind.TRIGGERED,
    "incident.acknowledge": Kind.ACKNOWLEDGED,
    "incident.resolve": Kind.RESOLVED,
}
"""The names of v3, then those of v2. All others are ignored."""


class _Theirs(BaseModel):
    """Fields that we do not use are left alone; any field may be null."""

    model_config = ConfigDict(frozen=True, extra="ignore")


class Reference(_Theirs):
    id: str | None = None
    type: str | None = None
    summary: str | None = None
    name: str | None = None


class _Alert(_Theirs):
    alert_key: str | None = None


class Incident(_Theirs):
    id: str = Field(min_length=1)
    number: int | None = None
    title: str | None = None
    incident_key: str | None = None
    urgency: str | None = None
    html_url: str | None = None
    created_at: AwareDatetime | None = None
    reopened_at: AwareDatetime | None = None
    service: Reference | None = None
    escalation_policy: Reference | None = None
    alerts: tuple[_Alert, ...] | None = None


class _Event(_Theirs):
    """v3. `data` is an incident for the events that we use."""

    id: str = Field(min_length=1)
    event_type: str
    occurred_at: AwareDatetime | None = None
    agent: Reference | None = None
    data: dict[str, Any] = {}


class _Delivery(_Theirs):
    event: _Event


class _Entry(_Theirs):
    agent: Reference | None = None


class _Message(_Theirs):
    """One message of v2; who did it stands in its log entry."""

    id: str = Field(min_length=1)
    event: str
    created_on: AwareDatetime | None = None
    incident: dict[str, Any] = {}
    log_entries: tuple[_Entry, ...] | None = None


class _Messages(_Theirs):
    messages: tuple[_Message, ...] = Field(max_length=_MOST_MESSAGES)


@dataclass(frozen=True)
class Happened:
    """One event of either version. `who` is empty where no person did it: a timeout, an integration."""

    kind: Kind
    event: str
    at: datetime
    who: str
    incident: Incident


def happened(content: object, now: datetime) -> tuple[Happened | str, ...]:
    """The events of a delivery; a text says why one of them is ignored. Raises Refused for what is neither version."""
    fields = cast("dict[Any, Any]", content if isinstance(content, dict) else {})
    if "event" in fields:
        event = parse(_Delivery, fields).event
        return (_one(event.event_type, event.id, event.occurred_at or now, event.agent, event.data),)
    if "messages" in fields:
        return tuple(
            _one(m.event, m.id, m.created_on or now, _agent(m), m.incident) for m in parse(_Messages, fields).messages
        )
    raise Refused(422, "the body: has neither event (v3) nor messages (v2)")


def _one(kind: str, event: str, at: datetime, agent: Reference | None, data: dict[str, Any]) -> Happened | str:
    known = KINDS.get(kind)
    if known is None:
        return f"{clean(kind, 60) or 'an event without a type'} is nothing that we follow"
    person = agent is not None and (agent.type or "").startswith("user")
    who = clean((agent.summary if agent else None) or "somebody in PagerDuty", _LONGEST_WHO) if person else ""
    return Happened(kind=known, event=clean(event, LONGEST_ID), at=at, who=who, incident=parse(Incident, data))


def _agent(message: _Message) -> Reference | None:
    return next((entry.agent for entry in message.log_entries or () if entry.agent is not None), None)
