"""The policy: the defaults are the specification's, and what cannot be meant is refused by the name of its field."""

from dataclasses import dataclass
from typing import Any

import pytest
from pydantic import ValidationError

from domain.levels import Risk, Severity
from domain.policy import Escalation, Policy
from tests.unit.domain.examples import rows

ROW = Policy().escalation.HIGH.model_dump()
TABLE = {
    Severity.CRITICAL: (0.9, 1, 0, ("pagerduty", "slack", "email"), 1, 5, 15, 5),
    Severity.HIGH: (0.7, 2, 5, ("slack", "email"), 2, 10, 60, 15),
    Severity.MEDIUM: (0.5, 3, 15, ("slack",), 3, 30, 240, 30),
    Severity.LOW: (0.3, 5, 60, ("email",), 3, None, 1440, 240),
}


@pytest.mark.parametrize("severity", Severity)
def test_the_table_of_the_specification_is_the_default(severity: Severity) -> None:
    row: Escalation = Policy().escalation.row(severity)
    assert TABLE[severity] == (
        row.tell_below, row.attempts, row.delay_min, row.channels, row.tier, row.acknowledge_min, row.mttr_target_min,
        row.decide_min,
    )  # fmt: skip


def test_a_new_installation_only_looks() -> None:
    policy = Policy()
    assert (policy.max_risk_level, policy.allow, policy.approvers) == (Risk.OBSERVE, (), ())
    assert (policy.floors.LOW, policy.floors.MEDIUM) == (0.6, 0.75)
    assert (policy.limits.per_target_hour, policy.limits.per_hour) == (2, 10)


@pytest.mark.parametrize("level", [Risk.OBSERVE, Risk.LOW, Risk.MEDIUM])
def test_up_to_medium_may_be_automatic(level: Risk) -> None:
    assert Policy.model_validate({"max_risk_level": level.value}).max_risk_level is level


@dataclass(frozen=True)
class Wrong:
    name: str
    content: dict[str, Any]
    field: str


def _row(**changes: Any) -> dict[str, Any]:
    return {"escalation": {"HIGH": {**ROW, **changes}}}


WRONG = (
    Wrong("HIGH is never automatic", {"max_risk_level": "HIGH"}, "max_risk_level"),
    Wrong("a level that there is not", {"max_risk_level": "EXTREME"}, "max_risk_level"),
    Wrong("a level in small letters", {"max_risk_level": "low"}, "max_risk_level"),
    Wrong("a misspelt field", {"alow": ["database/orders"]}, "alow"),
    Wrong("one target instead of a list", {"allow": "database/orders"}, "allow"),
    Wrong("a confidence over 1", {"floors": {"LOW": 1.1}}, "floors.LOW"),
    Wrong("a confidence that is no number", {"floors": {"LOW": "nan"}}, "floors.LOW"),
    Wrong("a negative limit", {"limits": {"per_hour": -1}}, "limits.per_hour"),
    Wrong("no channel at all", _row(channels=[]), "escalation.HIGH.channels"),
    Wrong("a channel that there is not", _row(channels=["pigeon"]), "escalation.HIGH.channels.0"),
    Wrong("a tier above the highest", _row(tier=0), "escalation.HIGH.tier"),
    Wrong("a tier below the lowest", _row(tier=4), "escalation.HIGH.tier"),
    Wrong("an endless delay", _row(delay_min="inf"), "escalation.HIGH.delay_min"),
    Wrong("a delay that no clock can hold", _row(delay_min=1e300), "escalation.HIGH.delay_min"),
    Wrong("a target of no time", _row(mttr_target_min=0), "escalation.HIGH.mttr_target_min"),
    Wrong("a row that lacks a field", {"escalation": {"HIGH": {"tier": 1}}}, "escalation.HIGH.tell_below"),
    Wrong("a severity that there is not", {"escalation": {"URGENT": ROW}}, "escalation.URGENT"),
    Wrong("an unknown zone", {"calendar": {"zone": "Mars/Olympus"}}, "calendar.zone"),
    Wrong("a zone that is a path", {"calendar": {"zone": "../../etc/passwd"}}, "calendar.zone"),
    Wrong("closing before opening", {"calendar": {"opens": "17:00", "closes": "09:00"}}, "calendar"),
    Wrong("hours with a zone of their own", {"calendar": {"opens": "09:00+02:00"}}, "calendar.opens"),
    Wrong("a week without a business day", {"calendar": {"weekdays": []}}, "calendar.weekdays"),
    Wrong("an eighth day of the week", {"calendar": {"weekdays": [7]}}, "calendar.weekdays.0"),
    Wrong("a holiday that is no date", {"calendar": {"holidays": ["Christmas"]}}, "calendar.holidays"),
    Wrong("a holiday in another form", {"calendar": {"holidays": ["20261225"]}}, "calendar.holidays"),
    Wrong("more connections than may ever be ended", {"kill_connections": {"cap": 501}}, "kill_connections.cap"),
    Wrong("sessions that are not idle at all", {"kill_connections": {"idle_age_s": 0}}, "kill_connections.idle_age_s"),
    Wrong("no sample", {"verification": {"samples": 0}}, "verification.samples"),
    Wrong("gathering for a minute", {"gather_s": 60}, "gather_s"),
)


@pytest.mark.parametrize("case", rows(WRONG))
def test_what_cannot_be_meant_is_refused_by_the_name_of_its_field(case: Wrong) -> None:
    with pytest.raises(ValidationError) as refused:
        Policy.model_validate(case.content)
    first = refused.value.errors()[0]
    named = ".".join(str(part) for part in first["loc"]) or first["msg"]
    assert case.field in named


def test_a_policy_cannot_be_changed() -> None:
    with pytest.raises(ValidationError, match="frozen"):
        Policy().max_risk_level = Risk.MEDIUM  # pyright: ignore[reportAttributeAccessIssue]
