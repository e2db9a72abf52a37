"""Where time was added: in an operation, or between two services."""

from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

from analysis.times import Slower, rank_z, slower
from integrations.ports import Span, Trace

NOON = datetime(2026, 1, 31, 12, tzinfo=UTC)


def request(n: int, *, network_s: float = 0.002, work_s: float = 0.01, callee: str = "orders") -> Trace:
    """front's client span around orders' server span; half of the network on each side."""
    wobble = 1 + (n % 5) / 50
    net, work = network_s * wobble, work_s * wobble
    return Trace(
        trace_id=f"{callee}{n}",
        spans=(
            _span(n, 1, None, "front", "GET /", 0.0, net + work + 0.001),
            _span(n, 2, 1, "front", f"call {callee}", 0.0005, net + work),
            _span(n, 3, 2, callee, "POST /", 0.0005 + net / 2, work),
        ),
    )


def _span(n: int, number: int, parent: int | None, service: str, operation: str, at_s: float, length_s: float) -> Span:
    return Span(
        span_id=f"{n}-{number}", parent_id=None if parent is None else f"{n}-{parent}", service=service,
        operation=operation, kind="", start=NOON + timedelta(seconds=n + at_s), duration_s=length_s, error=False,
    )  # fmt: skip


CALM = [request(n) for n in range(30)]


def first(found: list[Slower]) -> Slower:
    return max(found, key=lambda s: s.strength)


def test_an_operation_that_works_longer_is_found_where_it_works() -> None:
    found = slower([request(n, work_s=0.5) for n in range(30)], CALM)
    assert [(s.service, s.stretch.where) for s in found] == [("orders", "own")]
    assert found[0].share == pytest.approx(1)


def test_time_between_two_services_is_split_and_the_callee_gets_more() -> None:
    found = slower([request(n, network_s=0.4) for n in range(30)], CALM)
    shares = {s.service: s.share for s in found}
    assert set(shares) == {"front", "orders"}
    assert shares["orders"] == pytest.approx(0.6 / 0.9)
    assert sum(shares.values()) == pytest.approx(1)


def test_a_slow_network_towards_a_service_shows_on_all_of_its_edges() -> None:
    """front is slow towards both of its callees: then it is front's network, not theirs."""
    usual = [*CALM, *(request(n, callee="stock") for n in range(30))]
    slow = [request(n, network_s=0.4, callee=c) for n in range(30) for c in ("orders", "stock")]
    totals: dict[str, float] = {}
    for one in slower(slow, usual):
        totals[one.service] = totals.get(one.service, 0.0) + one.strength
    assert max(totals, key=lambda service: totals[service]) == "front"


def test_faster_and_rare_operations_are_no_finding() -> None:
    assert slower([request(n, work_s=0.001) for n in range(30)], CALM) == []
    assert slower([request(n, work_s=0.5) for n in range(4)], CALM) == []


def test_the_rank_sum_is_wilcoxons() -> None:
    """By hand: ranks 4, 5, 6 of 6 have sum 15, mean 10.5, variance 5.25."""
    assert rank_z([4, 5, 6], [1, 2, 3]) == pytest.approx(4.5 / np.sqrt(5.25))
    assert rank_z([1, 1, 1], [1, 1, 1]) == 0
