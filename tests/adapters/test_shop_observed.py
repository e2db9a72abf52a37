"""What the shop says of itself arrives: logs in Elasticsearch, traces in Jaeger, alerts and history in Prometheus."""

import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, TypeVar

import httpx
import pytest

from rig.faults.connection_pool import ConnectionPoolFault
from rig.history.backfill import SYNTHETIC_METRIC, History, backfill
from rig.servers.elasticsearch import ElasticsearchServer
from rig.servers.jaeger import JaegerServer
from rig.servers.plain import PLAIN
from rig.servers.postgres import PostgresServer
from rig.servers.prometheus import PrometheusServer
from rig.shop.load import REQUESTS_PER_SECOND, Load
from rig.shop.log_shipping import LOG_INDEX
from rig.shop.monitoring import EVALUATION_SECONDS, RULES_FILE, SCRAPE_SECONDS
from rig.shop.shop import Shop

PATIENCE_SECONDS = 60.0
Found = TypeVar("Found")


def wait_for(what: str, look: Callable[[], Found | None]) -> Found:
    """Look until there is something."""
    give_up = time.monotonic() + PATIENCE_SECONDS
    while not (found := look()):
        assert time.monotonic() < give_up, f"{what}: not within {PATIENCE_SECONDS:.0f} s"
        time.sleep(0.2)
    return found


@pytest.fixture(scope="module")
def failed_order(
    postgres: PostgresServer, run_folder: Path, elasticsearch: ElasticsearchServer, jaeger: JaegerServer
) -> Iterator[str]:
    """A shop that tells Elasticsearch and Jaeger of one request that failed; its answer's log line is waited for."""
    with Shop(
        run_folder / "told", postgres.url(), elasticsearch_url=elasticsearch.url, otlp_url=jaeger.otlp_url
    ) as shop:
        fault = ConnectionPoolFault(shop.database)
        fault.start()
        try:
            answer = httpx.get(f"{shop.gateway_url}/orders", params={"customer": 1}, verify=PLAIN)
        finally:
            fault.stop()
        assert answer.status_code == 503
        yield elasticsearch.url


def errors_of(service: str, elasticsearch_url: str) -> list[dict[str, Any]]:
    """The newest ERROR lines of a service, as Elasticsearch has them."""
    query = {
        "query": {"bool": {"filter": [{"term": {"service": service}}, {"term": {"level": "ERROR"}}]}},
        "sort": [{"@timestamp": "desc"}],
    }
    answer = httpx.post(f"{elasticsearch_url}/{LOG_INDEX}/_search", json=query, verify=PLAIN)
    return [hit["_source"] for hit in answer.json()["hits"]["hits"]] if answer.is_success else []


def test_errors_are_in_elasticsearch_with_their_class_and_trace(failed_order: str) -> None:
    (there, *_) = wait_for("the error of orders", lambda: errors_of("orders", failed_order))
    (here, *_) = wait_for("the error of the gateway", lambda: errors_of("gateway", failed_order))
    assert there["error"]["type"] == "psycopg.OperationalError"
    assert 'too many connections for database "orders"' in there["message"]
    assert "order_store.py" in there["error"]["stack_trace"]
    assert here["trace_id"] == there["trace_id"]


def spans_of(jaeger: JaegerServer, trace_id: str) -> list[dict[str, Any]] | None:
    """The spans of a trace with their service; None until the deepest one, of the database, has arrived."""
    answer = httpx.get(f"{jaeger.url}/api/traces/{trace_id}", verify=PLAIN).json()
    if not answer.get("data"):
        return None
    trace = answer["data"][0]
    services = {key: process["serviceName"] for key, process in trace["processes"].items()}
    spans = [span | {"service": services[span["processID"]]} for span in trace["spans"]]
    return spans if {"gateway", "orders"} <= {span["service"] for span in spans} else None


def test_one_trace_leads_from_the_gateway_to_the_database(failed_order: str, jaeger: JaegerServer) -> None:
    (error, *_) = wait_for("the error of orders", lambda: errors_of("orders", failed_order))
    spans = wait_for("the whole trace", lambda: spans_of(jaeger, error["trace_id"]))
    by_id = {span["spanID"]: span for span in spans}
    (deepest,) = [span for span in spans if span["operationName"] == "SELECT orders"]
    path: list[str] = []
    span: dict[str, Any] | None = deepest
    while span is not None:
        path.append(f"{span['service']}: {span['operationName']}")
        tags = {tag["key"]: tag["value"] for tag in span["tags"]}
        assert tags["otel.status_code"] == "ERROR"
        span = by_id[span["references"][0]["spanID"]] if span["references"] else None
    assert path == ["orders: SELECT orders", "orders: GET /orders", "gateway: GET orders", "gateway: GET /orders"]


@pytest.fixture(scope="module")
def watched(shop: Shop, run_folder: Path) -> Iterator[tuple[PrometheusServer, History]]:
    """A Prometheus of its own with six hours of history, which then watches the live shop."""
    prometheus = PrometheusServer(
        run_folder / "watched",
        jobs=shop.scrape_jobs,
        rules=[RULES_FILE],
        scrape_interval=SCRAPE_SECONDS,
        evaluation_interval=EVALUATION_SECONDS,
    )
    history = backfill(prometheus, end=time.time(), hours=6.0)
    with prometheus:
        yield prometheus, history


def query(prometheus: PrometheusServer, expression: str, at: float | None = None) -> list[dict[str, Any]]:
    parameters = {"query": expression} | ({"time": str(at)} if at else {})
    answer = httpx.get(f"{prometheus.url}/api/v1/query", params=parameters, verify=PLAIN).raise_for_status()
    return answer.json()["data"]["result"]


def per_service(result: list[dict[str, Any]]) -> dict[str, float]:
    return {row["metric"]["service"]: float(row["value"][1]) for row in result}


@pytest.mark.parametrize(("ago", "window"), [(60, "30s"), (1800, "30s"), (5 * 3600, "5m")])
def test_rates_over_the_history_are_those_of_the_load(
    watched: tuple[PrometheusServer, History], ago: float, window: str
) -> None:
    prometheus, history = watched
    moment = history.end - ago
    rates = per_service(query(prometheus, f"sum by (service) (rate(http_requests_total[{window}]))", moment))
    # Six hours from the live rate the daily curve may stand at 0.65/1.35 or 1.35/0.65 of it.
    assert REQUESTS_PER_SECOND * 0.4 < rates["gateway"] < REQUESTS_PER_SECOND * 2.2
    assert set(rates) == {"gateway", "orders", "catalogue"}
    assert query(prometheus, SYNTHETIC_METRIC, moment)


def test_live_series_go_on_where_the_history_ended_and_the_junction_alerts_nobody(
    watched: tuple[PrometheusServer, History], load: Load
) -> None:
    prometheus, history = watched
    counted = 'http_requests_total{service="gateway",code="200",route="GET /catalogue"}'
    past = query(prometheus, counted, history.end)
    live = wait_for(
        "a live sample", lambda: query(prometheus, f"{counted} and timestamp({counted}) > {history.end + 1}")
    )
    assert [row["metric"] for row in live] == [row["metric"] for row in past]
    assert float(live[0]["value"][1]) < float(past[0]["value"][1])  # counted anew, as after any restart
    wait_for("ten rounds of live traffic", lambda: query(prometheus, f"count_over_time({counted}[45s]) >= 9"))
    assert query(prometheus, "ALERTS") == []
    assert load.error_rate(5.0) == 0.0


def test_a_fault_fires_the_alert_of_both_services_with_plain_numbers(
    watched: tuple[PrometheusServer, History], shop: Shop, load: Load
) -> None:
    prometheus, _ = watched

    def firing() -> list[dict[str, Any]] | None:
        alerts = httpx.get(f"{prometheus.url}/api/v1/alerts", verify=PLAIN).json()["data"]["alerts"]
        fired = [alert for alert in alerts if alert["state"] == "firing"]
        return fired if len(fired) > 1 else None

    fault = ConnectionPoolFault(shop.database)
    fault.start()
    try:
        fired = wait_for("two firing alerts", firing)
        assert load.error_rate(5.0) > 0.25
    finally:
        fault.stop()
    assert {alert["labels"]["alertname"] for alert in fired} == {"HighErrorRate"}
    assert {alert["labels"]["service"] for alert in fired} == {"gateway", "orders"}
    assert {alert["labels"]["severity"] for alert in fired} == {"high"}
    for alert in fired:
        assert float(alert["annotations"]["value"]) > float(alert["annotations"]["threshold"]) == 0.05
        assert query(prometheus, alert["annotations"]["expression"])
