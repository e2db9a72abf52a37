"""What orders offers beside the shop itself, to partners and analysts: seldom used, and written with less care."""

import random
import statistics
import uuid

from fastapi import FastAPI
from starlette.concurrency import run_in_threadpool

from rig.shop.order_store import Order, OrderStore

EXPORT, REVENUE = "/orders/export", "/orders/revenue"
_EXPORTED = 2000
_SAMPLED = 500
_SAMPLES = 4000


def offer_exports(app: FastAPI, store: OrderStore) -> None:
    """`GET /orders/export` begins a download of all orders.

    Every download is kept, so that it can be taken up where it broke off, and nothing ever forgets one: a leak.
    """
    begun: dict[str, list[Order]] = {}

    async def export() -> dict[str, str | int]:
        download = str(uuid.uuid4())
        begun[download] = await store.newest(_EXPORTED)
        return {"download": download, "orders": len(begun[download])}

    app.get(EXPORT)(export)


def offer_revenue(app: FastAPI, store: OrderStore) -> None:
    """`GET /orders/revenue` estimates the revenue of an order with its margin, which takes a second of processor."""

    async def revenue() -> dict[str, float]:
        amounts = [order.price_cents * order.quantity for order in await store.newest(_SAMPLED)]
        low, high = await run_in_threadpool(_margin, amounts)
        return {"low": low, "high": high}

    app.get(REVENUE)(revenue)


def _margin(amounts: list[int]) -> tuple[float, float]:
    """Between which the mean lies nine times in ten, by resampling (Efron 1979)."""
    chance = random.Random(0)  # noqa: S311 -- statistics, not secrets
    means = [statistics.fmean(chance.choices(amounts, k=len(amounts))) for _ in range(_SAMPLES)]
    cuts = statistics.quantiles(means, n=20)
    return cuts[0], cuts[-1]
