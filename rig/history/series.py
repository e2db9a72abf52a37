"""The series that this traffic would have left behind: the names and labels of a live scrape."""

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

import numpy as np
from prometheus_client.utils import floatToGoString  # pyright: ignore[reportUnknownVariableType]

from rig.history.traffic import Counts, Floats, Traffic
from rig.shop.metrics import LATENCY_BUCKETS
from rig.shop.monitoring import scraped_labels
from rig.shop.order_store import MAX_CONNECTIONS
from rig.shop.routes import CATALOGUE, GATEWAY, ORDERS, ROUTES

# Which routes one customer request of a kind touches, and the median duration in seconds of each, as measured
# on the live shop (30 s at 12 requests/s on two cores).
_TOUCHED: dict[str, tuple[tuple[str, str, float], ...]] = {
    "browse": ((GATEWAY, "GET /catalogue", 0.007), (CATALOGUE, "GET /products", 0.0015)),
    "list": ((GATEWAY, "GET /orders", 0.016), (ORDERS, "GET /orders", 0.0095)),
    "create": (
        (GATEWAY, "POST /orders", 0.0205),
        (CATALOGUE, "GET /products/{product_id}", 0.0015),
        (ORDERS, "POST /orders", 0.0095),
    ),
}
_LATENCY_SPREAD = 0.3  # of the logarithm: durations are taken to be log-normal
_RESIDENT_BYTES = {GATEWAY: 70.5e6, ORDERS: 74.6e6, CATALOGUE: 63.7e6}  # measured in the same run
_BUSY_SECONDS_PER_REQUEST = 0.009  # how long a request holds its database connection

Kind = Literal["counter", "gauge", "histogram"]


@dataclass(frozen=True)
class Series:
    """One time series; `name` is that of its samples, `family` and `kind` are for the TYPE line."""

    family: str
    kind: Kind
    name: str
    labels: dict[str, str]
    values: Floats | Counts


def all_series(rng: np.random.Generator, traffic: Traffic) -> Iterator[Series]:
    """Every series of the shop, those of one family together."""
    called = [(*touched, traffic.requests[kind]) for kind, all_touched in _TOUCHED.items() for touched in all_touched]
    called += _uncalled(traffic)
    for service, route, _, requests in called:
        yield from _request_counters(service, route, requests)
    for service, route, median, requests in called:
        yield from _durations(rng, _scraped(service, route=route), requests, median)
    for service in ROUTES:
        yield _received(service, np.sum([requests for name, _, _, requests in called if name == service], axis=0))
    for service, size in _RESIDENT_BYTES.items():
        yield _gauge("process_resident_memory_bytes", service, _wander(rng, size, len(traffic.times)))
    for service in ROUTES:
        yield _gauge("up", service, np.ones(len(traffic.times)))
    yield from _pool(rng, traffic)


def _uncalled(traffic: Traffic) -> list[tuple[str, str, float, Counts]]:
    """Routes that no customer calls, at zero as they are from the start."""
    touched = {(service, route) for all_touched in _TOUCHED.values() for service, route, _ in all_touched}
    never = np.zeros(len(traffic.times), dtype=np.int64)
    return [
        (name, route, 1.0, never) for name, of_it in ROUTES.items() for route in of_it if (name, route) not in touched
    ]


def _received(service: str, requests: Counts) -> Series:
    family = "http_requests_received"
    return Series(family, "counter", f"{family}_total", _scraped(service), np.cumsum(requests))


def _scraped(service: str, **labels: str) -> dict[str, str]:
    return scraped_labels(service) | labels


def _gauge(name: str, service: str, values: Floats | Counts) -> Series:
    return Series(name, "gauge", name, _scraped(service), values)


def _request_counters(service: str, route: str, requests: Counts) -> Iterator[Series]:
    good, *bad = ROUTES[service][route]
    for code in (good, *bad):
        values = np.cumsum(requests) if code == good else np.zeros(len(requests))
        labels = _scraped(service, route=route, code=str(code))
        yield Series("http_requests", "counter", "http_requests_total", labels, values)


def _durations(rng: np.random.Generator, labels: dict[str, str], requests: Counts, median: float) -> Iterator[Series]:
    """Cumulative buckets, count and sum of log-normal durations (seconds)."""
    bounds = (*LATENCY_BUCKETS, math.inf)
    shares = np.diff([_below(bound, median) for bound in bounds], prepend=0.0)
    cumulative = rng.multinomial(requests, shares).cumsum(axis=1).cumsum(axis=0)
    family = "http_request_duration_seconds"
    for column, bound in enumerate(bounds):
        bucket = labels | {"le": floatToGoString(bound)}
        yield Series(family, "histogram", f"{family}_bucket", bucket, cumulative[:, column])
    mean = median * math.exp(_LATENCY_SPREAD**2 / 2)
    spread = mean * math.sqrt(math.exp(_LATENCY_SPREAD**2) - 1)
    seconds = np.maximum(requests * mean + rng.normal(0.0, spread, len(requests)) * np.sqrt(requests), 0.0)
    yield Series(family, "histogram", f"{family}_count", labels, np.cumsum(requests))
    yield Series(family, "histogram", f"{family}_sum", labels, np.cumsum(seconds))


def _below(bound: float, median: float) -> float:
    """The share of log-normal durations up to `bound`."""
    if math.isinf(bound):
        return 1.0
    return 0.5 * (1.0 + math.erf(math.log(bound / median) / (_LATENCY_SPREAD * math.sqrt(2.0))))


def _wander(rng: np.random.Generator, size: float, steps: int) -> Floats:
    """Memory that sways by a few per cent and grows by nothing, in bytes."""
    slow = np.convolve(rng.normal(0.0, 1.0, steps + 59), np.ones(60) / 60, mode="valid")
    return np.round(size * (1.0 + 0.04 * slow))


def _pool(rng: np.random.Generator, traffic: Traffic) -> Iterator[Series]:
    steps = len(traffic.times)
    queries = traffic.requests["list"] + traffic.requests["create"]
    elapsed = np.diff(traffic.times, prepend=traffic.times[0] - 1.0)
    busy = rng.poisson(queries / elapsed * _BUSY_SECONDS_PER_REQUEST)
    yield _gauge("db_pool_connections", ORDERS, np.minimum(busy, MAX_CONNECTIONS))
    yield _gauge("db_pool_max_connections", ORDERS, np.full(steps, float(MAX_CONNECTIONS)))
    yield _gauge("db_pool_requests_waiting", ORDERS, np.zeros(steps))
    errors = "db_pool_connection_errors"
    yield Series(errors, "counter", f"{errors}_total", _scraped(ORDERS), np.zeros(steps))
