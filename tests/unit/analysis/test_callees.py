"""A failing callee explains its callers, in the measure's own unit, and never the other way."""

import pytest

from analysis.metric_evidence import Alerted, Told, told
from analysis.shifts import Measured
from domain.services import Expression, MetricKind, Service, ServiceMap

SHOP = ServiceMap(
    services=(
        Service(name="front", depends_on=("orders", "payment", "balancer")),
        Service(name="orders", depends_on=("stock",)),
        Service(name="payment"),
        Service(name="balancer"),
        Service(name="stock"),
    ),
    expressions=(Expression(name="latency", kind="latency", query="q", unit="s", floor=0.001),),
)


def measured(
    service: str, calm: float, now: float, kind: MetricKind = "latency", before: float | None = None
) -> Measured:
    return Measured(
        service, kind, kind, None if kind == "load" else "up", 0.001, [calm] * 20, [now] * 5,
        [] if before is None else [before] * 2,
    )  # fmt: skip


def bits_of(said: list[Told]) -> dict[str, float]:
    return {t.shift.measured.service: t.strength for t in said if t.shift.measured.kind == "latency"}


def test_time_that_the_callee_added_is_none_of_its_caller() -> None:
    slow = [measured("front", 0.1, 1.1), measured("orders", 0.05, 1.05), measured("stock", 0.01, 1.01)]
    bits = bits_of(told(slow, SHOP, Alerted("front", "latency")))
    assert bits["stock"] > 3
    assert bits["orders"] == bits["front"] == pytest.approx(0)


def test_what_the_callee_does_not_explain_stays_with_the_caller() -> None:
    slow = [measured("front", 0.1, 1.1), measured("orders", 0.05, 0.3)]
    said = {t.shift.measured.service: t for t in told(slow, SHOP, Alerted("front", "latency"))}
    assert said["front"].facts["unexplained"] == pytest.approx(0.75, abs=0.01)
    assert said["front"].facts["taken_by:orders"] == pytest.approx(0.25, abs=0.01)


def test_a_callee_is_never_explained_by_its_caller() -> None:
    slow = [measured("stock", 0.01, 1.0), measured("orders", 0.05, 1.0), measured("front", 0.1, 1.1)]
    said = {t.shift.measured.service: t for t in told(slow, SHOP)}
    assert said["stock"].facts == {"unexplained": 1.0}


def test_calls_that_are_made_several_times_explain_as_often() -> None:
    slow = [
        measured("front", 0.1, 1.1), measured("orders", 0.05, 0.3),
        measured("front", 1000, 1000, "load"), measured("orders", 4000, 4000, "load"),
    ]  # fmt: skip
    assert bits_of(told(slow, SHOP, Alerted("front", "latency")))["front"] == pytest.approx(0, abs=1e-6)


def test_a_slow_service_that_hardly_anybody_calls_has_little_impact_on_the_alert() -> None:
    slow = [
        measured("front", 0.1, 0.6), measured("orders", 0.05, 0.55), measured("payment", 0.05, 0.55),
        measured("front", 1000, 1000, "load"), measured("orders", 1000, 1000, "load"),
        measured("payment", 20, 20, "load"),
    ]  # fmt: skip
    bits = bits_of(told(slow, SHOP, Alerted("front", "latency")))
    assert bits["payment"] < bits["orders"] / 10


def test_what_was_as_bad_before_the_alert_did_not_cause_it() -> None:
    slow = [measured("front", 0.1, 1.1, before=0.1), measured("orders", 0.05, 1.05, before=1.05)]
    bits = bits_of(told(slow, SHOP, Alerted("front", "latency")))
    assert bits["orders"] == 0
    assert bits["front"] > 1


def test_where_the_alerted_measure_is_as_it_always_was_there_is_no_symptom_and_no_cause() -> None:
    false_alarm = [measured("front", 0.1, 0.1), measured("orders", 0.05, 1.05)]
    assert bits_of(told(false_alarm, SHOP, Alerted("front", "latency"))) == {"front": 0, "orders": 0}


def test_a_thing_that_reports_nothing_is_explained_by_its_sibling_that_does() -> None:
    slow = [measured("front", 0.1, 1.1), measured("balancer", 0.05, 1.05), measured("orders", 0.05, 1.05)]
    bits = bits_of(told(slow, SHOP, Alerted("front", "latency")))
    assert bits["balancer"] == pytest.approx(0)
    assert bits["orders"] > 3


def test_more_load_is_what_callers_send() -> None:
    more = [measured("front", 100, 100, "load"), measured("orders", 100, 900, "load")]
    assert all(t.strength == 0 for t in told(more, SHOP))


@pytest.mark.parametrize("unit", [1e-6, 1, 1e6])
def test_units_do_not_decide(unit: float) -> None:
    def bits(unit: float) -> dict[str, float]:
        calm, slow = [1.0, 1.1, 0.9, 1.0, 1.05] * 4, [5.0] * 5
        series = [Measured("orders", "m", "memory", "up", 1e-12, [v * unit for v in calm], [v * unit for v in slow])]
        series += [
            Measured(f"s{n}", "m", "memory", "up", 1e-12, [v * unit for v in calm], [unit] * 5) for n in range(3)
        ]
        return {t.shift.measured.service: t.strength for t in told(series, SHOP)}

    assert bits(unit) == pytest.approx(bits(1.0))


def test_a_service_that_does_next_to_nothing_is_not_loud_about_next_to_nothing() -> None:
    busy = [Measured(f"s{n}", "cpu", "cpu", "up", 1e-9, [40.0] * 20, [40.0] * 5) for n in range(3)]
    idle = Measured("idle", "cpu", "cpu", "up", 1e-9, [0.01] * 20, [0.1] * 5)
    assert all(t.strength < 0.1 for t in told([*busy, idle], SHOP))
