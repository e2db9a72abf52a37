"""What a person saw: it opens an incident, and no source of alerts can say that it is over."""

from datetime import UTC, datetime

import pytest

from integrations.prometheus.rules import Alert, Rule, fires
from starter.cli.opening import seen

NOW = datetime(2026, 1, 31, 3, 7, tzinfo=UTC)
QUIET = Rule(name="HighErrorRate", health="ok")
BUSY = Rule(name="HighErrorRate", health="ok", alerts=[Alert(labels={"service": "orders"}, state="firing")])


@pytest.mark.parametrize("rules", [[], [QUIET], [BUSY], [QUIET, BUSY]], ids=str)
def test_no_rule_speaks_for_what_a_person_saw(rules: list[Rule]) -> None:
    """A Prometheus whose rules are all healthy has not looked at it."""
    assert fires(rules, seen("orders", "checkout is slow", "HIGH", "", "ana", NOW).labels) is None


@pytest.mark.parametrize("rules", [[QUIET], [BUSY]], ids=str)
def test_an_alert_without_a_name_has_no_rule_that_could_be_asked(rules: list[Rule]) -> None:
    assert fires(rules, {"service": "orders"}) is None


@pytest.mark.parametrize(("state", "expected"), [("firing", True), ("pending", True), ("inactive", False)])
def test_an_alert_whose_condition_holds_fires_or_will(state: str, expected: bool) -> None:
    rule = Rule.model_validate({"name": "Slow", "health": "ok", "alerts": [{"labels": {}, "state": state}]})
    assert fires([rule], {"alertname": "Slow"}) is expected
