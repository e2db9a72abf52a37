"""The shop on the rig's Kubernetes: customers notice a rollout only when the release is bad."""

import json
import re
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from rig.faults.bad_release import BadReleaseFault
from rig.servers.kubernetes import KubernetesServer
from rig.servers.postgres import PostgresServer
from rig.servers.prometheus import PrometheusServer
from rig.shop.cluster_shop import ClusterShop
from rig.shop.load import Load
from rig.shop.releases import BROKEN, STABLE
from rig.shop.routes import ORDERS
from tests.adapters.deployments import eventually


@pytest.fixture(scope="module")
def cluster_shop(cluster: KubernetesServer, postgres: PostgresServer, run_folder: Path) -> Iterator[ClusterShop]:
    """One for the module; a test that breaks it heals it. Its customers have a database of the session's server."""
    with ClusterShop(run_folder / "cluster-shop", postgres.url(), cluster) as running:
        yield running


@pytest.fixture
def customers(cluster_shop: ClusterShop) -> Iterator[Load]:
    load = Load(cluster_shop.gateway_url, seed=7)
    load.start()
    yield load
    load.stop()


@pytest.fixture
def bad_release(cluster_shop: ClusterShop) -> Iterator[BadReleaseFault]:
    fault = BadReleaseFault(cluster_shop)
    yield fault
    fault.stop()


def instances(prometheus: PrometheusServer) -> set[str]:
    """The pods of orders that Prometheus scrapes now."""
    found = httpx.get(f"{prometheus.url}/api/v1/targets", params={"state": "active"}, timeout=5).json()
    targets = [one for one in found["data"]["activeTargets"] if one["labels"].get("service") == ORDERS]
    return {one["labels"]["instance"] for one in targets if one["health"] == "up"}


def test_orders_are_placed_and_listed_through_the_service(cluster_shop: ClusterShop) -> None:
    basket = {"customer_id": 4711, "product_id": 2, "quantity": 3}
    placed = httpx.post(f"{cluster_shop.gateway_url}/orders", json=basket)
    assert placed.status_code == 201
    assert placed.json() in httpx.get(f"{cluster_shop.gateway_url}/orders", params={"customer": 4711}).json()


def assert_its_bug_is_logged_with_the_trace_of_the_request(cluster_shop: ClusterShop) -> None:
    trace = "0af7651916cd43dd8448eb211c80319c"
    headers = {"traceparent": f"00-{trace}-b7ad6b7169203331-01"}
    httpx.get(f"{cluster_shop.url(ORDERS)}/orders", params={"customer": 3}, headers=headers)
    lines = [json.loads(line) for file in cluster_shop.log_files() for line in file.read_text().splitlines()]
    (logged,) = [line for line in lines if line.get("trace_id") == trace and line["level"] == "ERROR"]
    assert logged["message"] == "GET /orders failed with KeyError: 3"
    assert logged["error"]["type"] == "builtins.KeyError"
    assert "_REBATE_PERCENT" in logged["error"]["stack_trace"]


def test_a_bad_release_is_ready_everywhere_fails_every_fourth_customer_and_can_be_taken_back(
    cluster_shop: ClusterShop, customers: Load, bad_release: BadReleaseFault
) -> None:
    time.sleep(2.0)
    assert customers.error_rate(2.0) == 0.0

    bad_release.start()

    assert cluster_shop.deployment()["status"]["readyReplicas"] == 2
    eventually("more than 5 % of requests fail", lambda: customers.error_rate(4.0) > 0.05)
    orders = f"{cluster_shop.gateway_url}/orders"
    assert [httpx.get(orders, params={"customer": n}).status_code for n in (4, 5, 6, 7)] == [200, 200, 200, 500]
    assert_its_bug_is_logged_with_the_trace_of_the_request(cluster_shop)
    report = bad_release.report().rollout
    assert report is not None
    assert (report.before.image, report.now.image) == (f"shop/orders:{STABLE}", f"shop/orders:{BROKEN}")
    assert not report.is_back

    cluster_shop.release(STABLE)

    eventually("no request fails", lambda: customers.error_rate(2.0) == 0.0)
    report = bad_release.report().rollout
    assert report is not None
    assert report.is_back
    assert [replicas for _, replicas in report.replica_sets] == [0, 2]


def test_a_good_rollout_fails_nobody_and_prometheus_forgets_the_pods_that_are_gone(
    cluster_shop: ClusterShop, customers: Load, prometheus: PrometheusServer
) -> None:
    before = list(prometheus.jobs)
    prometheus.jobs = [*before, *(job for job in cluster_shop.scrape_jobs if job.file is not None)]
    prometheus.reload()
    try:
        eventually("both pods are scraped", lambda: len(instances(prometheus)) == 2)
        old = instances(prometheus)
        template = {"metadata": {"annotations": {"rig.invalid/restarted": "now"}}}
        cluster_shop.cluster.api.merge(cluster_shop.deployment_path, {"spec": {"template": template}})
        cluster_shop.wait_for_rollout()
        eventually("two other pods are scraped", lambda: len(instances(prometheus) - old) == 2)
        eventually("the old ones are not", lambda: not instances(prometheus) & old)
    finally:
        prometheus.jobs = before
        prometheus.reload()
    # A connection that a pod closes in the very moment in which it is used is lost, as on any cluster.
    assert customers.error_rate(30.0) <= 0.02


def test_without_pods_the_gateway_says_that_orders_cannot_be_reached(cluster_shop: ClusterShop) -> None:
    api, path = cluster_shop.cluster.api, cluster_shop.deployment_path
    api.merge(path, {"spec": {"replicas": 0}})
    try:
        orders = f"{cluster_shop.gateway_url}/orders"
        eventually("nobody serves", lambda: httpx.get(orders, params={"customer": 1}).status_code == 502)
        said = httpx.get(orders, params={"customer": 1}).json()["error"]
        assert re.match(r"orders could not be reached", said)
    finally:
        api.merge(path, {"spec": {"replicas": 2}})
        cluster_shop.wait_for_rollout()
