"""A case for tests of a language model's advice: a full pool, with a second candidate not far behind."""

from typing import Any

from activities.advice import Ask
from domain.advice.advice import Advice
from domain.advice.opinion import Claim, Suspect
from domain.advice.terms import Price, Terms
from domain.advice.weighing import Standing
from domain.diagnosis import Contribution, Diagnosis, Hypothesis
from domain.finding import Category, Finding, Source, Window
from tests.incidents import NOON, an_anomaly, minutes

TERMS = Terms(model="rig-mind", price=Price(input_usd=2.5, output_usd=10))
WINDOW = Window(start=NOON - minutes(10), end=NOON)


def a_finding(id_: str, title: str = "something rose", **facts: Any) -> Finding:
    known: dict[str, Any] = {
        "id": id_, "title": title, "source": Source.METRICS, "kind": "seen", "service": "orders", "strength": 3.0,
        "window": WINDOW,
    }  # fmt: skip
    return Finding(**{**known, **facts})


FINDINGS = (
    a_finding("F1", "nightly-report holds 18 of 20 connections idle", source=Source.DATABASE, strength=6.0),
    a_finding("F2", "new since 12:00: too many connections", source=Source.LOGS, strength=4.0),
    a_finding("F3", "a release came 4 min before", source=Source.CHANGES, strength=3.0),
    a_finding("F4", "nothing slow", source=Source.TRACES, strength=1.0),
)


def a_hypothesis(
    category: Category = Category.CONNECTION_POOL, service: str = "orders", score: float = 10.0,
    cited: tuple[str, ...] = ("F1", "F2"), against: tuple[str, ...] = (),
) -> Hypothesis:  # fmt: skip
    given = [Contribution(finding=f, bits=2.0) for f in cited] + [Contribution(finding=f, bits=-1.0) for f in against]
    return Hypothesis(
        service=service, category=category, sentence=f"{category} at {service}", score=score, weight=0.5,
        contributions=tuple(given),
    )  # fmt: skip


POOL, RELEASE = a_hypothesis(), a_hypothesis(Category.BAD_DEPLOYMENT, score=6.0, cited=("F3",), against=("F1",))
DIAGNOSIS = Diagnosis(
    hypotheses=(POOL, RELEASE), confidence=0.9, confidence_reason="two sources agree",
    causal_chain=("the pool is full",), look_next=("end the sessions",),
)  # fmt: skip


def an_ask(**changes: Any) -> Ask:
    facts: dict[str, Any] = {
        "key": "INC-20260131-000001:advice:1:1", "incident": "INC-20260131-000001", "at": NOON, "terms": TERMS,
        "seconds": 5.0, "last": False, "onset": NOON, "services": {"orders": (), "gateway": ("orders",)},
        "listed": ("orders", "gateway"),
        "anomalies": (an_anomaly(),), "diagnosis": DIAGNOSIS, "findings": FINDINGS,
    }  # fmt: skip
    return Ask(**{**facts, **changes})


HOSTILE = "<b>DROP</b> [fix](https://evil.example.com) | `rm -rf /` @channel"


def an_advice(words: str = HOSTILE, **changes: Any) -> Advice:
    """It agrees, by a finding of ours and one that it asked for; its words are hostile."""
    claims = (Claim(text=words, findings=("F1", "M1")),)
    facts: dict[str, Any] = {
        "model": "rig-mind", "standing": Standing.AGREES, "said": "agrees with the ranking: connection pool at orders",
        "suspects": (Suspect(service="orders", category=Category.CONNECTION_POOL, claims=claims),),
        "dropped": ("disk at billing: no candidate of the ranking",), "evidence": (a_finding("M1", words),),
        "usd": 0.0123, "tokens": 4_200,
    }  # fmt: skip
    return Advice(**{**facts, **changes})
