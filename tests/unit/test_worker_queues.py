"""A worker serves the queues that it was told to, and holds no credential of another."""

from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from config.errors import ConfigError
from config.settings import Settings, load_settings
from domain.levels import Risk
from domain.services import ServiceMap
from starter.cli import app
from starter.cli.exits import Exit
from workers.registry import NAMES, chosen, forests_of, queues
from workers.wiring import ports

SERVICES = ServiceMap(expressions=())
EVERYTHING = {
    "DATABASE_URL": "postgresql://x@127.0.0.1:9/x",
    "PROMETHEUS_URL": "http://127.0.0.1:9",
    "ELASTICSEARCH_URL": "http://127.0.0.1:9",
    "JAEGER_URL": "http://127.0.0.1:9",
    "SMTP_URL": "smtp://127.0.0.1:9",
    "NIGHTSHIFT_CONNECTION_ORDERS_REMEDY": "postgresql://x@127.0.0.1:9/x",
}


@pytest.fixture
def settings(monkeypatch: pytest.MonkeyPatch) -> Settings:
    for name, value in EVERYTHING.items():
        monkeypatch.setenv(name, value)
    return load_settings()


@pytest.mark.parametrize("name", NAMES)
def test_only_the_worker_of_remediation_can_act_and_only_that_of_notification_can_tell(
    settings: Settings, name: str
) -> None:
    built = ports(settings, SERVICES, [name])
    assert bool(built.remediators) is (name == "remediation")
    assert bool(built.channels) is (name == "notification")
    assert (built.databases is not None) is (name == "investigation")


@pytest.mark.parametrize("name", NAMES)
def test_what_approvals_are_checked_by_is_with_the_workers_that_check_them(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, name: str
) -> None:
    (tmp_path / "policy.yaml").write_text("approvers: [bo]")
    (tmp_path / "people.yaml").write_text("people: [{name: bo, approves_up_to: LOW}]")
    named = {"NIGHTSHIFT_POLICY": tmp_path / "policy.yaml", "NIGHTSHIFT_PEOPLE": tmp_path / "people.yaml"}
    for setting, value in {**EVERYTHING, **named, "NIGHTSHIFT_IDENTITY_KEY": "k" * 32}.items():
        monkeypatch.setenv(setting, str(value))
    built = ports(load_settings(), SERVICES, [name])
    acts = name == "remediation"
    assert (built.policy.approvers if built.policy else None) == (("bo",) if acts else None)
    assert built.limits == ({"bo": Risk.LOW} if acts else {})
    assert (built.identity_key is not None) is (name in {"remediation", "incidents"})


@pytest.mark.parametrize("name", NAMES)
def test_each_queue_can_be_served_alone(settings: Settings, name: str) -> None:
    assert [queue.name for queue in queues(ports(settings, SERVICES, [name]), [name])] == [name]


@pytest.mark.parametrize(("name", "needs"), [("analysis", False), ("notification", False), ("incidents", True)])
def test_the_store_is_needed_where_records_are_kept(monkeypatch: pytest.MonkeyPatch, name: str, needs: bool) -> None:
    monkeypatch.setenv("DATABASE_URL", "")
    if needs:
        with pytest.raises(ConfigError, match="DATABASE_URL"):
            ports(load_settings(), SERVICES, [name])
    else:
        assert ports(load_settings(), SERVICES, [name]).incidents is None


@pytest.mark.parametrize(
    ("text", "names"),
    [(None, NAMES), ("notification,incidents", ("incidents", "notification")), (" analysis ,", ("analysis",))],
)
def test_queues_are_named_by_commas_in_any_order(text: str | None, names: tuple[str, ...]) -> None:
    assert chosen(text) == names


@pytest.mark.parametrize(("text", "said"), [("incident", "incident is no task queue"), ("", "'' is no task queue")])
def test_a_queue_that_does_not_exist_is_a_usage_error_that_lists_those_that_do(text: str, said: str) -> None:
    answer: Any = CliRunner().invoke(app, ["worker", "--queues", text], terminal_width=300)
    assert answer.exit_code == Exit.USAGE
    with pytest.raises(ValueError, match=said):
        chosen(text)


@pytest.mark.parametrize(("every", "asked"), [("0", False), ("15", True)])
def test_a_forest_is_looked_up_only_where_detection_is_on(
    settings: Settings, monkeypatch: pytest.MonkeyPatch, every: str, asked: bool
) -> None:
    assert settings
    monkeypatch.setenv("NIGHTSHIFT_DETECTION_EVERY_S", every)
    built = ports(load_settings(), SERVICES, ["investigation"])
    assert (forests_of(built) is not None) is asked
