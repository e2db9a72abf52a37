"""Traces from a real Jaeger, sent to it as OpenTelemetry does."""

import secrets
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest

from activities.trace_findings import TraceAnswer
from domain.finding import Window
from domain.question import Question
from domain.services import Service, ServiceMap
from integrations.jaeger import JaegerTraces
from integrations.ports import Span, Trace, TraceSource
from rig.servers.jaeger import JaegerServer
from rig.servers.plain import PLAIN
from tests.adapters.under_care import wait_until

INTERNAL, SERVER, CLIENT = 1, 2, 3
ERROR = 2
NOW = datetime.now(UTC).replace(microsecond=0)
WINDOW = Window(start=NOW - timedelta(minutes=10), end=NOW)


def _attributes(**values: str | bool) -> list[dict[str, Any]]:
    kinds = {str: "stringValue", bool: "boolValue"}
    return [{"key": k.replace("_", "."), "value": {kinds[type(v)]: v}} for k, v in values.items()]


def _span(name: str, trace: str, parent: str | None = None, *, at: datetime = NOW, **more: Any) -> dict[str, Any]:
    """A span of 250 ms in OTLP's JSON; it starts five minutes before `at`."""
    start = int((at - timedelta(minutes=5)).timestamp()) * 1_000_000_000
    times = {"startTimeUnixNano": str(start), "endTimeUnixNano": str(start + 250_000_000)}
    ids = {"traceId": trace, "spanId": secrets.token_hex(8), "parentSpanId": parent or ""}
    return {"name": name, "kind": SERVER, **ids, **times, **more}


def _send(jaeger: JaegerServer, service: str, *spans: dict[str, Any]) -> None:
    resource = {"attributes": _attributes(service_name=service)}
    body = {"resourceSpans": [{"resource": resource, "scopeSpans": [{"spans": list(spans)}]}]}
    httpx.post(jaeger.otlp_url, json=body, timeout=10, trust_env=False, verify=PLAIN).raise_for_status()


def _name(stem: str) -> str:
    return f"{stem}-{secrets.token_hex(4)}"


def _traces(source: TraceSource, service: str, count: int, *, errors_only: bool = False) -> Sequence[Trace]:
    """That many traces, as soon as Jaeger has them."""
    wait_until(lambda: len(source.traces(service, WINDOW, 100)) >= count, f"{count} traces of {service}")
    return source.traces(service, WINDOW, 100, errors_only=errors_only)


@pytest.fixture
def source(jaeger: JaegerServer) -> TraceSource:
    return JaegerTraces(jaeger.url)


def test_a_trace_arrives_with_all_its_spans_and_who_called_whom(jaeger: JaegerServer, source: TraceSource) -> None:
    gateway, orders, trace = _name("gateway"), _name("orders"), secrets.token_hex(16)
    root = _span("GET /orders", trace, attributes=_attributes(http_route="/orders"))
    call = _span("call orders", trace, root["spanId"], kind=CLIENT)
    exception = {"name": "exception", "attributes": _attributes(exception_type="PoolTimeout", exception_message="30 s")}
    failed = _span("list", trace, call["spanId"], status={"code": ERROR}, events=[exception])
    _send(jaeger, gateway, root, call)
    _send(jaeger, orders, failed)
    wait_until(lambda: any(len(t.spans) == 3 for t in source.traces(gateway, WINDOW, 10)), "three spans")
    (found,) = source.traces(gateway, WINDOW, 10)
    spans: dict[str, Span] = {span.operation: span for span in found.spans}
    first, second, third = spans["GET /orders"], spans["call orders"], spans["list"]
    assert found.trace_id == trace
    assert (first.parent_id, second.parent_id, third.parent_id) == (None, first.span_id, second.span_id)
    assert [s.service for s in (first, second, third)] == [gateway, gateway, orders]
    assert [s.kind for s in (first, second, third)] == ["server", "client", "server"]
    assert [s.error for s in (first, second, third)] == [False, False, True]
    assert (first.start, first.duration_s) == (NOW - timedelta(minutes=5), 0.25)
    assert first.attributes["http.route"] == "/orders"
    assert (third.attributes["exception.type"], third.attributes["exception.message"]) == ("PoolTimeout", "30 s")


def test_only_traces_in_which_the_service_failed_where_that_is_asked(jaeger: JaegerServer, source: TraceSource) -> None:
    service = _name("orders")
    good, bad = secrets.token_hex(16), secrets.token_hex(16)
    _send(jaeger, service, _span("a", good), _span("b", bad, status={"code": ERROR}))
    assert {trace.trace_id for trace in _traces(source, service, 2)} == {good, bad}
    assert [trace.trace_id for trace in _traces(source, service, 2, errors_only=True)] == [bad]


def test_traces_come_newest_first_and_no_more_than_the_limit(jaeger: JaegerServer, source: TraceSource) -> None:
    service = _name("orders")
    ids = [secrets.token_hex(16) for _ in range(4)]
    for age, trace in enumerate(ids):
        _send(jaeger, service, _span("a", trace, at=NOW - timedelta(seconds=age)))
    assert [trace.trace_id for trace in _traces(source, service, 4)] == ids
    assert [trace.trace_id for trace in source.traces(service, WINDOW, 2)] == ids[:2]


def test_the_window_has_its_start_and_not_its_end(jaeger: JaegerServer, source: TraceSource) -> None:
    service, trace = _name("orders"), secrets.token_hex(16)
    _send(jaeger, service, _span("a", trace))
    at = NOW - timedelta(minutes=5)
    assert len(_traces(source, service, 1)) == 1
    assert len(source.traces(service, Window(start=at, end=NOW), 10)) == 1
    assert list(source.traces(service, Window(start=at - timedelta(minutes=1), end=at), 10)) == []


def test_the_telling_request_is_shown_as_it_ran_with_who_calls_whom(jaeger: JaegerServer, source: TraceSource) -> None:
    gateway, orders = _name("gateway"), _name("orders")
    calm, bad = secrets.token_hex(16), [secrets.token_hex(16) for _ in range(6)]
    for trace in (calm, *bad):
        at = NOW + timedelta(minutes=-4 if trace == calm else 4)
        status: dict[str, Any] = {} if trace == calm else {"status": {"code": ERROR}}
        root = _span("GET /orders", trace, at=at, **status)
        _send(jaeger, gateway, root)
        statement = "SELECT 'mia@example.com'"
        _send(jaeger, orders, _span(statement, trace, root["spanId"], at=at, kind=CLIENT, **status))
    window = Window(start=NOW - timedelta(minutes=15), end=NOW)
    wait_until(lambda: _whole(source, gateway, window) == {calm, *bad}, "all traces with both their spans")
    services = ServiceMap(services=(Service(name=gateway, depends_on=(orders,)), Service(name=orders)), expressions=())
    question = Question(
        incident="INC-1", services=(gateway, orders), onset=NOW - timedelta(seconds=90), now=NOW, graph=services
    )
    (found,) = [f for f in TraceAnswer(source, question).findings() if f.waterfall is not None]
    assert found.waterfall is not None
    assert found.kind == "trace_origin"
    assert [(b.depth, b.service, b.error, b.origin) for b in found.waterfall.bars] == [
        (0, gateway, True, False), (1, orders, True, True),
    ]  # fmt: skip
    assert [(b.duration_s, b.usual_s) for b in found.waterfall.bars] == [(0.25, 0.25), (0.25, 0.25)]
    assert "mia" not in found.waterfall.bars[1].operation
    assert found.waterfall.trace_id in bad
    assert [(c.caller, c.callee, c.calls, c.failed) for c in found.calls] == [(gateway, orders, 6, 6)]


def _whole(source: TraceSource, service: str, window: Window) -> set[str]:
    return {t.trace_id for t in source.traces(service, window, 10) if len(t.spans) == 2}


def test_an_unknown_service_has_no_traces(source: TraceSource) -> None:
    assert list(source.traces("nobody-heard-of-it", WINDOW, 10)) == []


def test_the_link_leads_to_the_trace() -> None:
    assert JaegerTraces("http://jaeger:16686/").link("ab/../c") == "http://jaeger:16686/trace/ab%2F..%2Fc"
