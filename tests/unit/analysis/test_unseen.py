"""A callee that cannot be seen explains its caller's trouble as well as the caller: nobody is sure of either then."""

from collections.abc import Sequence
from datetime import UTC, datetime

import pytest

from analysis import metric_evidence
from analysis.metric_evidence import Alerted, told
from analysis.ranking import rank
from analysis.shifts import Measured
from domain.diagnosis import Diagnosis
from domain.finding import Category, Finding, Source, Window
from domain.question import Question
from domain.services import Expression, MetricKind, Service, ServiceMap

NOON = datetime(2026, 1, 31, 12, tzinfo=UTC)
WINDOW = Window(start=NOON, end=NOON)
SHOP = ServiceMap(
    services=(
        Service(name="front", depends_on=("orders", "payment")),
        Service(name="orders", depends_on=("stock",)),
        Service(name="payment"),
        Service(name="stock"),
    ),
    expressions=(Expression(name="latency", kind="latency", query="q", unit="s", floor=0.001),),
)


def measured(service: str, calm: float, now: float, kind: MetricKind = "latency") -> Measured:
    return Measured(service, kind, kind, None if kind == "load" else "up", 0.001, [calm] * 20, [now] * 5)


def diagnosed(series: Sequence[Measured], *more: Finding) -> Diagnosis:
    said = told(series, SHOP, Alerted("front", "latency"))
    found = [metric_evidence.finding(t, WINDOW) for t in said if t.strength > 0]
    findings = [f.model_copy(update={"id": f"F{n}"}) for n, f in enumerate((*found, *more))]
    question = Question(incident="i", services=("front", "orders"), onset=NOON, now=NOON, graph=SHOP)
    return rank(findings, question)


FRONT, PAYMENT = measured("front", 0.1, 1.1), measured("payment", 0.1, 0.1)
ORDERS, STOCK = measured("orders", 0.1, 0.1), measured("stock", 0.1, 0.1)
SLOW_STOCK = measured("stock", 0.1, 1.1)
# Requests that come in: three a second at the door, one in ten of them goes on to orders, or none.
FEW = [measured("front", 300, 300, "load"), measured("orders", 30, 30, "load")]
NONE = [measured("front", 300, 300, "load"), measured("orders", 0, 0, "load")]


@pytest.mark.parametrize(
    ("series", "first", "left"),
    [
        pytest.param([FRONT, ORDERS, PAYMENT], "front", 1.0, id="all callees are seen and calm: it is front's own"),
        pytest.param([FRONT, PAYMENT], "front", 1 / 1.5, id="one of two is not seen: half as likely as front"),
        pytest.param([FRONT], "front", 1 / 3, id="none is seen: each is as likely as front"),
        pytest.param([FRONT, PAYMENT, *NONE], "front", 1.0, id="what nobody calls needs no measure"),
        pytest.param([FRONT, PAYMENT, *FEW], "front", 1 / 1.25, id="what few requests reach is less likely"),
        pytest.param([FRONT, PAYMENT, SLOW_STOCK], "stock", 1.0, id="what an unseen callee calls stands in for it"),
    ],
)
def test_what_cannot_be_seen_below_a_place_leaves_a_share_of_the_confidence_in_it(
    series: list[Measured], first: str, left: float
) -> None:
    said = diagnosed(series).places[0]
    assert (said.service, said.sight) == (first, pytest.approx(left, abs=0.001))


def test_a_caller_is_not_named_where_nothing_that_it_calls_can_be_seen_and_is_where_all_of_it_can() -> None:
    assert (diagnosed([FRONT, ORDERS, PAYMENT]).place_confidence or 0) > 0.9
    assert (diagnosed([FRONT]).place_confidence or 0) < 0.5


def test_the_incident_says_which_callee_cannot_be_seen_and_to_look_there_first() -> None:
    said = diagnosed([FRONT, PAYMENT])
    assert said.look_next[0] == "orders, which front calls, cannot be seen: no latency of it; look there next"
    assert "orders, which front calls, cannot be seen: no latency of it" in said.confidence_reason


def test_what_other_sources_say_of_a_place_is_not_doubted_for_a_series_that_is_not_there() -> None:
    words = Finding(
        source=Source.LOGS, kind="error_template", service="front", title="too many connections", strength=6,
        categories={Category.CONNECTION_POOL: 1.0}, window=WINDOW,
    )  # fmt: skip
    assert diagnosed([FRONT, PAYMENT], words).places[0].sight > diagnosed([FRONT, PAYMENT]).places[0].sight + 0.1


def test_where_requests_of_two_are_not_counted_what_may_be_the_callees_doing_is_not_held_against_its_caller() -> None:
    slow = [FRONT, measured("orders", 0.05, 0.3), measured("payment", 300, 300, "load")]
    bits = {t.shift.measured.service: t.strength for t in told(slow, SHOP) if t.shift.measured.kind == "latency"}
    assert bits["front"] == pytest.approx(0)
    assert bits["orders"] > 1


def test_more_load_at_a_service_that_others_call_says_nothing_where_nobody_counts_what_they_send() -> None:
    assert all(t.strength == 0 for t in told([measured("stock", 100, 900, "load")], SHOP))
