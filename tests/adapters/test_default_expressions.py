"""The default expressions, as Prometheus itself evaluates them."""

import subprocess
from pathlib import Path

import pytest
import yaml

from activities.metric_queries import RANGE, filled
from config.services import load_services
from domain.detection import is_down
from rig.obtain import prometheus


@pytest.mark.parametrize(("pods_down", "up", "down"), [(1, 0.875, False), (5, 0.375, True), (8, 0.0, True)])
def test_one_pod_of_eight_that_cannot_be_scraped_is_no_outage_and_most_of_them_are(
    tmp_path: Path, pods_down: int, up: float, down: bool
) -> None:
    (expression,) = (one for one in load_services(None).expressions if one.kind == "up")
    pods = [f'up{{service="orders", instance="{n}"}}' for n in range(8)]
    asked = {
        "expr": filled(expression.query, "orders", RANGE),
        "eval_time": "1m",
        "exp_samples": [{"labels": '{service="orders"}', "value": up}],
    }
    series = [{"series": pod, "values": "0x9" if n < pods_down else "1x9"} for n, pod in enumerate(pods)]
    file = tmp_path / "test.yml"
    file.write_text(yaml.safe_dump({"tests": [{"input_series": series, "promql_expr_test": [asked]}]}))
    promtool = prometheus.obtain().promtool
    done = subprocess.run([promtool, "test", "rules", file], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert is_down(expression, up) is down
