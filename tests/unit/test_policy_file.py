"""Policy and services from YAML: errors name file, field and value; what differs from the defaults is listed."""

from pathlib import Path

import pytest

from config.errors import ConfigError
from config.policy import differences, load_policy
from config.services import load_services
from domain.levels import Risk
from domain.policy import Policy


def written(folder: Path, text: str) -> Path:
    path = folder / "policy.yaml"
    path.write_text(text)
    return path


def test_without_a_file_the_defaults_hold_and_nothing_differs() -> None:
    assert load_policy(None) == Policy()
    assert differences(load_policy(None)) == ()


def test_a_file_changes_what_it_names_and_nothing_else(tmp_path: Path) -> None:
    policy = load_policy(written(tmp_path, "max_risk_level: LOW\nescalation:\n  HIGH:\n    tier: 1\n"))
    assert policy.max_risk_level is Risk.LOW
    assert policy.escalation.HIGH.tier == 1
    assert policy.escalation.HIGH.attempts == Policy().escalation.HIGH.attempts
    assert [str(d) for d in differences(policy)] == [
        "max_risk_level: LOW (default OBSERVE)",
        "escalation.HIGH.tier: 1 (default 2)",
    ]


def test_times_dates_and_words_are_read_as_people_mean_them(tmp_path: Path) -> None:
    """YAML 1.1 would read 17:30 as the number 1050, NO as false and a date as no text."""
    path = written(tmp_path, "calendar: {closes: 17:30, holidays: [2026-12-25]}\napprovers: [NO, on]\n")
    policy = load_policy(path)
    assert policy.calendar.closes.isoformat() == "17:30:00"
    assert policy.calendar.holidays == ("2026-12-25",)
    assert policy.approvers == ("NO", "on")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("escalation: {HIGH: {tier: 9}}", "escalation.HIGH.tier: 9: Input should be less than or equal to 3"),
        ("escalation: {HIGH: {tear: 1}}", "escalation.HIGH.tear: 1: there is no such field"),
        ("max_risk_level: HIGH", "max_risk_level: HIGH is never automatic"),
        ("calendar: {zone: Mars/Base}", "calendar.zone: 'Mars/Base' is not a time zone"),
        ("calendar: {opens: 18:00}", "calendar: opens: 18:00 is not before 17:00"),
        ("calendar: {weekdays: []}", "calendar.weekdays: []: Tuple should have at least 1 item"),
        ("watch_s: 1\nwatch_s: 2", "is not YAML: 'watch_s' stands here twice"),
        ("- a", "holds a list, not fields"),
        ("watch_s: [", "is not YAML: "),
    ],
)
def test_a_mistake_is_named_with_file_field_and_value(tmp_path: Path, text: str, said: str) -> None:
    path = written(tmp_path, text)
    with pytest.raises(ConfigError) as raised:
        load_policy(path)
    assert str(raised.value).startswith(f"{path}: {said}")


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"nowhere\.yaml: cannot be read: No such file"):
        load_policy(tmp_path / "nowhere.yaml")


def test_the_default_expressions_cover_conventional_metrics_with_floors_and_harmful_directions() -> None:
    kinds = {e.kind: e for e in load_services(None).expressions_of("anything")}
    assert set(kinds) == {"errors", "latency", "load", "memory", "up"}
    assert (kinds["errors"].floor, kinds["errors"].bound, kinds["errors"].harmful) == (0.005, 0.05, "up")
    assert {kind: e.harmful for kind, e in kinds.items() if e.harmful == "down"} == {"load": "down", "up": "down"}
    assert all('"{service}"' in e.query for e in kinds.values())


def test_services_of_a_file_keep_the_default_expressions_and_a_loose_end_is_named(tmp_path: Path) -> None:
    known = load_services(written(tmp_path, "services:\n- {name: gateway, depends_on: [orders]}\n- {name: orders}\n"))
    assert known.expressions == load_services(None).expressions
    path = written(tmp_path, "services:\n- {name: gateway, depends_on: [orders]}\n")
    with pytest.raises(ConfigError, match="'gateway' depends on 'orders', which is not listed"):
        load_services(path)
