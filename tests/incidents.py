"""Incidents for tests: a valid view, and whatever a test wants different about it."""

from datetime import UTC, datetime, timedelta
from typing import Any

from domain.anomaly import Anomaly
from domain.escalation import Clock
from domain.finding import Category
from domain.incident import State
from domain.levels import Risk, Severity
from domain.plan import Action, Plan
from domain.view import IncidentView, Next

NOON = datetime(2026, 1, 31, 12, tzinfo=UTC)


def minutes(count: float) -> timedelta:
    return timedelta(minutes=count)


def an_anomaly(**changes: Any) -> Anomaly:
    """The orders service fails; seen at noon, true for a minute."""
    facts: dict[str, Any] = {
        "source": "alertmanager", "fingerprint": "f1", "name": "HighErrorRatio", "service": "orders",
        "title": "orders fails 31 % of its requests", "starts_at": NOON - minutes(1), "seen_at": NOON,
        "severity_label": Severity.CRITICAL, "actual": 0.31, "expected": 0.05, "unit": "ratio",
        "expression": 'sum(rate(http_errors{service="orders"}[1m])) > 0.05',
    }  # fmt: skip
    return Anomaly(**{**facts, **changes})


def a_view(number: int = 1, **changes: Any) -> IncidentView:
    """An open incident of the orders service, opened at noon. `number` tells two of them apart."""
    opened = changes.get("opened_at", NOON)
    severity = changes.get("severity", Severity.CRITICAL)
    facts: dict[str, Any] = {
        "incident": f"INC-20260131-00000{number}", "key": "incident-orders", "workflow_run": f"run-{number}",
        "title": "orders: fails 31 % of its requests", "service": "orders", "services": ("orders",),
        "severity": severity, "severity_reasons": ("alert HighErrorRatio is labelled CRITICAL",),
        "state": State.INVESTIGATING, "onset": opened - minutes(1), "opened_at": opened, "updated_at": opened,
        "sla_due": opened + minutes(15), "anomalies": (an_anomaly(),), "sightings": 1,
        "clock": Clock(detected_at=opened, severity=severity), "next": Next(text="Evidence is being gathered."),
    }  # fmt: skip
    return IncidentView(**{**facts, **changes})


def a_plan(incident: str = "INC-20260131-000001", **changes: Any) -> Plan:
    """End the idle sessions of a reporting job."""
    facts: dict[str, Any] = {
        "incident": incident, "attempt": 1, "action": Action.KILL_CONNECTIONS, "service": "orders",
        "category": Category.CONNECTION_POOL, "target": "database/orders",
        "parameters": {"role": "reporter", "application": "nightly-report", "idle_age_s": 300.0, "cap": 50},
        "risk": Risk.LOW, "sentence": "End at most 50 idle sessions of nightly-report in database/orders.",
        "expected_effect": "orders has free connections again", "timeout_s": 60,
    }  # fmt: skip
    return Plan(**{**facts, **changes})
