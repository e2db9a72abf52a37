"""An Elasticsearch that fails: each way has one outcome, after one request."""

import subprocess
import sys
from datetime import UTC, datetime, timedelta

import pytest

from domain.finding import Window
from integrations.elasticsearch import ElasticsearchLogs
from integrations.ports import LogPage, PortError, Rejected, Unavailable
from tests.adapters.http_server import Answer, HttpServer

WINDOW = Window(start=datetime(2026, 1, 31, tzinfo=UTC), end=datetime(2026, 1, 31, tzinfo=UTC) + timedelta(hours=1))
PRODUCT = {"Content-Type": "application/json", "X-Elastic-Product": "Elasticsearch"}
TOO_MANY = '{"error":{"root_cause":[{"type":"es_rejected_execution_exception","reason":"queue is full"}]},"status":429}'
DENIED = '{"error":{"type":"security_exception","reason":"missing authentication credentials"},"status":401}'


def _search(url: str) -> LogPage:
    return ElasticsearchLogs(url, "logs-*", timeout_s=0.5).search(["orders"], WINDOW, ["ERROR"], 10)


@pytest.mark.parametrize(
    ("answer", "kind", "words"),
    [
        (Answer.json(TOO_MANY, 429), Unavailable, "answered 429: es_rejected_execution_exception: queue is full"),
        (Answer(429, "<html>slow down</html>", {"Content-Type": "text/html"}), Unavailable, "answered 429: <html>slow"),
        (Answer(503), Unavailable, "answered 503: without a word"),
        (Answer.json('{"error":"gateway"}', 504), Unavailable, "answered 504: gateway"),
        (Answer.json(DENIED, 401), Rejected, "answered 401: security_exception: missing authentication credentials"),
        (Answer(hang=True), Unavailable, "did not answer within 0.5 s"),
        (Answer(200, '{"took":', PRODUCT, cut=True), Unavailable, "cannot be reached"),
        (Answer(200, '{"took":', PRODUCT), Unavailable, "answered something that is not its JSON"),
        (Answer(200, "{}", PRODUCT), Unavailable, "answered in a shape that is not its own"),
        (Answer(200, '{"timed_out":true,"hits":{"total":{"value":0},"hits":[]}}', PRODUCT), Unavailable, "not finish"),
        (Answer.json("{}"), Rejected, "what answers there is not Elasticsearch"),
    ],
)
def test_each_fault_has_its_outcome(faulty: HttpServer, answer: Answer, kind: type[PortError], words: str) -> None:
    """Repeating is the business of whoever asked."""
    with pytest.raises(kind, match=words):
        _search(faulty.always(answer))
    assert len(faulty.asked) == 1


def test_a_wait_that_the_server_names_is_passed_on(faulty: HttpServer) -> None:
    with pytest.raises(Unavailable) as caught:
        _search(faulty.always(Answer.json(TOO_MANY, 429, Retry_After="12")))
    assert caught.value.retry_after_s == 12


def test_an_elasticsearch_that_is_not_there_is_unavailable() -> None:
    with pytest.raises(Unavailable, match=r"cannot be reached: .*[Cc]onnection refused"):
        _search("http://127.0.0.1:1")


def test_a_search_that_failed_before_can_succeed_later(faulty: HttpServer) -> None:
    """The client remembers nodes that failed; with one node it has to ask it all the same."""
    logs = ElasticsearchLogs(faulty.always(Answer(503)), "logs-*", timeout_s=0.5)
    for _ in range(3):
        with pytest.raises(Unavailable):
            logs.search(["orders"], WINDOW, ["ERROR"], 10)
    faulty.always(Answer(200, '{"timed_out":false,"hits":{"total":{"value":0},"hits":[]}}', PRODUCT))
    assert logs.search(["orders"], WINDOW, ["ERROR"], 10).total == 0


def test_importing_the_source_does_not_import_the_client() -> None:
    """The client costs seconds of processor time at the start of each process."""
    code = "import sys, integrations.elasticsearch; print(any(m.startswith('elastic') for m in sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"
