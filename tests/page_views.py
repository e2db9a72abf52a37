"""Incidents in each state that a page shows, with times relative to `now` so that clocks look alive."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

from domain.approval import Decision, Door, Request
from domain.approval import Verdict as Said
from domain.change import knobs
from domain.diagnosis import Contribution, Diagnosis, Hypothesis
from domain.escalation import Clock, Reason, Told
from domain.exhibits import Bar, Call, CallGraph, Waterfall
from domain.finding import Category, Finding, Presence, Source, Window, missing
from domain.gate import GateVerdict, Ruling
from domain.incident import Attempt, Executed, Outcome, State
from domain.levels import Risk, Severity
from domain.plan import Action
from domain.policy import Policy
from domain.timeline import Entry, Kind
from domain.verification import Recovery, Verdict
from domain.view import Delivery, IncidentView, Next
from tests import exhibits, released
from tests.advice import an_advice
from tests.incidents import a_plan, a_view, an_anomaly, minutes

Build = Callable[[datetime], IncidentView]
HOSTILE = '<script>alert(1)</script> <img src=x onerror=alert(1)> "quoted" \u202e ' + "x" * 200


def detected(now: datetime) -> IncidentView:
    """Just opened: nothing has been looked at."""
    return a_view(1, opened_at=now - timedelta(seconds=9), state=State.DETECTED, next=Next(
        text="Alerts are gathered for a moment, then the machine looks."), **_alerts(now),
    )  # fmt: skip


def diagnosed(now: datetime, **changes: Any) -> IncidentView:
    """The cause is known with some confidence; traces could not be asked."""
    opened = now - minutes(6)
    facts: dict[str, Any] = {
        "opened_at": opened, "state": State.DIAGNOSED, "diagnosis": _diagnosis(), "findings": _findings(now),
        "failing_share": 0.314, "timeline": _timeline(opened), "sightings": 37,
        "next": Next(text="A plan is chosen and shown to the safety gate."),
        "temporal_url": "http://127.0.0.1:8233/namespaces/default/workflows/incident-orders/run-1",
        "runbook": "https://runbooks.example.com/orders", **_alerts(now),
    }  # fmt: skip
    return a_view(2, **{**facts, **changes})


def explained(now: datetime, **changes: Any) -> IncidentView:
    """All sources have answered, and show what they saw."""
    onset, window = now - minutes(7), Window(start=now - minutes(30), end=now)
    shown = {"F2": {"curve": exhibits.errors(onset, now)}}
    findings = [f.model_copy(update=shown.get(f.id, {})) for f in _findings(now) if f.presence is not Presence.MISSING]
    trace = Finding(
        id="F6", source=Source.TRACES, kind="trace_origin", service="orders", strength=5.2, value=0.93, unit="share",
        title="74 failing traces (93%) begin in orders, SELECT orders", onset=onset, window=window,
        waterfall=exhibits.failed_request(onset), link="http://127.0.0.1:16686/trace/4bf92f3577b34da6a3ce929d0e0e4736",
    )  # fmt: skip
    template = "query timed out for <text> <path>: canceling statement due to statement timeout"
    log = Finding(
        id="F7", source=Source.LOGS, kind="error_template", service="orders", strength=4.4, value=150, baseline=0,
        unit="lines", title=f"orders: {template} (150 times, new: none in the hour before)", onset=onset, window=window,
        facts={"template": template, "new": True, "bursting": True}, curve=exhibits.lines(onset, now),
    )  # fmt: skip
    diagnosis = _diagnosis()
    more = (Contribution(finding="F6", bits=5.2), Contribution(finding="F7", bits=2.2))
    first, *others = diagnosis.hypotheses
    first = first.model_copy(update={"contributions": (*first.contributions, *more)})
    told = {"hypotheses": (first, *others), "not_seen": (), "graph": exhibits.GRAPH}
    facts = {"findings": (*findings, trace, log), "diagnosis": diagnosis.model_copy(update=told)}
    return diagnosed(now, **{**facts, **changes})


def waiting(now: datetime, **changes: Any) -> IncidentView:
    """A plan waits for a decision; people have been called and nobody has acknowledged."""
    plan = a_plan("INC-20260131-000002")
    request = Request(
        digest=plan.digest, action=plan.action, risk=Risk.HIGH, sentence=plan.sentence, asked_at=now - minutes(1),
        reason="risk HIGH is above the limit MEDIUM: needs a person", deadline=now + minutes(4),
        approvers=("ana", "mia"), claimed_identity_up_to=Risk.HIGH, plan=plan,
        knobs=knobs(plan, Policy(), 20),
    )  # fmt: skip
    gate = GateVerdict(ruling=Ruling.ASK, clause="risk", reason=request.reason)
    clock = Clock(
        detected_at=now - minutes(6), severity=Severity.CRITICAL,
        told=(Told(at=now - minutes(6), tier=1, reasons=(Reason.CRITICAL,), awaits=True),),
    )  # fmt: skip
    return diagnosed(now, **{
        "state": State.WAITING_FOR_APPROVAL, "waiting": request, "escalated": True, "clock": clock,
        "attempts": (Attempt(number=1, plan=plan, gate=gate),),
        "deliveries": (
            Delivery(at=now - minutes(6), channel="pagerduty", subject="CRITICAL orders", delivered=False,
                     detail="not configured"),
            Delivery(at=now - minutes(6), channel="email", subject="[Nightshift] CRITICAL orders", delivered=True),
        ),
        "next": Next(text="If nobody decides, tier 1 is called again", at=now + minutes(4)),
        **changes,
    })  # fmt: skip


def rollback(now: datetime, **changes: Any) -> IncidentView:
    """A rollback waits for a decision, of a risk that always asks."""
    plan = a_plan(
        "INC-20260131-000002", action=Action.ROLLBACK_DEPLOYMENT, target="deployment/shop/checkout", risk=Risk.HIGH,
        category=Category.BAD_DEPLOYMENT, service="checkout", timeout_s=600,
        parameters={"from_revision": 41, "revision": 40, "revisions": "40,39,38", "from_image": "checkout:2.8.1",
                    "image": "checkout:2.8.0"},
        sentence="Roll back deployment/shop/checkout from revision 41 to 40.",
        expected_effect="checkout stops failing", undo="roll forward, only with its own approval",
    )  # fmt: skip
    asked = waiting(now).waiting
    assert asked is not None
    request = asked.model_copy(update={
        "digest": plan.digest, "action": plan.action, "sentence": plan.sentence, "undo": plan.undo, "plan": plan,
        "knobs": knobs(plan, Policy(), 20),
    })  # fmt: skip
    trouble = released.facts(now, now - minutes(6))
    return waiting(now, **{"waiting": request, "attempts": (), **trouble, **changes})


def decided(now: datetime) -> IncidentView:
    """A person approved the plan, and it is being carried out."""
    asked = waiting(now).waiting
    assert asked is not None
    at = now - timedelta(seconds=40)
    said = Decision(
        verdict=Said.APPROVE, digest=asked.digest, who="ana", comment="the report can wait",
        door=Door.CONSOLE, proven=True, at=at,
    )  # fmt: skip
    steps = (
        Entry(seq=8, at=at, kind=Kind.DECISION, actor="ana",
              text=f"{at:%H:%M:%S} UTC by console: accepted: approve by ana"),
        Entry(seq=9, at=at, kind=Kind.GATE, actor="safety gate", text="run: a person approved this plan"),
        Entry(seq=10, at=at + timedelta(seconds=2), kind=Kind.ACTION, actor="remediation",
              text="KILL_CONNECTIONS on database/orders: ended 17 sessions of nightly-report"),
    )  # fmt: skip
    return waiting(
        now, waiting=None, decisions=(said,), state=State.VERIFYING, timeline=(*_timeline(now - minutes(6)), *steps),
        last_decision=steps[0].text, next=Next(text="The numbers are looked at again", at=now + minutes(1)),
    )  # fmt: skip


def stuck(now: datetime) -> IncidentView:
    """No cause is named, the target is at risk, and a person has taken over."""
    opened = now - minutes(13)
    clock = Clock(
        detected_at=opened, severity=Severity.HIGH, acknowledged_at=now - minutes(2), acknowledged_by="mia",
        told=(Told(at=now - minutes(9), tier=2, reasons=(Reason.LOW_CONFIDENCE,), awaits=True),),
    )  # fmt: skip
    unsure = Diagnosis(
        confidence=0.31,
        confidence_reason="the first two candidates are close",
        not_seen=(Source.TRACES,),
        look_next=("Is something holding a lock on orders?", "Did gateway deploy?"),
    )
    return diagnosed(
        now,
        opened_at=opened,
        severity=Severity.HIGH,
        state=State.WAITING_FOR_PEOPLE,
        diagnosis=unsure,
        escalated=True,
        hands_off=True,
        clock=clock,
        sla_due=opened + minutes(15),
        next=Next(text="Nothing is scheduled. A person must act"),
        last_decision="03:11:00 UTC by signal: refused: the data is not JSON",
    )


def fixed(now: datetime) -> IncidentView:
    """Closed: the machine ended the sessions, and it held."""
    opened, plan = now - minutes(90), a_plan("INC-20260131-000002")
    clock = Clock(detected_at=opened, severity=Severity.CRITICAL, stopped_at=opened + minutes(4))
    attempt = Attempt(
        number=1, plan=plan, gate=GateVerdict(ruling=Ruling.RUN, clause="allowed", reason="risk LOW is within it"),
        executed=Executed(
            started_at=opened + minutes(1), ended_at=opened + minutes(1), affected=17, before={"idle sessions": 17},
            after={"idle sessions": 0}, detail="ended 17 sessions of nightly-report",
        ),
        verification=Verdict(recovery=Recovery.RECOVERED, reason="error ratio: 0.001 (bound 0.05), 3 of 3 in band"),
        held=True,
    )  # fmt: skip
    return diagnosed(
        now,
        opened_at=opened,
        state=State.RESOLVED,
        outcome=Outcome.AUTO_RESOLVED,
        attempts=(attempt,),
        clock=clock,
        closed_at=opened + minutes(21),
        recovered_at=opened + minutes(4),
        sightings=2,
        sla_due=opened + minutes(15),
        next=Next(text="Nothing: it is closed."),
        postmortem="stored",
        timeline=_timeline(opened),
    )


def merged(now: datetime) -> IncidentView:
    """It turned out to be part of another incident before anything was looked at."""
    opened = now - minutes(3)
    return a_view(
        7, opened_at=opened, state=State.MERGED, outcome=Outcome.MERGED, merged_into="INC-20260131-000002",
        merged_key="incident-orders", closed_at=opened + minutes(1), sla_due=opened + minutes(60),
        next=Next(text="Nothing: it is closed."), **_alerts(now),
    )  # fmt: skip


def hostile(now: datetime) -> IncidentView:
    """Every text that comes from outside tries to be something else."""
    window = Window(start=now - minutes(10), end=now)
    finding = Finding(
        id="F1", source=Source.LOGS, kind="error_template", title=HOSTILE, query=HOSTILE, window=window,
        link="javascript:alert(1)", strength=3.0, facts={"template": HOSTILE},
        curve=exhibits.lines(now - minutes(1), now),
        waterfall=Waterfall(
            trace_id=HOSTILE, duration_s=0, bars=(Bar(service=HOSTILE, operation=HOSTILE, depth=19, start_s=0,
                                                      duration_s=0, error=True, origin=True),),
        ),
    )  # fmt: skip
    graph = CallGraph(
        calls=(
            Call(caller=HOSTILE, callee=f"{HOSTILE}2", calls=1, failed=1),
            Call(caller=f"{HOSTILE}2", callee=HOSTILE),
            Call(caller=HOSTILE, callee=HOSTILE),
        )
    )
    suspect = Hypothesis(service=HOSTILE, category=Category.DISK, sentence=HOSTILE, score=1, weight=1,
                         contributions=(Contribution(finding=HOSTILE, bits=1),))  # fmt: skip
    diagnosis = Diagnosis(hypotheses=(suspect,), confidence=0.6, confidence_reason=HOSTILE, graph=graph)
    bad = an_anomaly(
        name=HOSTILE, service=HOSTILE, title=HOSTILE, link="javascript:alert(1)", labels={HOSTILE: HOSTILE}
    )
    entry = Entry(seq=1, at=now, kind=Kind.ALERT, actor=HOSTILE, text=HOSTILE)
    return waiting(
        now, title=HOSTILE, service=HOSTILE, anomalies=(bad,), findings=(finding,), timeline=(entry,),
        diagnosis=diagnosis, advice=an_advice(HOSTILE, model=HOSTILE, said=HOSTILE, dropped=(HOSTILE,)),
        temporal_url="javascript:alert(1)", runbook="javascript:alert(1)", last_decision=HOSTILE,
    )  # fmt: skip


BUILDS: dict[str, Build] = {
    "detected": detected,
    "diagnosed": diagnosed,
    "explained": explained,
    "waiting": waiting,
    "rollback": rollback,
    "decided": decided,
    "stuck": stuck,
    "fixed": fixed,
    "merged": merged,
    "hostile": hostile,
}


def _alerts(now: datetime) -> dict[str, Any]:
    first = an_anomaly(title="5xx at 31 %", starts_at=now - minutes(7), seen_at=now - minutes(6),
                       link="http://127.0.0.1:9090/graph?g0.expr=x")  # fmt: skip
    second = an_anomaly(name="LatencyHigh", fingerprint="f2", title="p95 latency at 2.1 s", starts_at=now - minutes(6),
                        actual=2.1, expected=0.5, unit="s")  # fmt: skip
    return {"anomalies": (first, second), "title": "orders: 5xx at 31 %", "updated_at": now}


def _diagnosis() -> Diagnosis:
    pool = Hypothesis(
        service="orders", category=Category.CONNECTION_POOL, score=9.1, weight=0.82,
        sentence="The connections of database orders are used up by idle sessions of nightly-report",
        contributions=(
            Contribution(finding="F1", bits=4.1), Contribution(finding="F2", bits=3.0),
            Contribution(finding="F3", bits=-0.5),
        ),
    )  # fmt: skip
    other = Hypothesis(
        service="gateway", category=Category.LOAD_SPIKE, score=1.2, weight=0.08, sentence="gateway sends more requests",
        contributions=(Contribution(finding="F4", bits=0.4),),
    )  # fmt: skip
    return Diagnosis(
        hypotheses=(pool, other), confidence=0.82, calibrated=True, not_seen=(Source.TRACES,),
        confidence_reason="database and metrics agree, the next candidate is far behind (F1, F2)",
        causal_chain=("nightly-report holds sessions", "orders gets no connection", "gateway answers 5xx"),
    )  # fmt: skip


def _findings(now: datetime) -> tuple[Finding, ...]:
    window = Window(start=now - minutes(30), end=now)
    return (
        Finding(
            id="F1", source=Source.DATABASE, kind="idle_sessions", service="orders", strength=4.1, value=17,
            window=window, title="database orders: nightly-report (role reporter) holds 17 of 20 connections idle",
            query="SELECT usename, application_name, state, count(*) FROM pg_stat_activity GROUP BY 1, 2, 3",
        ),
        Finding(
            id="F2", source=Source.METRICS, kind="error_ratio", service="orders", strength=3.0, value=0.314,
            baseline=0.001, unit="ratio", onset=now - minutes(7), window=window,
            title="orders: error ratio at 31 %, usually 0.1 %", link="http://127.0.0.1:9090/graph",
            query='sum(rate(http_requests_total{service="orders",code=~"5.."}[1m]))',
        ),
        Finding(
            id="F3", source=Source.LOGS, presence=Presence.ABSENT, kind="no_errors", window=window,
            title="No errors in gateway between 02:57 and 03:12. That speaks against a fault of its own.",
        ),
        Finding(
            id="F4", source=Source.METRICS, kind="load", service="gateway", strength=0.4, value=41, baseline=39,
            unit="requests/s", window=window, title="gateway: requests as usual", query="sum(rate(x[1m]))",
        ),
        missing(Source.TRACES, "Jaeger timed out after 10 s, twice", window),
        Finding(
            id="F5", source=Source.MEMORY, kind="similar_incident", value=0.91, window=window,
            title="INC-20260117-AB12CD on 2026-01-17 looked alike (0.91): idle sessions; KILL_CONNECTIONS held",
            facts={"incident": "INC-20260117-AB12CD", "why": "both: idle sessions, orders"},
        ),
    )  # fmt: skip


def _timeline(opened: datetime) -> tuple[Entry, ...]:
    rows = (
        (0, Kind.ALERT, "alertmanager", "HighErrorRatio firing on orders: 5xx at 31 %", None),
        (0, Kind.STATE, "severity assessment", "severity CRITICAL: alert HighErrorRatio is labelled CRITICAL", None),
        (0.4, Kind.STATE, "nightshift", "investigating", None),
        (0.5, Kind.FINDING, "database", "nightly-report holds 17 of 20 connections idle", "F1"),
        (0.6, Kind.FINDING, "metrics", "error ratio at 31 %, usually 0.1 %", "F2"),
        (0.9, Kind.DIAGNOSIS, "root cause", "connection_pool at orders, 0.82", None),
        (1, Kind.ESCALATION, "escalation", "tier 1 is called: severity is CRITICAL", None),
    )
    return tuple(
        Entry(seq=number, at=opened + minutes(after), kind=kind, actor=actor, text=text, ref=ref)
        for number, (after, kind, actor, text, ref) in enumerate(rows, 1)
    )
