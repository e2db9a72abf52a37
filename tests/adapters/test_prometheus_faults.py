"""A Prometheus that fails: each way has one outcome, and what a retry may mend is told from what it cannot."""

import logging
import subprocess
import sys
from datetime import UTC, datetime, timedelta

import pytest

from domain.finding import Window
from integrations.ports import PortError, Rejected, Unavailable
from integrations.prometheus import PrometheusMetrics
from tests.adapters.http_server import Answer, HttpServer

WINDOW = Window(start=datetime(2026, 1, 31, tzinfo=UTC), end=datetime(2026, 1, 31, tzinfo=UTC) + timedelta(hours=1))
FAULTS = [
    (Answer(429, "slow down", {"Retry-After": "7"}), Unavailable, "answered 429: slow down"),
    (Answer(503, "", {}), Unavailable, "answered 503: without a word"),
    (Answer.json('{"status":"error","error":"query timed out"}', 503), Unavailable, "answered 503: query timed out"),
    (Answer(502, "<html>\nBad Gateway\n</html>"), Unavailable, "answered 502: <html> Bad Gateway </html>"),
    (Answer(401, "who are you"), Rejected, "answered 401: who are you"),
    (Answer(404, "x" * 5000), Rejected, "answered 404: x{300}$"),
    (Answer(200, "<html>Welcome</html>"), Unavailable, "answered something that is not its JSON"),
    (Answer.json('{"status":"success"}'), Unavailable, "answered something that is not its JSON"),
    (Answer.json('{"data":{"result":[{"metric":{},"value":[1,"NaN"]}, 7]}}'), Unavailable, "in a shape that is not"),
    (Answer.json('{"data":{"result":"none"}}'), Unavailable, "in a shape that is not its own"),
    (Answer(200, '{"data":', {}, cut=True), Unavailable, "cannot be reached: .*IncompleteRead"),
    (Answer(hang=True), Unavailable, "did not answer within 0.5 s"),
]  # fmt: skip


@pytest.mark.parametrize(("answer", "kind", "words"), FAULTS)
def test_each_fault_has_its_outcome(faulty: HttpServer, answer: Answer, kind: type[PortError], words: str) -> None:
    """For both kinds of query, after one request each: repeating is the business of whoever asked."""
    source = PrometheusMetrics(faulty.always(answer), timeout_s=0.5)
    with pytest.raises(kind, match=words):
        source.query("up")
    with pytest.raises(kind, match=words):
        source.query_range("up", WINDOW, 60)
    assert [path.partition("?")[0] for path in faulty.asked] == ["/api/v1/query", "/api/v1/query_range"]


def test_a_wait_that_the_server_names_is_passed_on(faulty: HttpServer) -> None:
    source = PrometheusMetrics(faulty.always(Answer(429, "", {"Retry-After": "7"})))
    with pytest.raises(Unavailable) as caught:
        source.query("up")
    assert caught.value.retry_after_s == 7


def test_a_prometheus_that_is_not_there_is_unavailable() -> None:
    with pytest.raises(Unavailable, match=r"cannot be reached: .*[Cc]onnection refused"):
        PrometheusMetrics("http://127.0.0.1:1").query("up")


def test_an_answer_that_would_fill_the_memory_is_refused(faulty: HttpServer) -> None:
    """64 MiB and one byte, of a server that knows no limit: it is not read to its end."""
    source = PrometheusMetrics(faulty.always(Answer.json(" " * (64 * 1024 * 1024 + 1))))
    with pytest.raises(Rejected, match="more than 67108864 bytes"):
        source.query("up")


def test_the_server_is_told_to_give_up_in_time_and_to_stop_beyond_the_cap(faulty: HttpServer) -> None:
    """So that a query that nobody waits for does not go on there, and newer servers cut their answer."""
    source = PrometheusMetrics(faulty.always(Answer.json('{"data":{"result":[]}}')), timeout_s=10)
    source.query("up")
    assert "timeout=9.000" in faulty.asked[0]
    assert "limit=1001" in faulty.asked[0]


@pytest.mark.parametrize("answer", [answer for answer, _, _ in FAULTS])
def test_nobody_can_tell_whether_an_alert_fires_when_the_source_fails(
    faulty: HttpServer, answer: Answer, caplog: pytest.LogCaptureFixture
) -> None:
    """Never False: that would close an incident. The reason is in the log."""
    source = PrometheusMetrics(faulty.always(answer), timeout_s=0.5)
    with caplog.at_level(logging.WARNING, "integrations.prometheus"):
        assert source.firing({"alertname": "HighErrorRate"}) is None
    assert "cannot tell whether 'HighErrorRate' fires: Prometheus" in caplog.text


def test_importing_the_source_does_not_import_the_client() -> None:
    """Workers and the command line start in a moment; the client costs most of a second."""
    code = "import sys, integrations.prometheus; print(any(m in sys.modules for m in ('requests', 'pandas')))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"
