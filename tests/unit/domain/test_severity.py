"""How bad it is, by deviation, number of signals, labels and impact: the rules of severity."""

from dataclasses import dataclass
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.anomaly import Anomaly
from domain.levels import Severity
from domain.severity import assess, severity_of_label
from tests.unit.domain.examples import anomaly, rows

CRITICAL, HIGH, MEDIUM, LOW = Severity.CRITICAL, Severity.HIGH, Severity.MEDIUM, Severity.LOW
NAN = float("nan")


@dataclass(frozen=True)
class Case:
    name: str
    expected: Severity
    anomalies: tuple[Anomaly, ...] = ()
    failing_share: float | None = None


def _sigma(*values: float | None) -> tuple[Anomaly, ...]:
    """One series for each value, all of one expression and service."""
    return tuple(anomaly(fingerprint=f"f{n}", sigma=value) for n, value in enumerate(values))


def _pairs(number: int, label: Severity | None = None, sigma: float | None = None) -> tuple[Anomaly, ...]:
    return tuple(
        anomaly(fingerprint=f"p{n}", name=f"expression {n}", severity_label=label, sigma=sigma) for n in range(number)
    )


def _label(label: Severity | None) -> tuple[Anomaly, ...]:
    return (anomaly(severity_label=label),)


CASES = (
    Case("nothing at all is LOW", LOW),
    Case("a deviation of exactly 4 sigma is LOW", LOW, _sigma(4.0)),
    Case("a deviation over 4 sigma is MEDIUM", MEDIUM, _sigma(4.01)),
    Case("a deviation of exactly 6 sigma is MEDIUM", MEDIUM, _sigma(6.0)),
    Case("a deviation over 6 sigma is HIGH", HIGH, _sigma(6.01)),
    Case("a deviation of exactly 10 sigma is HIGH", HIGH, _sigma(10.0)),
    Case("a deviation over 10 sigma is CRITICAL", CRITICAL, _sigma(10.01)),
    Case("the largest deviation counts", CRITICAL, _sigma(3.0, 11.0, 5.0)),
    Case("an alert without numbers has no invented deviation", LOW, _sigma(None)),
    Case("what is not a number hides no deviation before it", HIGH, _sigma(7.0, NAN)),
    Case("what is not a number hides no deviation after it", HIGH, _sigma(NAN, 7.0)),
    Case("an infinite deviation is no number either", LOW, _sigma(float("inf"))),
    Case("one pair is LOW", LOW, _pairs(1)),
    Case("two pairs are MEDIUM", MEDIUM, _pairs(2)),
    Case("three pairs are MEDIUM", MEDIUM, _pairs(3)),
    Case("four pairs are HIGH", HIGH, _pairs(4)),
    Case("five pairs are HIGH", HIGH, _pairs(5)),
    Case("six pairs are CRITICAL", CRITICAL, _pairs(6)),
    Case("six series of one expression and service are one pair", LOW, _sigma(*[None] * 6)),
    Case("one expression on two services is two pairs", MEDIUM, (anomaly(), anomaly(service="payments"))),
    Case("pairs known only by a LOW label do not count", LOW, _pairs(6, LOW)),
    Case("a pair with a LOW label and a deviation counts", CRITICAL, _pairs(6, LOW, sigma=3.5)),
    Case(
        "a pair counts when one of its two series is not labelled LOW",
        MEDIUM,
        (*_pairs(2), *(a.model_copy(update={"fingerprint": "x", "severity_label": LOW}) for a in _pairs(2))),
    ),
    Case("a CRITICAL label is CRITICAL", CRITICAL, _label(CRITICAL)),
    Case("a HIGH label is HIGH", HIGH, _label(HIGH)),
    Case("a MEDIUM label is MEDIUM", MEDIUM, _label(MEDIUM)),
    Case("a LOW label is LOW", LOW, _label(LOW)),
    Case("a LOW label lowers nothing that the deviation says", HIGH, (anomaly(severity_label=LOW, sigma=7.0),)),
    Case("a label raises above what the deviation says", CRITICAL, (anomaly(severity_label=CRITICAL, sigma=3.0),)),
    Case("5 % failing is not HIGH yet", LOW, failing_share=0.05),
    Case("over 5 % failing is HIGH", HIGH, failing_share=0.051),
    Case("25 % failing is still HIGH", HIGH, failing_share=0.25),
    Case("over 25 % failing is CRITICAL", CRITICAL, failing_share=0.251),
    Case("impact raises above labels", CRITICAL, _label(MEDIUM), failing_share=0.3),
    Case("an impact that nobody measured says nothing", MEDIUM, _label(MEDIUM)),
    Case("an impact that is no number says nothing", MEDIUM, _label(MEDIUM), failing_share=NAN),
)


@pytest.mark.parametrize("case", rows(CASES))
def test_severity(case: Case) -> None:
    assert assess(case.anomalies, case.failing_share).severity is case.expected


@dataclass(frozen=True)
class Label:
    label: str | None
    expected: Severity

    @property
    def name(self) -> str:
        return f"{self.label!r} stands for {self.expected}"


LABELS = (
    *(Label(label, CRITICAL) for label in ("critical", "page", "emergency", "CRITICAL", " Page ")),
    *(Label(label, HIGH) for label in ("error", "high", "Error")),
    *(Label(label, MEDIUM) for label in ("warning", "Warning", None, "", "whatever")),
    *(Label(label, LOW) for label in ("info", "low", "INFO")),
)


@pytest.mark.parametrize("case", rows(LABELS))
def test_label(case: Label) -> None:
    assert severity_of_label(case.label) is case.expected


def test_reasons_are_those_of_the_severity_reached() -> None:
    said = assess((anomaly(severity_label=HIGH, sigma=12.0),), failing_share=0.06)
    assert said.reasons == ("largest deviation is 12.0 sigma",)


def test_many_series_of_one_alert_are_one_reason() -> None:
    storm = [anomaly(fingerprint=f"f{n}", severity_label=CRITICAL) for n in range(50)]
    assert assess(storm).reasons == ("alert HighErrorRate is labelled CRITICAL",)


def test_many_alerts_are_as_many_reasons_as_people_read() -> None:
    storm = [anomaly(fingerprint=f"f{n}", name=f"Down{n:02}", severity_label=CRITICAL) for n in range(50)]
    reasons = assess(storm).reasons
    assert (reasons[0], reasons[-1], len(reasons)) == ("50 distinct signals", "41 more", 11)


ANOMALIES = st.builds(
    anomaly,
    fingerprint=st.sampled_from("abcdefgh"),
    name=st.sampled_from(["errors", "latency", "up", "memory", "load", "disk", "cpu"]),
    service=st.sampled_from(["orders", "payments"]),
    sigma=st.none() | st.floats(),
    severity_label=st.none() | st.sampled_from(Severity),
)


@given(st.lists(ANOMALIES, max_size=10), st.none() | st.floats(0, 1), st.randoms())
def test_the_order_of_arrival_never_matters(anomalies: list[Anomaly], share: float | None, random: Random) -> None:
    shuffled = list(anomalies)
    random.shuffle(shuffled)
    assert assess(shuffled, share) == assess(anomalies, share)


@given(st.lists(ANOMALIES, max_size=10), ANOMALIES, st.none() | st.floats(0, 1))
def test_one_more_anomaly_never_makes_it_less_severe(
    anomalies: list[Anomaly], more: Anomaly, share: float | None
) -> None:
    assert assess([*anomalies, more], share).severity.at_least(assess(anomalies, share).severity)
