"""What an incident sends, at its worst, stays well below Temporal's 2 MB for a payload and 4 MB for a message."""

import pytest

from activities.records import Save
from domain.anomaly import Anomaly
from domain.escalation import Clock
from domain.fitting import size_of
from domain.levels import Severity
from domain.policy import Policy
from domain.timeline import Kind
from tests.unit.domain.examples import INCIDENT, NOW, anomaly, shop
from workflows.contract import Opening, reports
from workflows.investigation import SOURCES
from workflows.questions import question_of
from workflows.record import Record

PAYLOAD, MESSAGE = 1_500_000, 3_000_000
# What is larger as JSON than it looks: four bytes a character, or an escape.
CHARACTERS = [
    pytest.param("\U0001f525", id="four bytes"),
    pytest.param('"', id="escaped"),
    pytest.param("\x01", id="u0001"),
]


def _storm(character: str, count: int = 150) -> list[Anomaly]:
    """As large as the model lets an anomaly be, which is more than a webhook makes of one."""
    return [
        anomaly(
            fingerprint=f"{number}-{character * 290}", name=character * 300, service=f"{number}-{character * 290}",
            title=character * 2_000, labels={f"label{n}": character * 300 for n in range(20)},
            expression=character * 10_000, link=character * 10_000, runbook=character * 10_000,
            severity_label=Severity.CRITICAL,
        )
        for number in range(count)
    ]  # fmt: skip


@pytest.fixture(params=CHARACTERS)
def stormed(request: pytest.FixtureRequest) -> Record:
    record = Record(
        opening=Opening(key="incident-orders", policy=Policy(), services=shop()),
        incident=INCIDENT, run="run-1", opened_at=NOW, clock=Clock(detected_at=NOW, severity=Severity.LOW),
    )  # fmt: skip
    record.sees(_storm(request.param), NOW)
    for _ in range(200):
        record.note(NOW, Kind.PERSON, "mia (claimed)", request.param * 3_000)
    return record


def test_all_sources_together_are_asked_within_one_message(stormed: Record) -> None:
    asked = size_of(question_of(stormed, NOW))
    assert asked * len(SOURCES) < MESSAGE
    assert question_of(stormed, NOW).anomalies


def test_a_view_is_saved_within_one_payload(stormed: Record) -> None:
    assert size_of(Save(view=stormed.view())) < PAYLOAD
    assert stormed.view().anomalies


@pytest.mark.parametrize("character", CHARACTERS)
def test_each_report_fits_and_nothing_is_left_out(character: str) -> None:
    storm = _storm(character)
    told = list(reports(storm))
    assert max(map(size_of, told)) < PAYLOAD
    assert [a for report in told for a in report.anomalies] == storm
