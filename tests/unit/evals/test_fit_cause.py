"""The map of causes: fitted on what is stated, weighed by case, and judged by maps that never saw a part."""

import json
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from analysis.calibration import cause_calibration
from evals.command import app
from evals.diagnosis.fit_cause import fitted
from evals.diagnosis.fit_cause import main as fit
from evals.diagnosis.told_causes import told_causes


def row(
    name: str = "n", *, right: bool = True, fault: bool = True, whole: bool = True, **changes: Any
) -> dict[str, Any]:
    usual = {
        "name": name, "part": "p", "fault": fault, "kept": ["metrics"], "whole": whole, "said": "disk at a",
        "right": right and fault, "looks": [2.0, 2.0], "kindless": False, "place": 1.0, "left": 1.0, "stated": 0.5,
    }  # fmt: skip
    return usual | changes


def run(*rows: dict[str, Any], dataset: str = "d") -> dict[str, Any]:
    return {"name": "withheld", "dataset": dataset, "data_commit": None, "parts": ["p"], "rows": list(rows)}


def test_a_case_weighs_the_same_with_however_many_choices_and_a_set_with_however_many_cases() -> None:
    many = [row("a"), *(row("a", whole=False) for _ in range(4)), row("b"), row("c", fault=False)]
    seen = told_causes([run(*many), run(row("x"), dataset="e")])
    by = [one.weight / seen[-1].weight for one in seen]
    assert by == pytest.approx([0.25, *[0.0625] * 4, 0.5, 1.0, 1.0])
    assert sum(one.weight for one in seen) == pytest.approx(len(seen))


def test_the_fit_tells_right_from_wrong_by_the_lead_and_is_as_sure_as_it_was_right() -> None:
    rows = [row(str(n), right=n >= 20 or n % 4 == 0, looks=[3.0, n / 10]) for n in range(41)]
    seen = told_causes([run(*rows, *(row(f"n{n}", fault=False, looks=[0.1, 0.1]) for n in range(10)))])
    by = fitted(seen)
    assert by.lead > by.score >= 0
    assert seen[4].sure(by) < 0.5 < seen[30].sure(by)
    faults = [one for one in seen if one.fault]
    assert sum(one.sure(by) for one in faults) / 41 == pytest.approx(sum(one.right for one in faults) / 41, abs=0.08)


def test_what_missing_sources_take_is_not_taken_twice() -> None:
    """Right in eight of ten, and a fifth is taken: what is stated comes to eight of ten, as it would without."""
    rows = [row(str(n), right=n % 5 > 0, left=0.8, looks=[3.0, 3.0]) for n in range(50)]
    seen = told_causes([run(*rows)])
    assert seen[0].sure(fitted(seen)) > 0.74


def test_a_map_of_causes_is_never_fitted_on_a_part_that_is_kept_back(tmp_path: Path) -> None:
    file = tmp_path / "run.json"
    file.write_text(json.dumps({**run(dataset="sockshop"), "parts": ["carts", "user"]}), encoding="utf-8")
    with pytest.raises(ValueError, match="user is not for tuning"):
        fit([str(file)])


def test_the_committed_map_says_what_it_was_fitted_on_and_has_one_without_each_data_set_and_each_kind() -> None:
    known = cause_calibration()
    assert known.how.startswith("evals/diagnosis/fit_cause.py")
    assert {"sockshop", "petshop", "nezha", "opensre", "sockshop/carts"} <= known.without.keys()
    assert all(by.score > 0 and by.lead > 0 for by in (known.all, *known.without.values()))


def test_left_out_judges_causes_with_all_their_sources_and_with_fewer(tmp_path: Path) -> None:
    file, out = tmp_path / "run.json", tmp_path / "out.json"
    file.write_text(json.dumps(run(row(looks=[4.0, 4.0]), row(whole=False, looks=[0.0, 0.0]))), encoding="utf-8")
    said = CliRunner().invoke(app, ["left-out", str(file), "--json", str(out)])
    assert said.exit_code == 0, said.output
    scores = json.loads(out.read_text(encoding="utf-8"))["scores"]
    named = [rows["all"]["named_right"] for title, rows in scores.items() if "in use" in title]
    assert named == [1, 0]


def test_runs_of_both_commands_are_not_judged_together(tmp_path: Path) -> None:
    for name in ("diagnosis", "withheld"):
        (tmp_path / name).write_text(json.dumps(run() | {"name": name}), encoding="utf-8")
    said = CliRunner().invoke(app, ["left-out", str(tmp_path / "diagnosis"), str(tmp_path / "withheld")])
    assert said.exit_code == 2
    assert "runs of one command are needed" in said.output
