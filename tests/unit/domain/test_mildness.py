"""What our own detection finds beside the symptom: up to where it refutes no fix."""

from dataclasses import dataclass
from typing import Any

import pytest

from domain.detection import SOURCE
from domain.mildness import mild_until
from domain.services import Expression
from tests.unit.domain.examples import anomaly, rows

LATENCY = Expression(name="latency", kind="latency", query="latency", unit="s", floor=0.01)


@dataclass(frozen=True)
class Case:
    name: str
    anomaly: dict[str, Any]
    expected: float | None
    bound: float | None = None


CASES = (
    Case("four sigma are mild until the value that would be six", {}, 7.0),
    Case("downwards nothing is milder than what it was told with", {"actual": 6.0, "expected": 10.0}, 6.0),
    Case("what would be below zero at six sigma counts: all of it may be gone",
         {"actual": 20.0, "expected": 100.0, "sigma": 4.0}, None),
    Case("six sigma are mild, and nothing worse", {"sigma": 6.0}, 5.0),
    Case("more than six count from the beginning", {"sigma": 6.1}, None),
    Case("what was told without a sigma, as of what is down, counts", {"sigma": None}, None),
    Case("without a usual value nobody can say how far it is", {"expected": None}, None),
    Case("another system's alert counts, whatever numbers it has", {"source": "prometheus"}, None),
    Case("it is mild up to what people call broken", {}, 6.0, bound=6.0),
    Case("what is broken counts", {}, None, bound=4.0),
    Case("downwards too", {"actual": 6.0, "expected": 10.0}, None, bound=7.0),
)  # fmt: skip


@pytest.mark.parametrize("case", rows(CASES))
def test_mild_until(case: Case) -> None:
    told = anomaly(**{"source": SOURCE, "actual": 5.0, "expected": 1.0, "sigma": 4.0, **case.anomaly})
    assert mild_until(told, LATENCY.model_copy(update={"bound": case.bound})) == case.expected


def test_an_expression_that_nobody_lists_any_more_has_no_bound() -> None:
    assert mild_until(anomaly(source=SOURCE, actual=5.0, expected=1.0, sigma=4.0), None) == 7.0
