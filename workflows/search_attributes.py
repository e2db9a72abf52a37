"""Typed search attributes: the one list that the workflow upserts, the rig registers and `doctor` checks.

They are never encrypted, so nothing private goes into them.
"""

from collections.abc import Iterator
from typing import Any

from temporalio.common import SearchAttributeKey, SearchAttributePair, SearchAttributeUpdate, TypedSearchAttributes

from domain.escalation import target_at
from domain.policy import Policy
from domain.view import IncidentView

INCIDENT = SearchAttributeKey.for_keyword("NsIncident")
STATE = SearchAttributeKey.for_keyword("NsState")
SEVERITY = SearchAttributeKey.for_keyword("NsSeverity")
SERVICE = SearchAttributeKey.for_keyword("NsService")
NEEDS = SearchAttributeKey.for_keyword("NsNeeds")
CAUSE = SearchAttributeKey.for_keyword("NsCause")
OUTCOME = SearchAttributeKey.for_keyword("NsOutcome")
CONFIDENCE = SearchAttributeKey.for_float("NsConfidence")
SLA_DUE = SearchAttributeKey.for_datetime("NsSlaDue")
DECIDE_BY = SearchAttributeKey.for_datetime("NsDecideBy")

ALL = (INCIDENT, STATE, SEVERITY, SERVICE, NEEDS, CAUSE, OUTCOME, CONFIDENCE, SLA_DUE, DECIDE_BY)


def updates(view: IncidentView, policy: Policy) -> Iterator[SearchAttributeUpdate[Any]]:
    """The attributes of an incident as they should be now."""
    yield INCIDENT.value_set(view.incident)
    yield STATE.value_set(view.state)
    yield SEVERITY.value_set(view.severity)
    yield SERVICE.value_set(view.service)
    yield NEEDS.value_set(view.needs)
    yield SLA_DUE.value_set(target_at(view.clock, policy))
    if view.diagnosis is not None:
        named = view.diagnosis.named
        yield CAUSE.value_set(named.category if named else "unknown")
        yield CONFIDENCE.value_set(view.diagnosis.confidence)
    if view.outcome is not None:
        yield OUTCOME.value_set(view.outcome)
    yield DECIDE_BY.value_set(view.waiting.deadline) if view.waiting else DECIDE_BY.value_unset()


def held(view: IncidentView, policy: Policy) -> TypedSearchAttributes:
    """Those that have a value, for a run that goes on in a new one. What was unset must not go with it: the server
    keeps it as an empty value, which the SDK cannot read as a time at the new run's start.
    """
    now = ((update.key, update.value) for update in updates(view, policy))
    return TypedSearchAttributes([SearchAttributePair(key, value) for key, value in now if value is not None])
