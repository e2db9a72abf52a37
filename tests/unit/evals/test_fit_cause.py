"""The map of causes: fitted on what is stated, weighed by case, and judged by maps that never saw a part."""

import json
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from analysis.calibration import Calibration, Coefficients, calibration, cause_calibration
from evals.command import app
from evals.diagnosis.fit_cause import fitted, weights
from evals.diagnosis.fit_cause import main as fit
from evals.diagnosis.left_out import of_causes
from evals.diagnosis.told_causes import told_causes


def row(
    name: str = "n", *, right: bool = True, fault: bool = True, whole: bool = True, **changes: Any
) -> dict[str, Any]:
    usual = {
        "name": name, "part": "p", "fault": fault, "kept": ["metrics"], "whole": whole, "said": "disk at a",
        "right": right and fault, "looks": [2.0, 2.0], "place_looks": [4.0, 1.0], "sight": 1.0, "kind": 1.0,
        "kindless": False, "left": 1.0, "stated": 0.5,
    }  # fmt: skip
    return usual | changes


# A place of which nobody doubts.
_CERTAIN = Coefficients(offset=50, score=0, lead=0)


def run(*rows: dict[str, Any], dataset: str = "d") -> dict[str, Any]:
    return {"name": "withheld", "dataset": dataset, "data_commit": None, "parts": ["p"], "rows": list(rows)}


def weighed(*runs: dict[str, Any]) -> list[float]:
    """By the last one's."""
    seen = told_causes(runs)
    by = weights(seen)
    assert sum(by) == pytest.approx(len(seen))
    return [one / by[-1] for one in by]


def test_a_case_weighs_the_same_with_however_many_choices_and_a_set_with_however_many_cases() -> None:
    many = [row("a"), *(row("a", whole=False) for _ in range(4)), row("b"), row("c", fault=False)]
    by = weighed(run(*many), run(row("x"), dataset="e"))
    assert by == pytest.approx([0.125, *[0.03125] * 4, 0.25, 0.5, 1.0])


def test_a_set_of_faults_alone_or_of_normal_windows_alone_weighs_as_much_as_one_of_both() -> None:
    both, faults, calm = [row("a"), row("b", fault=False)], [row("a")], [row("a", fault=False)]
    by = weighed(run(*both), run(*faults, dataset="e"), run(*calm, dataset="f"))
    assert by == pytest.approx([0.5, 0.5, 1.0, 1.0])


def test_what_teaches_nothing_takes_no_weight_from_the_rest() -> None:
    """A normal window in which no cause was found is no case of the fit, and is not counted as one."""
    silent = [row(f"s{n}", fault=False, said=None) for n in range(3)] + [row("k", fault=False, kindless=True)]
    teaches = [row(str(n), right=n > 2, looks=[n / 3, n / 3]) for n in range(9)]
    assert fitted(told_causes([run(*teaches, *silent)])) == fitted(told_causes([run(*teaches)]))


def test_the_fit_tells_right_from_wrong_by_the_lead_and_is_as_sure_as_it_was_right() -> None:
    rows = [row(str(n), right=n >= 20 or n % 4 == 0, looks=[3.0, n / 10]) for n in range(41)]
    seen = told_causes([run(*rows, *(row(f"n{n}", fault=False, looks=[0.1, 0.1]) for n in range(10)))])
    by = fitted(seen)
    assert by.lead > by.score >= 0
    assert seen[4].sure(by, _CERTAIN) < 0.5 < seen[30].sure(by, _CERTAIN)
    faults = [one for one in seen if one.fault]
    assert sum(one.sure(by, _CERTAIN) for one in faults) / 41 == pytest.approx(
        sum(one.right for one in faults) / 41, abs=0.08
    )


def test_what_missing_sources_take_is_not_taken_twice() -> None:
    """Right in eight of ten, and a fifth is taken: what is stated comes to eight of ten, as it would without."""
    rows = [row(str(n), right=n % 5 > 0, left=0.8, looks=[3.0, 3.0]) for n in range(50)]
    seen = told_causes([run(*rows)])
    assert seen[0].sure(fitted(seen), _CERTAIN) > 0.74


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


def test_a_cause_is_left_out_of_the_map_of_its_place_too() -> None:
    """The confidence in a place bounds that in a cause: one that saw the data would judge what it was fitted on."""
    doubts = Calibration(how="", all=_CERTAIN, without={"d": Coefficients(offset=-2, score=0, lead=0)})
    seen = told_causes([run(row(looks=[5.0, 5.0]))])
    _, by_set, in_use = of_causes(seen, cause_calibration(), doubts)["scores"].values()
    assert (by_set["d"]["named_right"], in_use["all"]["named_right"]) == (0, 1)
    assert calibration().that_never_saw("d") == calibration().all


def test_runs_of_both_commands_are_not_judged_together(tmp_path: Path) -> None:
    for name in ("diagnosis", "withheld"):
        (tmp_path / name).write_text(json.dumps(run() | {"name": name}), encoding="utf-8")
    said = CliRunner().invoke(app, ["left-out", str(tmp_path / "diagnosis"), str(tmp_path / "withheld")])
    assert said.exit_code == 2
    assert "runs of one command are needed" in said.output
