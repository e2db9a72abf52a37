"""What a view says of what people have to do, and of an incident that the next one has to know."""

from dataclasses import dataclass
from typing import Any

import pytest

from domain.anomaly import AlertStatus
from domain.correlation import Link, Previous, Relation, link_to
from domain.escalation import Clock, Reason, Told
from domain.incident import Outcome, State
from domain.levels import Severity
from domain.listing import risks, untold
from domain.view import Delivery
from starter.words import SlaLevel, sla
from tests.unit.domain.examples import INCIDENT, NOW, anomaly, clock, diagnosis, minutes, request, rows, view

HEARD: Clock = clock(Severity.HIGH).acknowledging("ada", NOW)


@dataclass(frozen=True)
class Case:
    name: str
    changes: dict[str, Any]
    needs: str


CASES = (
    Case("while the machine works nobody has to do anything", {}, "none"),
    Case("a plan that waits needs approval", {"waiting": request()}, "approval"),
    Case("an escalation needs somebody who takes notice", {"escalated": True}, "ack"),
    Case("approval comes before notice", {"escalated": True, "waiting": request()}, "approval"),
    Case("once somebody took notice nothing is needed", {"escalated": True, "clock": HEARD}, "none"),
    Case("when it is over nothing is needed", {"escalated": True, "state": State.RESOLVED}, "none"),
    Case("a plan of a closed incident needs nothing", {"waiting": request(), "state": State.MERGED}, "none"),
)


@pytest.mark.parametrize("case", rows(CASES))
def test_needs(case: Case) -> None:
    assert view(**case.changes).needs == case.needs


def _told(minute: float, *, awaits: bool) -> Told:
    return Told(at=NOW + minutes(minute), tier=2, reasons=(Reason.UNRESOLVED,), awaits=awaits)


def _delivered(minute: float, *, delivered: bool = True, calls: bool = True) -> Delivery:
    at = NOW + minutes(minute)
    return Delivery(at=at, channel="email", subject="a call", delivered=delivered, calls=calls)


@pytest.mark.parametrize(
    ("deliveries", "expected"),
    [
        pytest.param((_delivered(6),), True, id="an announcement was heard and the call was not"),
        pytest.param((_delivered(6), _delivered(11, delivered=False)), True, id="no channel took the call"),
        pytest.param((_delivered(6), _delivered(11, calls=False)), True, id="what followed it called nobody"),
        pytest.param((_delivered(11),), False, id="the call was heard"),
    ],
)
def test_nobody_was_told_when_nobody_heard_the_last_call(deliveries: tuple[Delivery, ...], expected: bool) -> None:
    """What is said after it, and calls nobody, does not count."""
    said = (_told(5, awaits=False), _told(10, awaits=True), _told(30, awaits=False))
    assert untold(view(clock=clock(Severity.HIGH, told=said), deliveries=deliveries)) is expected


@pytest.mark.parametrize(("minute", "at_risk"), [(54, False), (55, True)])
def test_lists_and_pages_call_it_at_risk_when_the_clock_does(minute: float, at_risk: bool) -> None:
    """By business hours that may be at another share of the time on the wall."""
    seen, now = view(sla_at_risk=NOW + minutes(55)), NOW + minutes(minute)
    shown = sla(seen, now)
    assert risks(seen, now) is at_risk
    assert shown is not None
    assert (shown.level is SlaLevel.AT_RISK) is at_risk


CLOSED = {"state": State.RESOLVED, "outcome": Outcome.AUTO_RESOLVED, "closed_at": NOW + minutes(30)}
OVER = anomaly(status=AlertStatus.RESOLVED, seen_at=NOW + minutes(10))


def test_an_open_incident_is_nobodys_predecessor() -> None:
    assert view().as_previous is None


def test_a_closed_one_was_last_seen_when_its_alerts_were() -> None:
    previous = view(**CLOSED, anomalies=(OVER,)).as_previous
    assert previous == Previous(
        incident=INCIDENT, outcome=Outcome.AUTO_RESOLVED, last_seen=NOW + minutes(10), closed_at=NOW + minutes(30),
        severity_rank=Severity.HIGH.rank,
    )  # fmt: skip


def test_an_alert_that_still_fires_at_the_close_was_seen_then() -> None:
    """Alertmanager repeats a firing alert after four hours: its last message says nothing about when it ended."""
    previous = view(**CLOSED, anomalies=(OVER, anomaly(fingerprint="f2", seen_at=NOW))).as_previous
    assert previous is not None
    assert previous.last_seen == NOW + minutes(30)


def test_a_recovery_that_was_watched_was_seen_until_the_close() -> None:
    """With the policy as it comes the watch alone lasts 15 minutes: nothing could recur within them otherwise."""
    watched = view(**CLOSED, recovered_at=NOW + minutes(15), anomalies=(OVER,)).as_previous
    assert watched is not None
    again = link_to(watched, NOW + minutes(30) + minutes(14), Severity.HIGH.rank)
    assert again.relation is Relation.RECURRENCE


def test_a_merged_one_names_its_survivor() -> None:
    merged = {**CLOSED, "state": State.MERGED, "outcome": Outcome.MERGED}
    previous = view(**merged, merged_into="INC-1", merged_key="incident-gateway").as_previous
    assert previous is not None
    assert (previous.merged_into, previous.merged_key) == ("INC-1", "incident-gateway")


def test_a_suppressed_one_hands_on_the_mark() -> None:
    mark = Previous(
        incident="INC-1", outcome=Outcome.FALSE_POSITIVE, last_seen=NOW, closed_at=NOW, severity_rank=Severity.HIGH.rank
    )
    link = Link(relation=Relation.SUPPRESSED, previous="INC-1", reason="marked", mark=mark)
    closed = {**CLOSED, "outcome": Outcome.FALSE_POSITIVE, "state": State.FALSE_POSITIVE}
    assert view(**closed, link=link).as_previous == mark


@pytest.mark.parametrize(
    ("confidence", "cause", "word"),
    [
        (0.49, "cause not determined", "not determined"),
        (0.5, "report holds all connections", "possible"),
        (0.7, "report holds all connections", "likely"),
        (0.9, "report holds all connections", "very likely"),
        (float("nan"), "cause not determined", "not determined"),
    ],
)
def test_a_cause_is_named_from_half_on(confidence: float, cause: str, word: str) -> None:
    sure = diagnosis("F1", confidence=confidence)
    assert (view(diagnosis=sure).cause, sure.word) == (cause, word)


def test_before_the_diagnosis_the_cause_has_not_been_looked_at() -> None:
    assert view().cause == "not looked at yet"


def test_a_view_that_was_written_reads_back_the_same() -> None:
    written = view(**CLOSED, anomalies=(OVER,), diagnosis=diagnosis("F1"), waiting=request())
    assert type(written).model_validate_json(written.model_dump_json()) == written
