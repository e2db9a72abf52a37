"""A query that fits the live shop fits its history: the same names, the same labels."""

import numpy as np
from prometheus_client import CollectorRegistry
from prometheus_client.samples import Sample

from rig.history.series import all_series
from rig.history.traffic import make_traffic
from rig.shop import catalogue, gateway, orders
from rig.shop.metrics import RequestMetrics
from rig.shop.monitoring import scraped_labels
from rig.shop.order_store import connections
from rig.shop.routes import CATALOGUE, GATEWAY, ORDERS
from rig.shop.upstream import Upstream

Identity = tuple[str, frozenset[tuple[str, str]]]
# What the process says of itself beyond its memory is not part of the history.
_LIVE_ONLY = frozenset(
    {
        "process_virtual_memory_bytes",
        "process_start_time_seconds",
        "process_cpu_seconds_total",
        "process_open_fds",
        "process_max_fds",
    }
)


def live_registries() -> dict[str, CollectorRegistry]:
    """The three services as they are when they have started and nobody has called them."""
    metrics = {service: RequestMetrics() for service in (GATEWAY, ORDERS, CATALOGUE)}
    neighbours = Upstream(ORDERS, "http://127.0.0.1:1"), Upstream(CATALOGUE, "http://127.0.0.1:1")
    gateway.create_app(metrics[GATEWAY], *neighbours)
    orders.create_app(metrics[ORDERS], connections("dbname=orders"))
    catalogue.create_app(metrics[CATALOGUE])
    return {service: one.registry for service, one in metrics.items()}


def scraped(service: str, sample: Sample) -> Identity:
    """A sample's identity after the scrape has added its labels."""
    return sample.name, frozenset((sample.labels | scraped_labels(service)).items())


def test_the_history_has_exactly_the_series_of_a_live_scrape() -> None:
    rng = np.random.default_rng(1)
    past = {(one.name, frozenset(one.labels.items())) for one in all_series(rng, make_traffic(rng, 1.79e9, hours=0.1))}
    live = {
        scraped(service, sample)
        for service, registry in live_registries().items()
        for family in registry.collect()
        for sample in family.samples
        if sample.name not in _LIVE_ONLY
    }
    up = {identity for identity in past if identity[0] == "up"}
    assert {dict(labels)["service"] for _, labels in up} == {GATEWAY, ORDERS, CATALOGUE}
    assert past - up == live
