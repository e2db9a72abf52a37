"""That nothing happened proves something only while all were at work: the product, the customers, the measuring."""

from collections.abc import Iterator
from time import time

import httpx

from rig.demo.judge import NORMAL_ERROR_RATE, Check
from rig.demo.product import Product
from rig.shop.load import Load

_SERVICES = ("catalogue", "gateway", "orders")
_LAST_S = 60
_FRESH_S = 15.0
"""Three scrapes."""
_AGES = "time() - max by (service) (timestamp(http_requests_total))"


def judge_alive(product: Product, load: Load, prometheus: str) -> Iterator[Check]:
    """What must hold at the end of a quiet run, else the quiet was that of a dead product."""
    dead = product.dead()
    yield Check("worker and starter are alive", not dead, f"{', '.join(dead)} ended" if dead else "both run")
    yield _ready(product.url)
    yield judge_served(load.per_second(), time())
    yield judge_fresh(_ages(prometheus))


def _ready(address: str) -> Check:
    try:
        status = str(httpx.get(f"{address}/ready", timeout=10, trust_env=False).status_code)
    except httpx.HTTPError as error:
        status = f"{type(error).__name__}: {error}"
    return Check("the starter is ready", status == "200", f"/ready answers {status}")


def judge_served(per_second: dict[int, tuple[int, int]], now: float) -> Check:
    """Were customers served in the last minute? `per_second` counts good and bad requests by second."""
    ended = [counts for second, counts in per_second.items() if second >= now - _LAST_S]
    good, bad = sum(good for good, _ in ended), sum(bad for _, bad in ended)
    served = good > 0 and bad <= NORMAL_ERROR_RATE * (good + bad)
    return Check("customers came, and were served", served, f"{good} served and {bad} not, in the last {_LAST_S} s")


def judge_fresh(ages: dict[str, float]) -> Check:
    """Does Prometheus see each service? `ages` are those of the newest samples, seconds by service."""
    fresh = all(ages.get(name, _FRESH_S + 1) <= _FRESH_S for name in _SERVICES)
    seen = ", ".join(f"{name} {ages[name]:.0f} s" if name in ages else f"{name} none" for name in _SERVICES)
    return Check("Prometheus has fresh samples of the shop", fresh, f"age of the newest: {seen}")


def _ages(prometheus: str) -> dict[str, float]:
    """Empty when Prometheus does not answer: then nothing is fresh."""
    try:
        answer = httpx.get(f"{prometheus}/api/v1/query", params={"query": _AGES}, timeout=10, trust_env=False)
        series = answer.raise_for_status().json()["data"]["result"]
    except httpx.HTTPError:
        return {}
    return {one["metric"].get("service", ""): float(one["value"][1]) for one in series}
