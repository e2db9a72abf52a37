"""What services do when they are visited, against what they usually do there."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from hypothesis import example, given
from hypothesis import strategies as st

from analysis import trace_evidence
from analysis.visits import Difference, Slice, differences, line_template, slice_of, two_shares_z
from domain.finding import Window
from integrations.ports import Span, Trace

NOON = datetime(2026, 1, 31, 12, tzinfo=UTC)


@dataclass(frozen=True)
class Line:
    at: datetime
    service: str
    message: str
    trace_id: str
    span_id: str | None = None
    level: str = "INFO"
    logger: str = "Orders#7"


def span(trace: str, n: int, parent: int | None, service: str, operation: str, length_s: float = 1.0) -> Span:
    return Span(
        span_id=f"{trace}-{n}", parent_id=None if parent is None else f"{trace}-{parent}", service=service,
        operation=operation, kind="server", start=NOON + timedelta(seconds=n / 10), duration_s=length_s, error=False,
    )  # fmt: skip


def request(name: str, *, stock: bool = True, mails: bool = True) -> Trace:
    """front calls orders, which looks into the stock and sends a mail. Each span ends before its caller's."""
    spans = [span(name, 0, None, "front", "GET /", 2.0), span(name, 1, 0, "orders", "POST /orders", 1.5)]
    spans += [span(name, 2, 1, "orders", "SELECT stock", 0.1)] if stock else []
    spans += [span(name, 3, 0, "mail", "POST /mails", 0.1)] if mails else []
    return Trace(trace_id=name, spans=tuple(spans))


def many(name: str, times: int = 20, **how: bool) -> Slice:
    return slice_of([request(f"{name}{n}", **how) for n in range(times)])


def said(found: Sequence[Difference]) -> set[tuple[str, str, str]]:
    return {(d.place.service, d.event.sort, d.event.what) for d in found if d.strength > 0}


CALM = [many(f"c{n}") for n in range(4)]


def test_the_same_traffic_is_no_difference_and_neither_is_more_or_less_of_it() -> None:
    assert differences([many("a", 5), many("b", 200)], CALM) == []


def test_a_step_that_a_service_leaves_out_is_found_there() -> None:
    assert said(differences([many("a", stock=False)], CALM)) == {("orders", "step", "SELECT stock")}


def test_what_a_caller_does_after_a_bad_reply_is_a_consequence() -> None:
    """orders stops early, and then front sends no mail: orders is where it began."""
    assert said(differences([many("a", stock=False, mails=False)], CALM)) == {("orders", "step", "SELECT stock")}


def test_a_caller_that_differs_by_itself_is_found() -> None:
    assert said(differences([many("a", mails=False)], CALM)) == {("front", "call", "mail")}


def test_a_blip_in_one_of_three_slices_tells_nothing() -> None:
    assert differences([many("a"), many("b", stock=False), many("c")], CALM) == []


def test_a_calm_of_which_one_slice_was_none_is_still_a_measure() -> None:
    spoilt = [*CALM, many("x", stock=False)]
    assert said(differences([many("a", stock=False)], spoilt)) == {("orders", "step", "SELECT stock")}


def test_a_line_counts_where_it_was_written_whatever_its_numbers() -> None:
    def slice_with(name: str, times: int) -> Slice:
        traces = [request(f"{name}{n}") for n in range(times)]
        lines = [
            Line(NOON, "orders", f"order {n} lost for 10.0.0.{n}", f"{name}{n}", f"{name}{n}-1") for n in range(times)
        ]
        return slice_of(traces, lines)

    found = differences([slice_with("a", 20)], CALM)
    assert [(d.place.service, d.place.operation, d.event.sort, d.p0, d.p1) for d in found] == [
        ("orders", "POST /orders", "line", 0.0, 1.0)
    ]


def test_a_finding_shows_no_secret_of_a_line() -> None:
    traces = [request(f"a{n}") for n in range(20)]
    lines = [Line(NOON, "orders", "password=hunter2 refused for bob@example.com", f"a{n}") for n in range(20)]
    found = trace_evidence.findings([slice_of(traces, lines)], CALM, Window(start=NOON, end=NOON))
    assert found
    assert not any("hunter2" in f.title or "bob@" in f.title for f in found)


def test_spans_that_are_each_others_parents_end() -> None:
    loop = Trace(
        trace_id="loop",
        spans=(
            span("l", 1, 2, "orders", "a").model_copy(update={"parent_id": "l-2"}),
            span("l", 2, 1, "orders", "b").model_copy(update={"parent_id": "l-1"}),
        ),
    )
    assert len(slice_of([loop]).visits) == 1


def test_a_line_is_known_again_without_its_arguments() -> None:
    assert line_template("INFO", "A#1", "order 17 of 3f2a9c") == line_template("INFO", "A#1", "order 4 of 99b1e0")
    assert line_template("INFO", "A#1", "order 17") != line_template("ERROR", "A#1", "order 17")


_SHARES = st.floats(0, 1)


@given(_SHARES, st.integers(1, 500), _SHARES, st.integers(1, 500))
@example(0.19906764041552721, 368, 0.19906764041552721, 500)
def test_z_is_finite_and_has_the_sign_of_the_difference(p1: float, n1: int, p0: float, n0: int) -> None:
    z = two_shares_z(p1, n1, p0, n0)
    assert z * (p1 - p0) >= 0
    assert two_shares_z(p0, n0, p1, n1) == -z
    assert math.isfinite(z)
