"""Traces from Tempo: from what stands in for it, and from a real one where the environment names one to send to."""

import base64
import json
import os
import secrets
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest
from pydantic import SecretStr

from domain.finding import Window
from integrations.access import Access
from integrations.ports import PortError, Rejected, Span, Trace, Unavailable
from integrations.tempo import TempoTraces
from integrations.tempo.answer import TraceAnswer, read_trace
from rig.servers.tempo import TempoStandIn
from tests.adapters.http_server import Answer, HttpServer
from tests.adapters.under_care import wait_until

REAL, REAL_OTLP = "NIGHTSHIFT_TEMPO_URL", "NIGHTSHIFT_TEMPO_OTLP_URL"
SERVER, CLIENT = 2, 3
ERROR = 2
TOKEN = "a-token-for-tempo"
NOW = datetime.now(UTC).replace(microsecond=0)
WINDOW = Window(start=NOW - timedelta(minutes=10), end=NOW)


@dataclass(frozen=True)
class Tempo:
    """Where spans go, and where they are asked for."""

    url: str
    otlp_url: str

    def send(self, service: str, *spans: dict[str, Any]) -> None:
        resource = {"attributes": _attributes(service_name=service)}
        body = {"resourceSpans": [{"resource": resource, "scopeSpans": [{"spans": list(spans)}]}]}
        httpx.post(self.otlp_url, json=body, timeout=30, trust_env=False).raise_for_status()

    def traces(self, service: str, count: int, *, errors_only: bool = False) -> Sequence[Trace]:
        """That many traces, as soon as they are there."""
        source = TempoTraces(self.url)
        wait_until(lambda: len(source.traces(service, WINDOW, 100)) >= count, f"{count} traces of {service}")
        return source.traces(service, WINDOW, 100, errors_only=errors_only)


@pytest.fixture(scope="module", params=["stand-in", *(["real"] if REAL in os.environ else [])])
def tempo(request: pytest.FixtureRequest) -> Iterator[Tempo]:
    if request.param == "real":
        yield Tempo(os.environ[REAL], os.environ[REAL_OTLP])
        return
    with TempoStandIn() as server:
        yield Tempo(server.url, server.otlp_url)


def _attributes(**values: str | bool | int) -> list[dict[str, Any]]:
    kinds = {str: "stringValue", bool: "boolValue", int: "intValue"}
    return [{"key": k.replace("_", "."), "value": {kinds[type(v)]: v}} for k, v in values.items()]


def _span(name: str, trace: str, parent: str | None = None, *, at: datetime = NOW, **more: Any) -> dict[str, Any]:
    """A span of 250 ms in OTLP's JSON; it starts five minutes before `at`."""
    start = int((at - timedelta(minutes=5)).timestamp()) * 1_000_000_000
    times = {"startTimeUnixNano": str(start), "endTimeUnixNano": str(start + 250_000_000)}
    ids = {"traceId": trace, "spanId": secrets.token_hex(8), "parentSpanId": parent or ""}
    return {"name": name, "kind": SERVER, **ids, **times, **more}


def _name(stem: str) -> str:
    return f"{stem}-{secrets.token_hex(4)}"


def test_a_trace_arrives_with_all_its_spans_and_who_called_whom(tempo: Tempo) -> None:
    """Its id has leading zeros, which Tempo leaves out when it searches."""
    gateway, orders, trace = _name("gateway"), _name("orders"), f"000{secrets.token_hex(16)[3:]}"
    root = _span("GET /orders", trace, attributes=_attributes(http_route="/orders", http_status_code=503, cached=True))
    call = _span("call orders", trace, root["spanId"], kind=CLIENT)
    exception = {"timeUnixNano": root["startTimeUnixNano"], "name": "exception",
                 "attributes": _attributes(exception_type="PoolTimeout", exception_message="30 s")}  # fmt: skip
    failed = _span("list", trace, call["spanId"], status={"code": ERROR, "message": "gave up"}, events=[exception])
    tempo.send(gateway, root, call)
    tempo.send(orders, failed)
    (found,) = tempo.traces(gateway, 1)
    wait_until(lambda: len(tempo.traces(gateway, 1)[0].spans) == 3, "three spans")
    (found,) = tempo.traces(gateway, 1)
    spans: dict[str, Span] = {span.operation: span for span in found.spans}
    first, second, third = spans["GET /orders"], spans["call orders"], spans["list"]
    assert found.trace_id == trace
    assert [s.span_id for s in (first, second)] == [root["spanId"], call["spanId"]]
    assert (first.parent_id, second.parent_id, third.parent_id) == (None, first.span_id, second.span_id)
    assert [s.service for s in (first, second, third)] == [gateway, gateway, orders]
    assert [s.kind for s in (first, second, third)] == ["server", "client", "server"]
    assert [s.error for s in (first, second, third)] == [False, False, True]
    assert (first.start, first.duration_s) == (NOW - timedelta(minutes=5), 0.25)
    assert first.attributes == {"http.route": "/orders", "http.status.code": "503", "cached": "true"}
    assert third.attributes == {
        "exception.type": "PoolTimeout", "exception.message": "30 s", "otel.status_description": "gave up",
    }  # fmt: skip


def test_only_traces_in_which_the_service_itself_failed_where_that_is_asked(tempo: Tempo) -> None:
    service, other = _name("orders"), _name("gateway")
    good, bad = secrets.token_hex(16), secrets.token_hex(16)
    tempo.send(service, _span("a", good), _span("b", bad, status={"code": ERROR}))
    tempo.send(other, _span("c", good, status={"code": ERROR}))
    assert {trace.trace_id for trace in tempo.traces(service, 2)} == {good, bad}
    assert [trace.trace_id for trace in tempo.traces(service, 2, errors_only=True)] == [bad]


def test_traces_come_newest_first_and_no_more_than_the_limit(tempo: Tempo) -> None:
    service = _name("orders")
    ids = [secrets.token_hex(16) for _ in range(4)]
    for age, trace in enumerate(ids):
        tempo.send(service, _span("a", trace, at=NOW - timedelta(seconds=age)))
    assert [trace.trace_id for trace in tempo.traces(service, 4)] == ids
    assert len(TempoTraces(tempo.url).traces(service, WINDOW, 2)) == 2
    assert len(TempoTraces(tempo.url, most=3).traces(service, WINDOW, 100)) == 3


def test_the_window_has_its_start_and_not_its_end(tempo: Tempo) -> None:
    """Although Tempo takes whole seconds, and gives traces that only reach into them."""
    service, trace = _name("orders"), secrets.token_hex(16)
    tempo.send(service, _span("a", trace))
    at, source = NOW - timedelta(minutes=5), TempoTraces(tempo.url)
    assert len(tempo.traces(service, 1)) == 1
    assert len(source.traces(service, Window(start=at, end=NOW), 10)) == 1
    assert list(source.traces(service, Window(start=at - timedelta(minutes=1), end=at), 10)) == []
    after = at + timedelta(milliseconds=100)
    assert list(source.traces(service, Window(start=after, end=NOW), 10)) == []


def test_a_failure_of_the_same_second_but_before_the_window_is_none_of_the_windows(tempo: Tempo) -> None:
    service, trace = _name("orders"), secrets.token_hex(16)
    at = NOW - timedelta(minutes=5)
    late = str(int(at.timestamp()) * 1_000_000_000 + 150_000_000)
    failed = _span("a", trace, status={"code": ERROR})
    tempo.send(service, failed, {**_span("b", trace, failed["spanId"]), "startTimeUnixNano": late})
    assert len(tempo.traces(service, 1, errors_only=True)) == 1
    source, after = TempoTraces(tempo.url), Window(start=at + timedelta(milliseconds=100), end=NOW)
    assert len(source.traces(service, after, 10)) == 1
    assert list(source.traces(service, after, 10, errors_only=True)) == []


@pytest.mark.parametrize("hostile", ['a" || true || "', "back\\slash", "new\nline", "caf\u00e9 \U0001f600", "`}`"])
def test_a_name_selects_itself_and_nothing_else(tempo: Tempo, hostile: str) -> None:
    mark, trace = secrets.token_hex(4), secrets.token_hex(16)
    tempo.send(f"a{mark}", _span("of another", secrets.token_hex(16)))
    tempo.send(f"{hostile}{mark}", _span("its own", trace))
    assert [found.trace_id for found in tempo.traces(f"{hostile}{mark}", 1)] == [trace]


def test_an_unknown_service_has_no_traces(tempo: Tempo) -> None:
    assert list(TempoTraces(tempo.url).traces("nobody-heard-of-it", WINDOW, 10)) == []


def test_a_trace_that_cannot_be_had_is_left_out_and_said(caplog: pytest.LogCaptureFixture) -> None:
    """One that is too large costs itself only; when all of them are, that is no absence of traces."""
    big, small = secrets.token_hex(16), secrets.token_hex(16)
    with TempoStandIn(too_large=3) as server:
        tempo = Tempo(server.url, server.otlp_url)
        tempo.send("orders", *(_span("a", big) for _ in range(3)))
        with pytest.raises(Rejected, match="found 1 traces of 'orders' and gave none of them"):
            TempoTraces(tempo.url).traces("orders", WINDOW, 10)
        tempo.send("orders", _span("a", small))
        assert [t.trace_id for t in TempoTraces(tempo.url).traces("orders", WINDOW, 10)] == [small]
    assert f"trace {big.lstrip('0')} is left out: Tempo answered 422" in caplog.text


@pytest.mark.parametrize(
    ("access", "words"),
    [(Access(), "401: invalid authentication"), (Access(token=SecretStr(TOKEN)), "401: no org id")],
)
def test_without_token_or_tenant_it_stays_outside(access: Access, words: str) -> None:
    with TempoStandIn(token=TOKEN, tenant="team-a") as server:
        allowed = Access(token=SecretStr(TOKEN), tenant="team-a")
        assert list(TempoTraces(server.url, access=allowed).traces("orders", WINDOW, 10)) == []
        with pytest.raises(Rejected, match=words) as refused:
            TempoTraces(server.url, access=access).traces("orders", WINDOW, 10)
        assert TOKEN not in f"{refused.value} {access!r}"


@pytest.mark.parametrize(
    ("answer", "kind", "words"),
    [
        (Answer(429, "job queue full"), Unavailable, "Tempo answered 429: job queue full"),
        (Answer(400, "invalid TraceQL query"), Rejected, "Tempo answered 400: invalid TraceQL query"),
        (Answer(500, "error querying ingesters"), Unavailable, "Tempo answered 500"),
        (Answer(404, "404 page not found"), Rejected, "Tempo answered 404"),
        (Answer(302, "", {"Location": "/login"}), Rejected, "Tempo answered 302"),
        (Answer(200, "<html>Grafana</html>"), Unavailable, "not its JSON: <html>Grafana"),
        (Answer.json('{"traces":[{"traceID":"../x"}]}'), Unavailable, "not its JSON"),
        (Answer(200, '{"traces":', {}, cut=True), Unavailable, "cannot be reached"),
        (Answer(hang=True), Unavailable, "did not answer within 0.5 s"),
    ],
)
def test_each_fault_has_its_outcome(faulty: HttpServer, answer: Answer, kind: type[PortError], words: str) -> None:
    with pytest.raises(kind, match=words):
        TempoTraces(faulty.always(answer), timeout_s=0.5).traces("orders", WINDOW, 10)
    assert len(faulty.asked) == 1


SPAN_ID = "00f067aa0ba902b7"
GOOD: dict[str, Any] = {
    "spanId": base64.b64encode(bytes.fromhex(SPAN_ID)).decode(), "name": "GET /", "kind": "SPAN_KIND_SERVER",
    "startTimeUnixNano": "1769817600000000000", "endTimeUnixNano": "1769817600001500000",
}  # fmt: skip
MALFORMED: list[Any] = [
    None,
    "span",
    {**GOOD, "spanId": ""},
    {**GOOD, "spanId": "AAAAAAAAAAA="},
    {**GOOD, "spanId": "not base64"},
    {**GOOD, "spanId": "YWJj"},
    {**GOOD, "endTimeUnixNano": "1769817599000000000"},
    {**GOOD, "startTimeUnixNano": "yesterday"},
    {**GOOD, "startTimeUnixNano": "1" * 40, "endTimeUnixNano": "2" * 40},
]


@pytest.mark.parametrize("batches", ["batches", "resourceSpans"])
@pytest.mark.parametrize("scopes", ["scopeSpans", "instrumentationLibrarySpans"])
def test_malformed_spans_cost_themselves_only(batches: str, scopes: str) -> None:
    """In each of the names that versions of Tempo give to the groups of spans; one in hexadecimal is read too."""
    body: dict[str, Any] = {
        batches: [{"resource": {}, scopes: [{"spans": [GOOD, *MALFORMED, {**GOOD, "spanId": SPAN_ID.upper()}]}]}]
    }
    trace, malformed = read_trace("1", TraceAnswer.model_validate_json(json.dumps(body)))
    assert malformed == len(MALFORMED)
    assert trace.trace_id == "1".zfill(32)
    assert [(s.span_id, s.service, s.duration_s, s.error, s.kind) for s in trace.spans] == [
        (SPAN_ID, "", 0.0015, False, "server")
    ] * 2


def test_the_link_leads_to_the_trace() -> None:
    assert TempoTraces("http://tempo:3200/").link("ab/../c") == "http://tempo:3200/api/traces/ab%2F..%2Fc"
