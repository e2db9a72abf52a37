"""Traces: origin, path, self time, edges."""

from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta

import pytest

from analysis.traces import Fate, edges, failure, origins, self_time_s
from domain.finding import Category

NOON = datetime(2026, 1, 31, 12, tzinfo=UTC)


@dataclass(frozen=True)
class ASpan:
    """One span; times in seconds after noon."""

    span_id: str
    parent_id: str | None
    service: str
    begin: float = 0.0
    duration_s: float = 1.0
    error: bool = False
    operation: str = "op"
    kind: str = "server"
    attributes: dict[str, str] = field(default_factory=dict[str, str])

    @property
    def start(self) -> datetime:
        return NOON + timedelta(seconds=self.begin)


@dataclass(frozen=True)
class ATrace:
    """Spans of one request."""

    trace_id: str
    spans: tuple[ASpan, ...]


def failing(trace_id: str = "t", *, deepest: str = "c") -> ATrace:
    """gateway a -> orders b -> its statement c; everything above the deepest failing span fails too."""
    return ATrace(
        trace_id,
        (
            ASpan("c", "b", "orders", error=deepest == "c", operation="SELECT", kind="client"),
            ASpan("a", None, "gateway", error=True),
            ASpan("b", "a", "orders", error=deepest in "cb"),
        ),
    )


@pytest.mark.parametrize(("deepest", "service"), [("c", "orders"), ("b", "orders"), ("a", "gateway")])
def test_a_failure_begins_at_the_deepest_erroring_span(deepest: str, service: str) -> None:
    found = failure(failing(deepest=deepest))
    assert found is not None
    assert found.service == service


def test_the_path_goes_from_the_front_to_the_origin() -> None:
    found = failure(failing())
    assert found is not None
    assert found.path == ("gateway", "orders")


def test_a_trace_without_errors_has_no_origin() -> None:
    assert failure(ATrace("t", (ASpan("a", None, "gateway"),))) is None
    assert origins([ATrace("t", ())]) == []


def test_of_two_equally_deep_errors_the_earlier_is_the_origin() -> None:
    trace = ATrace(
        "t",
        (
            ASpan("late", "a", "orders", begin=2, error=True),
            ASpan("soon", "a", "catalogue", begin=1, error=True),
            ASpan("a", None, "gateway", error=True),
        ),
    )
    found = failure(trace)
    assert found is not None
    assert found.service == "catalogue"


def test_spans_that_are_each_others_parent_do_not_hang() -> None:
    trace = ATrace("t", (ASpan("a", "b", "x", error=True), ASpan("b", "a", "y", error=True)))
    assert failure(trace) is not None


def test_the_origin_explains_the_share_of_a_callers_failures_that_begin_there() -> None:
    traces = [failing(f"t{n}") for n in range(3)] + [failing("own", deepest="a")]
    found = {o.service: o for o in origins(traces)}
    assert found["orders"].share == pytest.approx(0.75)
    assert found["orders"].explains == {"gateway": pytest.approx(0.75)}
    assert found["gateway"].explains == {}


def test_the_words_of_the_error_speak_for_a_cause() -> None:
    words = {"otel.status_description": "FATAL: too many connections"}
    trace = ATrace("t", (ASpan("a", None, "orders", error=True, attributes=words),))
    assert origins([trace])[0].causes[Category.CONNECTION_POOL] == 1.0


def test_a_call_that_fails_without_a_word_points_at_what_it_calls() -> None:
    called = ATrace("t", (ASpan("a", None, "orders", error=True, kind="client", attributes={"peer.service": "db"}),))
    served = ATrace("t", (ASpan("a", None, "orders", error=True),))
    assert Category.DEPENDENCY in origins([called])[0].causes
    assert origins([called])[0].peer == "db"
    assert Category.DEPENDENCY not in origins([served])[0].causes


OUT = ASpan("a", None, "gateway", duration_s=4, error=True, kind="client", attributes={"peer.service": "orders"})
STATUS = "http.response.status_code"


def saying(words: str) -> ASpan:
    return replace(OUT, attributes={**OUT.attributes, "otel.status_description": words})


@pytest.mark.parametrize(
    ("call", "taken", "reporting", "fate", "service"),
    [
        (OUT, (), {"gateway", "orders"}, Fate.UNANSWERED, "orders"),
        # Who never makes spans, such as a database, may have answered well.
        (OUT, (), {"gateway"}, Fate.FAILED, "gateway"),
        (OUT, (ASpan("b", "a", "orders", duration_s=5),), {"orders"}, Fate.UNFINISHED, "orders"),
        (OUT, (ASpan("b", "a", "orders", duration_s=0.01),), {"orders"}, Fate.BETWEEN, "gateway"),
        # A failure of its own is where the trace begins.
        (OUT, (ASpan("b", "a", "orders", duration_s=0.01, error=True),), {"orders"}, Fate.FAILED, "orders"),
        # What was answered, by either side's word, was not lost.
        (OUT, (ASpan("b", "a", "orders", attributes={STATUS: "404"}),), {"orders"}, Fate.FAILED, "gateway"),
        (replace(OUT, attributes={**OUT.attributes, STATUS: "404"}), (), {"orders"}, Fate.FAILED, "gateway"),
        (replace(OUT, kind="server"), (), {"orders"}, Fate.FAILED, "gateway"),
        # By its own words it never left; others say of the callee that it did not take it.
        (saying("connection pool exhausted"), (), {"orders"}, Fate.FAILED, "gateway"),
        (saying("CircuitBreaker 'orders' is OPEN"), (), {"orders"}, Fate.FAILED, "gateway"),
        (saying("getaddrinfo ENOTFOUND orders"), (), {"orders"}, Fate.FAILED, "gateway"),
        (saying("certificate has expired"), (), {"orders"}, Fate.FAILED, "gateway"),
        (saying("connection refused"), (), {"orders"}, Fate.UNANSWERED, "orders"),
        (saying("deadline exceeded"), (), {"orders"}, Fate.UNANSWERED, "orders"),
    ],
)
def test_a_call_without_an_answer_is_of_whoever_had_it(
    call: ASpan, taken: tuple[ASpan, ...], reporting: set[str], fate: Fate, service: str
) -> None:
    found = failure(ATrace("t", (call, *taken)), reporting)
    assert found is not None
    assert (found.fate, found.service) == (fate, service)


def test_a_callee_that_does_not_answer_explains_its_caller() -> None:
    origin = origins([ATrace("t", (OUT,))], {"orders"})[0]
    assert origin.explains == {"gateway": 1.0}
    assert origin.causes[Category.DEPENDENCY] > origin.causes[Category.UNKNOWN]


def test_what_is_lost_on_the_way_speaks_for_the_network_and_against_the_callee() -> None:
    origin = origins([ATrace("t", (OUT, ASpan("b", "a", "orders", duration_s=0.01)))], {"orders"})[0]
    assert origin.causes[Category.NETWORK] > origin.causes[Category.UNKNOWN]
    assert origin.against == {Category.DEPENDENCY: 0.5}


@pytest.mark.parametrize(
    ("children", "expected"),
    [
        ([], 10),
        ([(1, 2)], 8),
        ([(1, 4), (2, 2)], 6),
        ([(1, 2), (5, 3)], 5),
        ([(8, 9)], 8),
        ([(-5, 30)], 0),
        ([(20, 5)], 10),
    ],
)
def test_self_time_is_what_no_child_covers(children: list[tuple[float, float]], expected: float) -> None:
    parent = ASpan("p", None, "orders", duration_s=10)
    spans = [ASpan(str(n), "p", "db", begin=b, duration_s=d) for n, (b, d) in enumerate(children)]
    assert self_time_s(parent, spans) == pytest.approx(expected)


def test_edges_are_calls_between_services() -> None:
    found = edges([failing(), failing("u", deepest="a")])
    assert [(e.caller, e.callee, e.calls, e.errors) for e in found] == [("gateway", "orders", 2, 1)]
