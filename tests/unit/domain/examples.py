"""Values to start from: each is whole and valid, and a test changes only what it is about."""

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import Any, Protocol, TypeVar

import pytest
from _pytest.mark import ParameterSet

from domain.anomaly import Anomaly
from domain.approval import Decision, Door, Request, Verdict
from domain.diagnosis import Contribution, Diagnosis, Hypothesis
from domain.escalation import Clock
from domain.finding import Category, Finding, Source, Window
from domain.incident import State
from domain.levels import Risk, Severity
from domain.plan import Action, Plan
from domain.services import Database, Expression, Service, ServiceMap
from domain.view import IncidentView, Next

# A Wednesday in business hours of the default calendar (09:00 to 17:00 UTC, Monday to Friday).
NOW = datetime(2026, 2, 4, 10, 0, tzinfo=UTC)
INCIDENT = "INC-20260204-7F3K2A"


class Named(Protocol):
    """A row of a table."""

    @property
    def name(self) -> str: ...


N = TypeVar("N", bound=Named)


def rows(cases: Iterable[N]) -> list[ParameterSet]:
    """The rows of a table as parameters that read as sentences."""
    return [pytest.param(case, id=case.name) for case in cases]


def minutes(number: float) -> timedelta:
    return timedelta(minutes=number)


def anomaly(**changes: Any) -> Anomaly:
    fields: dict[str, Any] = {
        "source": "alertmanager", "fingerprint": "f1", "name": "HighErrorRate", "service": "orders",
        "title": "5xx ratio is high", "starts_at": NOW, "seen_at": NOW + timedelta(seconds=5),
    }  # fmt: skip
    return Anomaly.model_validate({**fields, **changes})


def plan(**changes: Any) -> Plan:
    fields: dict[str, Any] = {
        "incident": INCIDENT, "attempt": 1, "action": Action.KILL_CONNECTIONS, "service": "orders",
        "category": Category.CONNECTION_POOL, "target": "database/orders",
        "parameters": {"role": "reporter", "application": "report", "idle_age_s": 300.0, "cap": 50},
        "risk": Risk.LOW, "sentence": "End idle sessions.", "expected_effect": "orders has free connections",
        "timeout_s": 60,
    }  # fmt: skip
    return Plan.model_validate({**fields, **changes})


def request(**changes: Any) -> Request:
    fields: dict[str, Any] = {
        "digest": plan().digest, "action": plan().action, "risk": Risk.LOW, "sentence": plan().sentence,
        "reason": "needs a person",
        "asked_at": NOW, "deadline": NOW + minutes(15), "approvers": ("ada", "grace"),
        "claimed_identity_up_to": Risk.HIGH,
    }  # fmt: skip
    return Request.model_validate({**fields, **changes})


def decision(**changes: Any) -> Decision:
    fields: dict[str, Any] = {
        "verdict": Verdict.APPROVE, "digest": plan().digest, "who": "ada", "door": Door.SIGNAL
    }  # fmt: skip
    return Decision.model_validate({**fields, **changes})


def clock(severity: Severity, **changes: Any) -> Clock:
    return Clock.model_validate({"detected_at": NOW, "severity": severity, **changes})


def finding(**changes: Any) -> Finding:
    fields: dict[str, Any] = {
        "id": "F1", "source": Source.DATABASE, "kind": "idle_sessions", "service": "orders", "title": "10 are idle",
        "strength": 4.0, "value": 10.0, "window": Window(start=NOW - minutes(10), end=NOW),
        "facts": {"target": "database/orders", "role": "reporter", "application": "report", "idle": 10},
    }  # fmt: skip
    return Finding.model_validate({**fields, **changes})


def diagnosis(
    *supporting: str, category: Category = Category.CONNECTION_POOL, confidence: float = 0.8, service: str = "orders"
) -> Diagnosis:
    hypothesis = Hypothesis(
        service=service, category=category, sentence="report holds all connections", score=5.0, weight=0.9,
        contributions=tuple(Contribution(finding=name, bits=3.0) for name in supporting),
    )  # fmt: skip
    return Diagnosis(hypotheses=(hypothesis,), confidence=confidence, confidence_reason="one cause stands out")


def shop(*services: Service) -> ServiceMap:
    """gateway (a hub) -> orders -> inventory, gateway -> payments; orders has a database."""
    database = Database(name="orders", application="orders", watch="orders", remedy="orders_admin")
    usual = (
        Service(name="gateway", depends_on=("orders", "payments"), user_facing=True, hub=True),
        Service(name="orders", depends_on=("inventory",), databases=(database,)),
        Service(name="inventory"),
        Service(name="payments"),
    )
    errors = Expression(name="error ratio", kind="errors", query="errors", unit="ratio", floor=0.005, bound=0.05)
    return ServiceMap(services=services or usual, expressions=(errors,))


def view(**changes: Any) -> IncidentView:
    fields: dict[str, Any] = {
        "incident": INCIDENT, "key": "incident-orders", "workflow_run": "run-1", "title": "orders: 5xx ratio is high",
        "service": "orders", "services": ("orders",), "severity": Severity.HIGH, "severity_reasons": ("labelled HIGH",),
        "state": State.INVESTIGATING, "onset": NOW, "opened_at": NOW, "updated_at": NOW + minutes(1),
        "sla_due": NOW + minutes(60), "clock": clock(Severity.HIGH), "next": Next(text="All sources are asked."),
    }  # fmt: skip
    return IncidentView.model_validate({**fields, **changes})
