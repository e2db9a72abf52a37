"""A whole incident for tests of what people read: a full pool, one action that held, and people who were called."""

from typing import Any

from domain.diagnosis import Contribution, Diagnosis, Hypothesis
from domain.escalation import Clock, Reason, Told
from domain.finding import Category, Finding, Presence, Source, Window
from domain.gate import GateVerdict, Ruling
from domain.incident import Attempt, Executed, Outcome, State
from domain.levels import Severity
from domain.timeline import Entry, Kind
from domain.verification import Recovery, Verdict
from domain.view import Delivery, IncidentView, Next
from tests.incidents import NOON, a_plan, a_view, an_anomaly, minutes

WINDOW = Window(start=NOON - minutes(30), end=NOON + minutes(1))

FINDINGS = (
    Finding(
        id="F1", source=Source.DATABASE, kind="idle_sessions", service="orders", strength=6.2, value=18,
        unit="sessions",
        title="database orders: nightly-report (role reporter) holds 18 of 20 connections idle, the oldest for 92 s",
        categories={Category.CONNECTION_POOL: 1.0}, window=WINDOW, query="SELECT * FROM pg_stat_activity",
        facts={
            "target": "database/orders", "database": "orders", "used": 20, "limit": 20, "role": "reporter",
            "application": "nightly-report", "idle": 18, "oldest_s": 92.0, "share": 0.9,
        },
    ),
    Finding(
        id="F2", source=Source.LOGS, kind="error_template", service="orders", strength=4.1, value=412, baseline=0,
        unit="lines", title="new since 12:00: too many connections for database <text>", window=WINDOW,
        onset=NOON - minutes(1.5), categories={Category.CONNECTION_POOL: 0.9},
        query='service:orders AND level:(ERROR OR CRITICAL)', link="http://127.0.0.1:5601/app/discover#/?q=orders",
    ),
    Finding(
        id="F3", source=Source.METRICS, kind="metric_shift", service="orders", strength=3.3, value=0.31, baseline=0.001,
        unit="share", title="orders: 5xx rose from 0.1 % to 31 %", window=WINDOW, query="rate(errors[1m])",
        link="http://127.0.0.1:9090/graph?g0.expr=errors",
    ),
    Finding(
        id="F4", source=Source.MEMORY, presence=Presence.ABSENT, kind="no_similar_incident",
        title="no incident like this one is remembered", window=WINDOW,
    ),
    Finding(
        id="F5", source=Source.TRACES, presence=Presence.MISSING, kind="source_missing",
        title="traces: Jaeger timed out after 10 s", window=WINDOW,
    ),
)  # fmt: skip

CAUSE = "orders cannot get connections to its database: nightly-report holds 18 of 20 connections idle"
DIAGNOSIS = Diagnosis(
    hypotheses=(
        Hypothesis(
            service="orders", category=Category.CONNECTION_POOL, sentence=CAUSE, score=13.6, weight=0.93,
            contributions=(
                Contribution(finding="F1", bits=6.2), Contribution(finding="F2", bits=4.1),
                Contribution(finding="F3", bits=3.3),
            ),
        ),
        Hypothesis(
            service="orders", category=Category.DEPENDENCY, sentence="orders waits for something that it depends on",
            score=1.0, weight=0.07,
            contributions=(Contribution(finding="F3", bits=3.3), Contribution(finding="F1", bits=-2.3)),
        ),
    ),
    confidence=0.82, confidence_reason="three sources agree; traces are missing", not_seen=(Source.TRACES,),
    causal_chain=(CAUSE, "new since 12:00: too many connections for database", "gateway fails with it"),
    look_next=("traces could not be read: where failing requests of orders begin since 11:59 UTC",),
)  # fmt: skip

ATTEMPT = Attempt(
    number=1, plan=a_plan(), held=True,
    gate=GateVerdict(
        ruling=Ruling.RUN, clause="allowed",
        reason="risk LOW is within the limit LOW, confidence 0.82 is above the floor, and database/orders is on the "
        "allow-list",
    ),
    executed=Executed(
        started_at=NOON + minutes(0.8), ended_at=NOON + minutes(0.82), affected=18, before={"sessions": 18},
        after={"sessions": 0}, detail="18 idle sessions of nightly-report ended",
    ),
    verification=Verdict(
        recovery=Recovery.RECOVERED,
        reason="alertmanager:f1: 0 (bound 0.05), 3 of 3 samples in band",
    ),
)  # fmt: skip


def _timeline() -> tuple[Entry, ...]:
    rows = (
        (0.0, Kind.ALERT, "alertmanager", "HighErrorRatio firing on orders: orders fails 31 % of its requests"),
        (0.0, Kind.STATE, "nightshift", "detected"),
        (0.0, Kind.STATE, "severity assessment", "severity CRITICAL: alert HighErrorRatio is labelled CRITICAL"),
        (0.02, Kind.ESCALATION, "escalation", "tier 1 is called upon: severity is CRITICAL"),
        (0.05, Kind.NOTIFICATION, "communication", "email: delivered"),
        (0.35, Kind.STATE, "nightshift", "investigating"),
        *((0.4 + n / 100, Kind.FINDING, "metric analysis", f"look number {n}") for n in range(20)),
        (0.62, Kind.DIAGNOSIS, "root cause", f"{CAUSE} (0.82, likely)"),
        (0.7, Kind.PLAN, "remediation", "End at most 50 idle sessions of nightly-report in database/orders."),
        (0.72, Kind.GATE, "safety gate", "run: risk LOW is within the limit LOW"),
        (0.82, Kind.ACTION, "remediation", "18 idle sessions of nightly-report ended"),
        (3.4, Kind.VERIFICATION, "verification", "recovered: 0 (bound 0.05), 3 of 3 samples in band"),
        (3.5, Kind.STATE, "nightshift", "watching"),
        (4.0, Kind.PERSON, "mia", "acknowledged"),
        (18.5, Kind.STATE, "nightshift", "resolved"),
    )  # fmt: skip
    return tuple(
        Entry(seq=number, at=NOON + minutes(after), kind=kind, actor=actor, text=text)
        for number, (after, kind, actor, text) in enumerate(rows, 1)
    )


def an_eventful_view(**changes: Any) -> IncidentView:
    """Closed after 18.5 minutes, recovered after 3.4; one message came, one did not."""
    told = Told(at=NOON + minutes(0.02), tier=1, reasons=(Reason.CRITICAL,), awaits=True)
    facts: dict[str, Any] = {
        "state": State.RESOLVED, "outcome": Outcome.AUTO_RESOLVED, "escalated": True, "failing_share": 0.31,
        "recovered_at": NOON + minutes(3.4), "closed_at": NOON + minutes(18.5), "updated_at": NOON + minutes(18.5),
        "findings": FINDINGS, "diagnosis": DIAGNOSIS, "attempts": (ATTEMPT,), "timeline": _timeline(),
        "anomalies": (an_anomaly(labels={"service": "orders", "alertname": "HighErrorRatio"}),), "sightings": 3,
        "clock": Clock(
            detected_at=NOON, severity=Severity.CRITICAL, told=(told,), acknowledged_at=NOON + minutes(4),
            acknowledged_by="mia", stopped_at=NOON + minutes(3.4),
        ),
        "deliveries": (
            Delivery(at=NOON + minutes(0.05), channel="email", subject="s", delivered=True),
            Delivery(at=NOON + minutes(0.06), channel="slack", subject="s", delivered=False, detail="not configured"),
        ),
        "next": Next(text="Nothing is scheduled."), "page_url": "http://127.0.0.1:8000/incidents/INC-20260131-000001",
        "temporal_url": "http://127.0.0.1:8233/namespaces/default/workflows/incident-orders/run-1",
    }  # fmt: skip
    return a_view(**{**facts, **changes})
