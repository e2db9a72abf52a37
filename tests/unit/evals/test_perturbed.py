"""`nightshift eval perturbed`: what is changed is what is said to be changed, and the fault stays where it was."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random
from typing import Any

import pytest
from typer.testing import CliRunner

from analysis.metric_evidence import Alerted
from analysis.shifts import Measured
from analysis.visits import slice_of
from domain.question import Question
from domain.services import Expression, Service, ServiceMap
from evals.command import app
from evals.diagnosis.case import Case
from evals.diagnosis.perturb import CHANGES
from evals.diagnosis.perturbed import AS_IT_IS, row
from evals.diagnosis.run import answered
from tests.unit.evals.test_diagnosis import sock_shop

NOON = datetime(2026, 1, 31, 12, tzinfo=UTC)


def chance(seed: int = 1) -> Random:
    return Random(seed)  # noqa: S311 -- chance, not secrets


class Span:
    """A request of `front` that calls `back`."""

    kind, error, duration_s = "", False, 0.5

    def __init__(self, n: int, service: str) -> None:
        self.span_id, self.parent_id = f"{service}{n}", None if service == "front" else f"front{n}"
        self.service, self.operation, self.start = service, "GET /", NOON + timedelta(seconds=n)
        self.attributes: dict[str, str] = {}


class Trace:
    def __init__(self, n: int) -> None:
        self.trace_id, self.spans = str(n), [Span(n, "front"), Span(n, "back")]


def trouble() -> Case:
    """Back became slow; front, which calls it, as much."""
    graph = ServiceMap(
        services=(Service(name="front", depends_on=("back",)), Service(name="back")),
        expressions=(Expression(name="e", kind="latency", query="q", unit="", floor=0.001),),
    )
    question = Question(incident="c", services=("front", "back"), onset=NOON, now=NOON, graph=graph)
    calm = [0.1 + n % 3 / 100 for n in range(20)]
    measured = [Measured(s, "p95", "latency", "up", 0.001, calm, [0.9] * 10) for s in ("front", "back")]
    traffic = [slice_of([Trace(n) for n in range(10)])]
    alerted = Alerted("front", "latency")
    return Case(
        "c", "p", "g", question, frozenset({"back"}), measured, alerted, calm=traffic * 2, present=traffic
    )  # fmt: skip


@pytest.mark.parametrize("change", sorted(CHANGES.keys() - {"fewer-series", "no-metrics"}))
def test_a_change_that_takes_no_series_away_leaves_the_plain_cause_first(change: str) -> None:
    changed = CHANGES[change]()(trouble(), chance())
    answer = answered(changed)
    assert answer.rank == 1, [place.service for place in answer.diagnosis.places]


def test_other_names_are_other_everywhere_and_the_same_in_every_case() -> None:
    rename = CHANGES["other-names"]()
    first, second = (rename(trouble(), chance(n)) for n in (1, 2))
    assert first.truth == second.truth
    assert "front" not in repr(first.question) + repr(first.measured) + repr(first.alerted) + repr(first.truth)
    visited = {visit.place.service for one in first.present for visits in one.visits for visit in visits}
    assert visited == set(first.question.services) == {s.service for t in first.present[0].traces for s in t.spans}


def test_neighbours_are_added_to_what_is_there_and_each_of_them_is_healthy() -> None:
    changed = CHANGES["healthy-neighbours"]()(trouble(), chance())
    assert len(changed.question.services) == 10
    assert max(max(m.now) for m in changed.measured[2:]) < 0.9


def test_half_of_the_requests_is_half_of_them_with_their_own_visits() -> None:
    (kept,) = CHANGES["fewer-requests"]()(trouble(), chance()).present
    assert len(kept.traces) == len(kept.visits) == 5


def test_the_figures_hold_every_change_and_the_cases_as_they_are(tmp_path: Path) -> None:
    out = tmp_path / "out.json"
    given = ["perturbed", "--dataset", "sockshop", "--data", str(sock_shop(tmp_path)), "--only", "carts"]
    said = CliRunner().invoke(app, [*given, "--seeds", "1", "--json", str(out)])
    assert said.exit_code == 0, said.output
    scores: dict[str, dict[str, Any]] = json.loads(out.read_text(encoding="utf-8"))["scores"]
    assert scores.keys() >= {AS_IT_IS, "stated-1-min-late", *CHANGES}
    assert (scores[AS_IT_IS]["top1"], scores["no-metrics"]["top1"]) == (1.0, 0.0)


def test_a_fault_that_nobody_names_is_no_wrong_name() -> None:
    figures = row([answered(CHANGES["no-metrics"]()(trouble(), chance()))])
    assert (figures["top1"], figures["named"], figures["named_right"]) == (0.0, 0.0, None)
