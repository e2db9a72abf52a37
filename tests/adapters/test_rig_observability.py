"""The rig's Prometheus, Alertmanager, Elasticsearch, Jaeger and mailbox are real and answer."""

import json
import secrets
import smtplib
import threading
import time
from collections.abc import Callable, Generator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from queue import Queue
from typing import Any

import httpx
import psutil
import pytest
from pydantic import SecretStr

from rig.servers.alertmanager import AlertmanagerServer, Grouping
from rig.servers.elasticsearch import ElasticsearchServer
from rig.servers.jaeger import JaegerServer
from rig.servers.plain import PLAIN
from rig.servers.ports import LOOPBACK, free_port
from rig.servers.process import ManagedProcess
from rig.servers.prometheus import PrometheusServer, ScrapeJob
from rig.servers.smtp import SmtpInbox
from rig.servers.temporal import TemporalServer

ALWAYS = """
groups:
  - name: always
    rules:
      - alert: Always
        expr: vector(1)
        labels: {service: orders}
"""
TOKEN = "a-long-token"


def _get(url: str, **parameters: str) -> Any:
    return httpx.get(url, params=parameters, timeout=10, trust_env=False, verify=PLAIN).raise_for_status().json()


def _post(url: str, body: Any) -> Any:
    return httpx.post(url, json=body, timeout=30, trust_env=False, verify=PLAIN).raise_for_status().json()


def _eventually(ask: Callable[[], Any]) -> Any:
    """The first answer that is not empty, within 20 seconds."""
    give_up = time.monotonic() + 20
    while time.monotonic() < give_up:
        if answer := ask():
            return answer
        time.sleep(0.1)
    raise AssertionError("no answer in 20 s")


@contextmanager
def _webhook() -> Generator[tuple[str, "Queue[tuple[Mapping[str, str], Any]]"]]:
    """A receiver that keeps each request's headers and JSON."""
    received: Queue[tuple[Mapping[str, str], Any]] = Queue()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            received.put((dict(self.headers), body))
            self.send_response(200)
            self.end_headers()

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class names it so
            """Say nothing."""

    with HTTPServer((LOOPBACK, free_port()), Handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://{LOOPBACK}:{server.server_port}/", received
        server.shutdown()
        thread.join()


def test_prometheus_serves_the_past_that_it_was_given(tmp_path: Path) -> None:
    then = int(time.time()) - 3 * 86_400
    history = tmp_path / "history.txt"
    samples = "".join(f"orders_total {value} {then + 60 * value}\n" for value in range(100))
    history.write_text(f"# TYPE orders counter\n{samples}# EOF\n")
    server = PrometheusServer(tmp_path / "prometheus")
    server.backfill(history)
    with server:
        query = {"query": "orders_total", "time": str(then + 60 * 50)}
        (series,) = _get(f"{server.url}/api/v1/query", **query)["data"]["result"]
    assert series["value"][1] == "50"


def test_a_malformed_past_is_refused(tmp_path: Path) -> None:
    history = tmp_path / "history.txt"
    history.write_text("this is no metric\n")
    with pytest.raises(ValueError, match=r"promtool refused 'history\.txt'"):
        PrometheusServer(tmp_path / "prometheus").backfill(history)


def test_prometheus_scrapes_a_job_that_is_added_while_it_runs(prometheus: PrometheusServer) -> None:
    itself = prometheus.url.removeprefix("http://")
    prometheus.jobs.append(ScrapeJob("rig-itself", [itself], labels={"service": "watcher"}))
    prometheus.reload()
    query = 'up{job="rig-itself",service="watcher"} == 1'
    assert _eventually(lambda: _get(f"{prometheus.url}/api/v1/query", query=query)["data"]["result"])


def test_a_rule_that_prometheus_cannot_read_is_refused_in_its_own_words(
    prometheus: PrometheusServer, tmp_path: Path
) -> None:
    broken = tmp_path / "rules.yml"
    broken.write_text("groups: [{name: x, rules: [{alert: A, expr: 'sum('}]}]")
    prometheus.rules.append(broken)
    with pytest.raises(RuntimeError, match="did not take its configuration"):
        prometheus.reload()
    prometheus.rules.remove(broken)
    prometheus.reload()


def test_an_alert_goes_from_prometheus_through_alertmanager_to_the_webhook_with_its_token(
    tmp_path: Path,
) -> None:
    rules = tmp_path / "rules.yml"
    rules.write_text(ALWAYS)
    grouping = Grouping(by=("service",), wait=0.1, interval=1)
    with _webhook() as (url, received):
        manager = AlertmanagerServer(tmp_path / "am", webhook=url, bearer_token=SecretStr(TOKEN), grouping=grouping)
        with (
            manager,
            PrometheusServer(tmp_path / "prometheus", rules=[rules], alertmanager=manager.url, evaluation_interval=0.5),
        ):
            headers, body = received.get(timeout=30)
    assert headers["Authorization"] == f"Bearer {TOKEN}"
    assert body["groupLabels"] == {"service": "orders"}
    assert TOKEN not in (tmp_path / "am" / "alertmanager.yml").read_text()


def test_alertmanager_takes_a_silence(alertmanager: AlertmanagerServer) -> None:
    matcher = {"name": "service", "value": "orders", "isRegex": False, "isEqual": True}
    window = {"startsAt": "2026-01-01T00:00:00Z", "endsAt": "2099-01-01T00:00:00Z"}
    silence = {"matchers": [matcher], "createdBy": "test", "comment": "maintenance", **window}
    _post(f"{alertmanager.url}/api/v2/silences", silence)
    # Other tests of the session silence there too.
    assert "maintenance" in [one["comment"] for one in _get(f"{alertmanager.url}/api/v2/silences")]


def test_elasticsearch_says_its_version_and_finds_a_log_line(elasticsearch: ElasticsearchServer) -> None:
    assert _get(elasticsearch.url)["version"]["number"].startswith("8.19.")
    index = f"{elasticsearch.url}/rig-{secrets.token_hex(4)}"
    line = {"@timestamp": "2026-01-01T00:00:00Z", "level": "ERROR", "message": "connection pool exhausted"}
    _post(f"{index}/_doc?refresh=true", line)
    found = _post(f"{index}/_search", {"query": {"match": {"message": "pool"}}})
    assert found["hits"]["hits"][0]["_source"] == line


def test_elasticsearch_keeps_its_indexes_over_a_restart(tmp_path: Path) -> None:
    server = ElasticsearchServer(tmp_path)
    with server:
        _post(f"{server.url}/kept/_doc?refresh=true", {"message": "still here"})
    with server:
        assert _eventually(lambda: _get(f"{server.url}/kept/_count")["count"]) == 1


def test_jaeger_shows_a_trace_that_was_sent(jaeger: JaegerServer) -> None:
    now, trace_id, service = time.time_ns(), secrets.token_hex(16), f"svc-{secrets.token_hex(4)}"
    span = {
        "traceId": trace_id,
        "spanId": secrets.token_hex(8),
        "name": "GET /orders",
        "kind": 2,
        "startTimeUnixNano": str(now - 5_000_000),
        "endTimeUnixNano": str(now),
    }
    resource = {"attributes": [{"key": "service.name", "value": {"stringValue": service}}]}
    scope = {"scope": {"name": "test"}, "spans": [span]}
    _post(jaeger.otlp_url, {"resourceSpans": [{"resource": resource, "scopeSpans": [scope]}]})
    (trace,) = _eventually(lambda: _get(f"{jaeger.url}/api/traces", service=service)["data"])
    assert trace["traceID"] == trace_id


def test_the_mailbox_keeps_what_it_is_sent(smtp: SmtpInbox) -> None:
    with smtplib.SMTP(smtp.host, smtp.port, timeout=10) as client:
        client.sendmail("rig@example.org", ["ops@example.org"], "Subject: INC-1 opened\r\n\r\nLook.\r\n")
    mail = smtp.wait_for(lambda mail: mail.message["Subject"] == "INC-1 opened", within=5)
    assert mail.recipients == ("ops@example.org",)
    assert mail.message.get_content().strip() == "Look."
    assert any("INC-1 opened" in file.read_text() for file in smtp.folder.glob("*.eml"))


def test_the_mailbox_says_when_a_mail_does_not_come(smtp: SmtpInbox) -> None:
    with pytest.raises(TimeoutError, match=r"no such mail in 0\.1 s; 0 others came"):
        smtp.wait_for(lambda _: True, within=0.1)


def test_every_door_is_on_loopback_only(
    prometheus: PrometheusServer,
    alertmanager: AlertmanagerServer,
    elasticsearch: ElasticsearchServer,
    jaeger: JaegerServer,
    temporal_dev: TemporalServer,
) -> None:
    servers = [prometheus, alertmanager, elasticsearch, jaeger, temporal_dev]
    addresses = {address for server in servers for address in _listens_on(server.process)}
    assert addresses <= {LOOPBACK, f"::ffff:{LOOPBACK}", "::1"}
    assert LOOPBACK in addresses


def _listens_on(process: ManagedProcess | None) -> set[str]:
    assert process is not None
    connections = psutil.Process(process.pid).net_connections("inet")
    return {connection.laddr.ip for connection in connections if connection.status == psutil.CONN_LISTEN}
