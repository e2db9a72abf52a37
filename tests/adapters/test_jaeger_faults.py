"""A Jaeger that fails, or sends what cannot be read: each has one outcome, and nothing is dropped in silence."""

import json
import logging
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from domain.finding import Window
from integrations.jaeger import JaegerTraces
from integrations.ports import PortError, Rejected, Unavailable
from tests.adapters.http_server import Answer, HttpServer

WINDOW = Window(start=datetime(2026, 1, 31, tzinfo=UTC), end=datetime(2026, 1, 31, tzinfo=UTC) + timedelta(hours=1))
PROBLEM = '{"data":null,"errors":[{"code":%d,"msg":"storage is gone"}]}'


@pytest.mark.parametrize(
    ("answer", "kind", "words"),
    [
        (Answer(429, "slow down"), Unavailable, "Jaeger answered 429: slow down"),
        (Answer.json(PROBLEM % 500, 500), Unavailable, "Jaeger answered 500: storage is gone"),
        (Answer.json(PROBLEM % 400, 400), Rejected, "Jaeger answered 400: storage is gone"),
        (Answer.json(PROBLEM % 500), Unavailable, "Jaeger answered 500: storage is gone"),
        (Answer(404, "page not found"), Rejected, "Jaeger answered 404: page not found"),
        (Answer(302, "", {"Location": "/login"}), Rejected, "Jaeger answered 302: without a word"),
        (Answer(200, "<html>Jaeger UI</html>"), Unavailable, "not its JSON: <html>Jaeger UI</html>"),
        (Answer.json('{"data":[{}]}'), Unavailable, "not its JSON"),
        (Answer(200, '{"data":', {}, cut=True), Unavailable, "cannot be reached"),
        (Answer(hang=True), Unavailable, "did not answer within 0.5 s"),
    ],
)
def test_each_fault_has_its_outcome(faulty: HttpServer, answer: Answer, kind: type[PortError], words: str) -> None:
    source = JaegerTraces(faulty.always(answer), timeout_s=0.5)
    with pytest.raises(kind, match=words):
        source.traces("orders", WINDOW, 10)
    assert len(faulty.asked) == 1


def test_a_wait_that_the_server_names_is_passed_on(faulty: HttpServer) -> None:
    source = JaegerTraces(faulty.always(Answer(503, "", {"Retry-After": "3"})))
    with pytest.raises(Unavailable) as caught:
        source.traces("orders", WINDOW, 10)
    assert caught.value.retry_after_s == 3


def test_a_jaeger_that_is_not_there_is_unavailable() -> None:
    with pytest.raises(Unavailable, match=r"cannot be reached: .*[Cc]onnection refused"):
        JaegerTraces("http://127.0.0.1:1").traces("orders", WINDOW, 10)


GOOD: dict[str, Any] = {
    "traceID": "t1", "spanID": "s1", "operationName": "GET /", "references": [], "startTime": 1_769_817_600_000_000,
    "duration": 1500, "tags": [{"key": "error", "type": "bool", "value": True}], "logs": None, "processID": "p1",
}  # fmt: skip
MALFORMED: list[Any] = [
    None,
    "span",
    {**GOOD, "processID": "p9"},
    {**GOOD, "duration": -1},
    {**GOOD, "startTime": "yesterday"},
    {**GOOD, "startTime": 10**30},
    {key: value for key, value in GOOD.items() if key != "spanID"},
    {**GOOD, "tags": [{"key": "a", "value": {"b": 1}}]},
]


def _answer(*traces: dict[str, Any], errors: object = None) -> Answer:
    return Answer.json(json.dumps({"data": traces, "errors": errors}))


def _trace(name: str, spans: list[Any]) -> dict[str, Any]:
    return {"traceID": name, "spans": spans, "processes": {"p1": {"serviceName": "orders", "tags": []}}}


def test_malformed_spans_are_left_out_and_counted(faulty: HttpServer, caplog: pytest.LogCaptureFixture) -> None:
    """The rest of the trace is read; a trace without a readable span is no trace."""
    source = JaegerTraces(faulty.always(_answer(_trace("t1", [GOOD, *MALFORMED]), _trace("t2", [None]))))
    with caplog.at_level(logging.WARNING, "integrations.jaeger"):
        (trace,) = source.traces("orders", WINDOW, 10)
    assert [(s.span_id, s.service, s.duration_s, s.error, s.kind) for s in trace.spans] == [
        ("s1", "orders", 0.0015, True, "internal")
    ]
    assert f"{len(MALFORMED) + 1} spans in traces of 'orders' cannot be read" in caplog.text


@pytest.mark.parametrize(
    ("references", "parent"),
    [
        ([], None),
        ([{"refType": "CHILD_OF", "traceID": "t1", "spanID": "mother"}], "mother"),
        ([{"refType": "FOLLOWS_FROM", "traceID": "t1", "spanID": "before"}], None),
        ([{"refType": "CHILD_OF", "traceID": "other", "spanID": "linked"}], None),
    ],
)
def test_a_parent_is_a_child_of_reference_within_the_trace(
    faulty: HttpServer, references: list[dict[str, str]], parent: str | None
) -> None:
    source = JaegerTraces(faulty.always(_answer(_trace("t1", [{**GOOD, "references": references}]))))
    assert source.traces("orders", WINDOW, 10)[0].spans[0].parent_id == parent


@pytest.mark.parametrize(
    ("tags", "error"),
    [
        ([], False),
        ([{"key": "error", "value": True}], True),
        ([{"key": "error", "value": "true"}], True),
        ([{"key": "error", "value": False}], False),
        ([{"key": "otel.status_code", "value": "ERROR"}], True),
        ([{"key": "otel.status_code", "value": "OK"}], False),
    ],
)
def test_an_error_is_told_by_either_of_its_tags(faulty: HttpServer, tags: list[dict[str, Any]], error: bool) -> None:
    source = JaegerTraces(faulty.always(_answer(_trace("t1", [{**GOOD, "tags": tags}]))))
    assert source.traces("orders", WINDOW, 10)[0].spans[0].error is error


def test_a_part_of_the_traces_is_given_and_said_to_be_a_part(
    faulty: HttpServer, caplog: pytest.LogCaptureFixture
) -> None:
    problem = [{"code": 500, "msg": "one shard is gone"}]
    source = JaegerTraces(faulty.always(_answer(_trace("t1", [GOOD]), errors=problem)))
    with caplog.at_level(logging.WARNING, "integrations.jaeger"):
        assert len(source.traces("orders", WINDOW, 10)) == 1
    assert "Jaeger found traces, but not all: one shard is gone" in caplog.text
