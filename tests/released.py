"""An incident that a bad release of checkout made: what was reported, found and concluded, times relative to `now`."""

from datetime import datetime
from typing import Any

from domain.diagnosis import Contribution, Diagnosis, Hypothesis
from domain.finding import Category, Finding, Source, Window, missing
from domain.timeline import Entry, Kind
from tests.incidents import an_anomaly, minutes

SERVICE = "checkout"
SENTENCE = "checkout fails since its release checkout:2.8.1"


def facts(now: datetime, opened: datetime) -> dict[str, Any]:
    """What of the view speaks of this trouble."""
    return {
        "service": SERVICE, "services": (SERVICE,), "title": "checkout: 5xx at 31 %", "anomalies": _alerts(now),
        "diagnosis": _diagnosis(), "findings": _findings(now), "timeline": _timeline(opened),
        "runbook": "https://runbooks.example.com/checkout",
        "temporal_url": "http://127.0.0.1:8233/namespaces/default/workflows/incident-checkout/run-1",
    }  # fmt: skip


def _alerts(now: datetime) -> tuple[Any, ...]:
    first = an_anomaly(
        service=SERVICE, title="5xx at 31 %", starts_at=now - minutes(7), seen_at=now - minutes(6),
        expression='sum(rate(http_errors{service="checkout"}[1m])) > 0.05',
    )  # fmt: skip
    second = an_anomaly(
        service=SERVICE, name="LatencyHigh", fingerprint="f2", title="p95 latency at 2.1 s", unit="s", actual=2.1,
        expected=0.5, starts_at=now - minutes(6),
    )  # fmt: skip
    return first, second


def _diagnosis() -> Diagnosis:
    release = Hypothesis(
        service=SERVICE, category=Category.BAD_DEPLOYMENT, score=11.4, weight=0.79, sentence=SENTENCE,
        contributions=(
            Contribution(finding="F1", bits=5.3), Contribution(finding="F2", bits=3.6),
            Contribution(finding="F3", bits=2.5),
        ),
    )  # fmt: skip
    unknown = Hypothesis(
        service=SERVICE, category=Category.UNKNOWN, score=3.1, weight=0.21, sentence="something is wrong at checkout",
        contributions=(Contribution(finding="F2", bits=1.8), Contribution(finding="F3", bits=1.3)),
    )  # fmt: skip
    return Diagnosis(
        hypotheses=(release, unknown), confidence=0.82, calibrated=True, not_seen=(Source.TRACES,),
        confidence_reason="bad deployment at checkout: 11.4 bits from metrics, logs and changes, ahead by 8.3",
        causal_chain=("revision 41 brought checkout:2.8.1", "every third request to checkout fails"),
    )  # fmt: skip


def _findings(now: datetime) -> tuple[Finding, ...]:
    window = Window(start=now - minutes(30), end=now)
    return (
        Finding(
            id="F1", source=Source.CHANGES, kind="rollout", service=SERVICE, strength=5.3, onset=now - minutes(8),
            window=window, title="deployment shop/checkout: revision 41 (checkout:2.8.1), 55 s before the onset",
        ),
        Finding(
            id="F2", source=Source.LOGS, kind="error_template", service=SERVICE, strength=3.6, value=212, baseline=0,
            unit="lines", onset=now - minutes(7), window=window,
            title="checkout: KeyError: <text> in apply_discount (212 times, new: none in the hour before)",
        ),
        Finding(
            id="F3", source=Source.METRICS, kind="error_ratio", service=SERVICE, strength=2.5, value=0.314,
            baseline=0.001, unit="ratio", onset=now - minutes(7), window=window,
            title="checkout: error ratio 31.4 % (usually 0.1 %)", link="http://127.0.0.1:9090/graph",
            query='sum(rate(http_requests_total{service="checkout",code=~"5.."}[1m]))',
        ),
        missing(Source.TRACES, "Jaeger timed out after 10 s, twice", window),
    )  # fmt: skip


def _timeline(opened: datetime) -> tuple[Entry, ...]:
    rows = (
        (0, Kind.ALERT, "alertmanager", "HighErrorRatio firing on checkout: 5xx at 31 %", None),
        (0, Kind.STATE, "severity assessment", "severity CRITICAL: alert HighErrorRatio is labelled CRITICAL", None),
        (0.4, Kind.STATE, "nightshift", "investigating", None),
        (0.5, Kind.FINDING, "changes analysis", "revision 41 (checkout:2.8.1), 55 s before the onset", "F1"),
        (0.6, Kind.FINDING, "metrics analysis", "checkout: error ratio 31.4 % (usually 0.1 %)", "F3"),
        (0.9, Kind.DIAGNOSIS, "root cause", f"{SENTENCE} (confidence 0.82, likely)", None),
        (1, Kind.ESCALATION, "escalation", "tier 1 is called: severity is CRITICAL", None),
    )
    return tuple(
        Entry(seq=number, at=opened + minutes(after), kind=kind, actor=actor, text=text, ref=ref)
        for number, (after, kind, actor, text, ref) in enumerate(rows, 1)
    )
