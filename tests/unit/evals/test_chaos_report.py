"""The figures of a chaos run, and with what it exits."""

import io
from dataclasses import replace

import pytest
from rich.console import Console

from evals.chaos.evidence import Evidence
from evals.chaos.judge import Problem, Sort
from evals.chaos.report import as_json, verdict
from evals.chaos.script import write_script
from tests.incidents import NOON

FIGURES = {
    Sort.LOST: "lost", Sort.ESCALATION_LOST: "escalations_lost", Sort.DOUBLED: "doubled", Sort.LOCK_LEFT: "locks_left",
}  # fmt: skip
NOTHING = Evidence(now=NOON, alerts=(), incidents=(), letters=(), acts=(), patients=())


def _quiet() -> Console:
    return Console(file=io.StringIO())


@pytest.mark.parametrize("sort", Sort)
def test_a_problem_of_any_sort_is_counted_as_what_it_is_and_ends_with_1(sort: Sort) -> None:
    problems = (Problem(sort, "somebody", "said"),) * 2
    scores = as_json(write_script(1, 1), 1, NOTHING, problems, 1.0)["scores"]
    assert {name: scores[name] for name in FIGURES.values()} == {**dict.fromkeys(FIGURES.values(), 0), FIGURES[sort]: 2}
    assert verdict(_quiet(), problems) == 1


def test_without_a_problem_it_ends_with_0() -> None:
    assert verdict(_quiet(), ()) == 0


def test_the_file_has_the_figures_that_the_documentation_names() -> None:
    figures = as_json(write_script(1, 1), 1, replace(NOTHING), (), 1.0)["scores"]
    assert figures.keys() == {"incidents", *FIGURES.values(), "lateness_p50_s", "lateness_p99_s"}
