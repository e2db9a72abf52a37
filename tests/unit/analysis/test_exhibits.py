"""What evidence shows is small, and shows what tells."""

import math
from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from analysis.call_graph import call_graph
from analysis.curves import counts, curve
from analysis.waterfall import usual_durations, waterfall
from domain.diagnosis import Diagnosis, Hypothesis
from domain.exhibits import MOST_BARS, MOST_CALLS, MOST_POINTS, MOST_SERVICES, Call, CallGraph
from domain.finding import Category, Finding, Source, Window
from domain.question import Question
from domain.services import Expression, Service, ServiceMap
from tests.unit.analysis.test_traces import ASpan, ATrace, failing

NOON = datetime(2026, 1, 31, 12, tzinfo=UTC)
HALF_HOUR = Window(start=NOON, end=NOON + timedelta(minutes=30))
START = NOON.timestamp()
ERRORS = Expression(name="errors", kind="errors", query="e", unit="", floor=0.01)


def test_a_peak_of_one_point_is_in_the_curve_and_a_gap_stays_a_gap() -> None:
    points = {START + 5 * n: 9.0 if n == 200 else 1.0 for n in range(360) if not 100 <= n < 120}
    found = curve(points, HALF_HOUR, 1.0, 5.0)
    assert found is not None
    assert (len(found.values), found.step_s, found.usual, found.bound) == (MOST_POINTS, 30, 1.0, 5.0)
    assert found.values[33] == 9.0
    assert [n for n, value in enumerate(found.values) if value is None] == [17, 18, 19]


def test_a_curve_has_no_steps_finer_than_its_series_and_none_without_a_number() -> None:
    sparse = curve({START + 60 * n: float(n) for n in range(30)}, HALF_HOUR)
    assert sparse is not None
    assert (sparse.step_s, None in sparse.values) == (60, False)
    assert curve({START: math.nan, START + 1: math.inf, START - 1: 1.0}, HALF_HOUR) is None
    assert curve({START: 1.0}, Window(start=NOON, end=NOON)) is None


@given(st.dictionaries(st.floats(START - 100, START + 2_000), st.floats(allow_nan=True), max_size=90))
def test_whatever_the_points_a_curve_is_small_and_finite(points: dict[float, float]) -> None:
    found = curve(points, HALF_HOUR)
    if found is not None:
        assert len(found.values) <= MOST_POINTS
        assert all(value is None or math.isfinite(value) for value in found.values)


def test_lines_are_counted_step_by_step_and_none_is_zero() -> None:
    found = counts([START, START + 29, START + 31, START + 1_800, START - 1], HALF_HOUR, usual_per_s=0.1)
    assert found is not None
    assert (found.values[:3], found.values[-1], found.usual) == ((2, 1, 0), 1, 3)
    assert counts([], Window(start=NOON, end=NOON), 0) is None


def test_a_request_is_shown_from_its_front_to_where_it_failed_with_what_is_usual() -> None:
    calm = ATrace("calm", tuple(ASpan(s.span_id, s.parent_id, s.service, operation=s.operation, duration_s=0.2)
                                for s in failing().spans))  # fmt: skip
    shown = waterfall(failing(), usual_durations([calm]))
    assert [(b.depth, b.service, b.error, b.origin, b.usual_s) for b in shown.bars] == [
        (0, "gateway", True, False, 0.2), (1, "orders", True, False, 0.2), (2, "orders", True, True, 0.2),
    ]  # fmt: skip
    assert (shown.left_out, shown.duration_s) == (0, 1.0)


def test_of_a_long_request_the_way_to_the_failure_is_kept_and_what_is_left_out_is_counted() -> None:
    way = [ASpan(f"w{n}", f"w{n - 1}" if n else None, "orders", begin=0.01 * n, duration_s=0.1) for n in range(5)]
    failed = ASpan("x", "w4", "ledger", begin=0.06, duration_s=0.01, error=True, operation="SELECT 'mia@example.com'")
    others = [ASpan(f"o{n}", "w0", "cache", begin=1 + n, duration_s=1 + n) for n in range(50)]
    shown = waterfall(ATrace("t", (*others, failed, *way)), {})
    assert (len(shown.bars), shown.left_out) == (MOST_BARS, 36)
    assert [b.service for b in shown.bars[:6]] == ["orders"] * 5 + ["ledger"], "each right below its caller, by time"
    assert "mia" not in shown.bars[5].operation
    assert [b.service for b in shown.bars if b.origin] == ["ledger"]
    assert max(b.duration_s for b in shown.bars) == 50, "what took longest fills the rest"


def test_of_a_way_that_is_too_long_its_end_is_shown() -> None:
    way = [ASpan(f"w{n}", f"w{n - 1}" if n else None, f"s{n}", begin=0.01 * n, error=n == 29) for n in range(30)]
    shown = waterfall(ATrace("t", tuple(way)), {})
    assert [b.service for b in shown.bars] == [f"s{n}" for n in range(10, 30)]
    assert (shown.bars[-1].origin, shown.bars[-1].depth, shown.left_out) == (True, 19, 10)


def test_where_nothing_failed_the_slowest_span_of_the_place_is_marked() -> None:
    slow = ATrace("t", (ASpan("a", None, "gateway", duration_s=3), ASpan("b", "a", "orders", duration_s=1),
                        ASpan("c", "a", "orders", begin=1, duration_s=2)))  # fmt: skip
    shown = waterfall(slow, {}, ("orders", "op"))
    assert [(b.start_s, b.origin) for b in shown.bars] == [(0, False), (0, False), (1, True)]


@given(st.lists(st.tuples(st.integers(0, 40), st.booleans(), st.floats(0, 9)), min_size=1, max_size=45))
def test_parents_that_are_missing_or_go_in_circles_leave_a_request_that_is_small(
    made: list[tuple[int, bool, float]],
) -> None:
    spans = tuple(ASpan(f"s{n}", f"s{up}", "orders", begin=took, duration_s=took, error=bad)
                  for n, (up, bad, took) in enumerate(made))  # fmt: skip
    shown = waterfall(ATrace("t", spans), {})
    assert 1 <= len(shown.bars) <= MOST_BARS
    assert len(shown.bars) + shown.left_out == len(spans)
    assert sum(b.origin for b in shown.bars) == any(bad for _, bad, _ in made)


def _suspect(service: str) -> Hypothesis:
    return Hypothesis(service=service, category=Category.DISK, sentence="", score=1, weight=1)


def _asked(graph: ServiceMap, *services: str) -> Question:
    return Question(incident="INC-1", services=services, onset=NOON, now=NOON, graph=graph)


def _seen(*calls: Call) -> Finding:
    return Finding(source=Source.TRACES, kind="trace_origin", title="", window=HALF_HOUR, calls=calls)


def test_calls_that_are_declared_and_calls_that_were_seen_are_one_graph() -> None:
    graph = ServiceMap(services=(Service(name="gateway", depends_on=("orders",)), Service(name="orders"),
                                 Service(name="alone")), expressions=(ERRORS,))  # fmt: skip
    seen = _seen(
        Call(caller="gateway", callee="orders", calls=9, failed=4), Call(caller="orders", callee="pay", calls=2)
    )
    found = call_graph(_asked(graph, "orders"), [seen], [_suspect("pay")])
    assert [(c.caller, c.callee, c.calls, c.failed) for c in found.calls] == [
        ("gateway", "orders", 9, 4), ("orders", "pay", 2, 0),
    ]  # fmt: skip
    assert found.ranks == (("gateway",), ("orders",), ("pay",))
    assert call_graph(_asked(graph, "orders"), [], []).calls == (Call(caller="gateway", callee="orders"),)
    assert call_graph(_asked(graph, "alone"), [], []).calls == ()


def test_a_large_graph_is_cut_around_the_suspect_and_says_how_much_is_left_out() -> None:
    names = [f"s{n:02}" for n in range(40)]
    hub = Service(name="hub", depends_on=tuple(names))
    graph = ServiceMap(services=(hub, *(Service(name=name) for name in names)), expressions=(ERRORS,))
    found = call_graph(_asked(graph, "hub"), [], [_suspect("s39")])
    assert {"hub", "s39"} <= {*found.services}
    assert (len(found.services), found.left_out) == (MOST_SERVICES, 41 - MOST_SERVICES)


@given(st.lists(st.tuples(st.sampled_from("abcdef"), st.sampled_from("abcdef")), max_size=MOST_CALLS))
def test_every_service_has_one_place_even_where_calls_go_in_circles(pairs: list[tuple[str, str]]) -> None:
    graph = CallGraph(calls=tuple(Call(caller=a, callee=b) for a, b in pairs))
    for service in graph.services:
        callers = graph.callers_of(service)
        assert service not in callers
        assert len(set(callers)) == len(callers)
        assert {c.caller for c in graph.calls if c.callee == service} - {service} <= set(callers)
    assert sorted(graph.services) == sorted({name for pair in pairs for name in pair})


def test_what_was_recorded_before_there_were_exhibits_is_read_as_it_was() -> None:
    old = Finding(source=Source.LOGS, kind="k", title="t", window=HALF_HOUR).model_dump(mode="json")
    for new in ("curve", "waterfall", "calls"):
        del old[new]
    assert Finding.model_validate(old).curve is None
    diagnosis = Diagnosis(confidence_reason="r").model_dump(mode="json")
    del diagnosis["graph"]
    assert Diagnosis.model_validate(diagnosis).graph.calls == ()


def test_whoever_is_served_by_way_of_a_service_depends_on_it_nearest_first() -> None:
    pairs = (("web", "gateway"), ("gateway", "orders"), ("batch", "orders"), ("orders", "ledger"), ("orders", "orders"))
    graph = CallGraph(calls=tuple(Call(caller=a, callee=b) for a, b in pairs))
    assert graph.callers_of("orders") == ("gateway", "batch", "web")
    assert graph.callers_of("web") == ()
