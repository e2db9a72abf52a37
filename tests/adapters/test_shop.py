"""The shop serves its customers, watches itself, and does not need its telemetry to be up."""

import json
import time
from pathlib import Path

import httpx
import pytest
from prometheus_client.parser import text_string_to_metric_families

from rig.faults.connection_pool import ConnectionPoolFault
from rig.servers.ports import free_port
from rig.servers.postgres import PostgresServer
from rig.shop.load import Load
from rig.shop.routes import CATALOGUE, GATEWAY, ORDERS
from rig.shop.shop import Shop


def metric(shop: Shop, service: str, name: str, **labels: str) -> float:
    """The sum of a metric's samples that carry these labels, as the service exposes it now."""
    text = httpx.get(f"{shop.url(service)}/metrics").text
    samples = [sample for family in text_string_to_metric_families(text) for sample in family.samples]
    return sum(one.value for one in samples if one.name == name and labels.items() <= one.labels.items())


def test_an_order_that_was_placed_is_listed_with_its_price(shop: Shop) -> None:
    basket = {"customer_id": 4711, "product_id": 2, "quantity": 3}
    placed = httpx.post(f"{shop.gateway_url}/orders", json=basket)
    assert placed.status_code == 201
    price = httpx.get(f"{shop.url(CATALOGUE)}/products/2").json()["price_cents"]
    listed = httpx.get(f"{shop.gateway_url}/orders", params={"customer": 4711}).json()
    assert placed.json() in listed
    assert placed.json()["price_cents"] == 3 * price


def test_a_product_that_does_not_exist_is_the_customers_mistake(shop: Shop) -> None:
    basket = {"customer_id": 1, "product_id": 999, "quantity": 1}
    assert httpx.post(f"{shop.gateway_url}/orders", json=basket).status_code == 404


def test_requests_are_counted_by_route_template_and_scrapes_are_not(shop: Shop) -> None:
    route = "GET /products/{product_id}"
    before = metric(shop, CATALOGUE, "http_requests_total", route=route, code="200")
    total = metric(shop, CATALOGUE, "http_requests_total")
    for product in (1, 2):
        httpx.get(f"{shop.url(CATALOGUE)}/products/{product}")
    assert metric(shop, CATALOGUE, "http_requests_total", route=route, code="200") == before + 2
    assert metric(shop, CATALOGUE, "http_requests_total") == total + 2


def test_an_address_that_nobody_serves_adds_no_label_of_its_own(shop: Shop) -> None:
    httpx.get(f"{shop.url(CATALOGUE)}/made/up/by/a/scanner")
    assert metric(shop, CATALOGUE, "http_requests_total", route="GET unmatched", code="404") >= 1


def test_the_load_fails_nobody_on_a_healthy_shop_and_says_when_it_knows_nothing(shop: Shop, load: Load) -> None:
    with pytest.raises(ValueError, match="no request ended"):
        Load(shop.gateway_url).error_rate(10)
    time.sleep(3.0)
    assert load.error_rate(3.0) == 0.0
    assert load.first_failure_after(0.0) is None
    snapshot = load.snapshot()
    assert snapshot.failed == 0
    assert snapshot.ok > 20
    assert sum(good + bad for good, bad in load.per_second().values()) >= snapshot.ok


def log_lines(shop: Shop, service: str) -> list[dict[str, object]]:
    return [json.loads(line) for line in shop.log_file(service).read_text().splitlines()]


def test_one_failing_request_leaves_the_same_trace_id_in_both_logs(shop: Shop) -> None:
    fault = ConnectionPoolFault(shop.database)
    fault.start()
    try:
        assert httpx.get(f"{shop.gateway_url}/orders", params={"customer": 1}).status_code == 503
        assert metric(shop, ORDERS, "db_pool_connection_errors_total") >= 1
    finally:
        fault.stop()
    there = [line for line in log_lines(shop, ORDERS) if line["level"] == "ERROR"][-1]
    here = [line for line in log_lines(shop, GATEWAY) if line["level"] == "ERROR"][-1]
    assert here["trace_id"] == there["trace_id"]
    assert 'too many connections for database "orders"' in str(there["message"])
    assert isinstance(there["error"], dict)
    assert there["error"]["type"] == "psycopg.OperationalError"


def test_a_shop_without_its_log_and_trace_servers_serves_and_counts_what_it_dropped(
    postgres: PostgresServer, run_folder: Path
) -> None:
    nobody = f"http://127.0.0.1:{free_port()}"
    with Shop(run_folder / "deaf", postgres.url(), elasticsearch_url=nobody, otlp_url=nobody) as shop:
        for _ in range(5):
            assert httpx.get(f"{shop.gateway_url}/catalogue").status_code == 200
        give_up = time.monotonic() + 15
        while not metric(shop, GATEWAY, "log_lines_dropped_total"):
            assert time.monotonic() < give_up, "nothing was counted as dropped"
            time.sleep(0.2)
        assert {line["logger"] for line in log_lines(shop, GATEWAY)} == {"shop.http"}
    out = run_folder / "deaf" / "gateway.out"
    assert out.read_text() == ""
