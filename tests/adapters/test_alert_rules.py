"""The alert rules about Nightshift: valid, tested by promtool, and about metrics that exist."""

import json
import re
import subprocess
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import yaml
from prometheus_client import CollectorRegistry, generate_latest

from domain.listing import Counts
from rig.obtain import prometheus
from starter.machine.facts import Automation, Health, Machine, Part, Queue, Scheduled
from starter.machine.gauges import Ready, gauges
from starter.metrics import StarterMetrics

FOLDER = Path(__file__).parents[2] / "deploy" / "prometheus"
RULES = FOLDER / "nightshift-rules.yml"
NOW = datetime(2026, 1, 31, 3, 7, tzinfo=UTC)
OK = Part(name="one", health=Health.OK, said="answers")
WHOLE = Machine(
    at=NOW, temporal=OK, store=OK, sources=(OK,), channels=(OK,), queues=(Queue(name="incidents", workers=1),),
    automation=Automation(observes=False), ended_badly=0,
    schedules=(Scheduled(name="detection", made_at=NOW, every_s=15),),
)  # fmt: skip


def promtool(*arguments: str) -> str:
    done = subprocess.run([prometheus.obtain().promtool, *arguments], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_prometheus_takes_the_rules() -> None:
    assert f"SUCCESS: {len(rules())} rules found" in promtool("check", "rules", str(RULES))


def test_each_rule_fires_when_it_should_and_no_sooner() -> None:
    assert "SUCCESS" in promtool("test", "rules", str(FOLDER / "nightshift-rules-test.yml"))


DASHBOARD = FOLDER.parent / "compose" / "grafana" / "dashboards" / "nightshift.json"


def test_the_metrics_of_rules_and_dashboard_are_those_that_the_starter_exposes() -> None:
    starter = StarterMetrics()
    starter.declare("prometheus")
    registry = CollectorRegistry()
    registry.register(Ready(gauges(WHOLE, Counts(), NOW)))
    text = (generate_latest(starter.registry) + generate_latest(registry)).decode()
    exposed = set(re.findall(r"^(nightshift_\w+)", text, re.M))
    shown = [target["expr"] for panel in json.loads(DASHBOARD.read_text())["panels"] for target in panel["targets"]]
    asked = [*shown, *(str(rule["expr"]) for rule in rules())]
    named = {name for expression in asked for name in re.findall(r"nightshift_\w+", expression)}
    assert len(named) > 10
    assert named <= exposed


@pytest.mark.parametrize("number", range(len(yaml.safe_load(RULES.read_text())["groups"][0]["rules"])))
def test_every_rule_says_what_it_means_and_what_to_do_and_is_tested(number: int) -> None:
    rule = rules()[number]
    assert {"summary", "description", "remedy"} <= rule["annotations"].keys()
    assert (rule["labels"]["product"], rule["labels"]["severity"] in {"critical", "warning"}) == ("nightshift", True)
    assert rule["alert"] in (FOLDER / "nightshift-rules-test.yml").read_text()


def rules() -> list[dict[str, Any]]:
    return yaml.safe_load(RULES.read_text())["groups"][0]["rules"]
