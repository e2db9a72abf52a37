"""What a bench writes: ratios apart from what was measured, so that runs on different machines can be compared."""

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from evals.bench.command import app
from evals.bench.detection.training import Trained
from evals.bench.figures import ratio, write


def test_the_diagnosis_bench_writes_its_ratios_to_the_plain_scorer_of_the_largest_size(tmp_path: Path) -> None:
    out = tmp_path / "out.json"
    said = CliRunner().invoke(app, ["diagnosis", "--services", "4", "--services", "8", "--json", str(out)])
    assert said.exit_code == 0, said.output
    figures = json.loads(out.read_text(encoding="utf-8"))
    largest = figures["absolute"]["sizes"][-1]
    assert largest["services"] == 8
    assert figures["scores"]["time_ratio"] == pytest.approx(largest["all_s"] / largest["plain_s"], rel=0.01)
    assert figures["complete"] is True


def test_what_was_not_measured_is_null_and_not_nothing(tmp_path: Path) -> None:
    write(tmp_path / "out.json", "storm", {"told_ratio": ratio(None, 2.0)}, {}, complete=False)
    figures = json.loads((tmp_path / "out.json").read_text(encoding="utf-8"))
    assert figures == {"name": "storm", "scores": {"told_ratio": None}, "absolute": {}, "complete": False}


def test_what_a_pool_takes_to_start_is_no_part_of_its_throughput() -> None:
    assert Trained(fits=120, processes=2, loop_s=40.0, start_s=5.0, pool_s=20.0, same=True).ratio == 2.0
