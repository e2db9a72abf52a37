"""A look at a number that is gone: the rule's own word counts, and nobody's silence does."""

from dataclasses import dataclass

import pytest

from activities.verification import VerificationActivities
from domain.verification import Recovery, judge, watch_of_rule
from integrations.ports import Instant
from tests.fakes import FakeMetrics
from tests.unit.domain.examples import rows

LABELS = {"alertname": "HighErrorRate", "service": "orders"}
RATIO = "sum(rate(errors[5m])) by (service) / sum(rate(requests[5m])) by (service)"
OTHERS = Instant(labels={"service": "search"}, value=0.9)


def ours(value: float | None) -> Instant:
    return Instant(labels={"service": "orders"}, value=value)


@dataclass(frozen=True)
class Case:
    name: str
    answer: tuple[Instant, ...]
    fires: bool | None
    expected: Recovery


CASES = (
    Case("no errors, so no ratio, and the rule does not fire", (), False, Recovery.RECOVERED),
    Case("no ratio of ours, only of others", (OTHERS,), False, Recovery.RECOVERED),
    Case("no requests, so not a number, and the rule does not fire", (ours(None),), False, Recovery.RECOVERED),
    Case("no ratio, and the rule fires", (), True, Recovery.NOT_BETTER),
    Case("no ratio, and nobody knows the rule", (), None, Recovery.CANNOT_TELL),
    Case("a ratio in band is believed whatever the rule says", (ours(0.01),), True, Recovery.RECOVERED),
    Case("a ratio out of band is believed whatever the rule says", (ours(0.3),), False, Recovery.NOT_BETTER),
)


@pytest.mark.parametrize("case", rows(CASES))
def test_a_ratio_that_has_no_value_when_all_is_well_can_be_seen_to_recover(case: Case) -> None:
    watch = watch_of_rule("s", f"{RATIO} > 0.05", LABELS, 0.4)
    assert watch is not None
    metrics = FakeMetrics()
    metrics.instants[RATIO] = case.answer
    if case.fires is not None:
        metrics.alerts[frozenset(LABELS.items())] = case.fires
    samples = VerificationActivities(metrics).sample((watch,))
    assert judge([watch], [samples]).recovery is case.expected


def test_what_was_concluded_from_a_rule_says_so() -> None:
    watch = watch_of_rule("s", f"{RATIO} > 0.05", LABELS, 0.4)
    assert watch is not None
    metrics = FakeMetrics()
    metrics.alerts[frozenset(LABELS.items())] = False
    said = judge([watch], [VerificationActivities(metrics).sample((watch,))]).reason
    assert said == (
        "HighErrorRate on orders: the query returned no series of this alert; its rule is evaluated and does not fire,"
        " 1 of 1 samples in band"
    )


def test_a_query_that_is_refused_asks_no_rule() -> None:
    """It is not that nothing was found: nobody has looked."""
    watch = watch_of_rule("s", f"{RATIO} > 0.05", LABELS, 0.4)
    assert watch is not None
    metrics = FakeMetrics()
    metrics.refused[RATIO] = "too many series"
    metrics.alerts[frozenset(LABELS.items())] = False
    assert judge([watch], [VerificationActivities(metrics).sample((watch,))]).recovery is Recovery.CANNOT_TELL
