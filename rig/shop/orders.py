"""The orders service: lists and creates orders in its own PostgreSQL database."""

import logging
import resource
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

import psycopg
from fastapi import FastAPI, Request
from psycopg.errors import QueryCanceled
from starlette.responses import JSONResponse

from rig.shop.metrics import RequestMetrics
from rig.shop.order_store import Connections, NewOrder, Order, OrderStore, PoolCollector, connections
from rig.shop.partners import offer_exports, offer_revenue
from rig.shop.releases import RELEASES, STABLE, Price
from rig.shop.routes import ORDERS, ROUTES
from rig.shop.service import new_app, observe, serve, set_up_telemetry
from rig.shop.settings import OrdersSettings

_log = logging.getLogger("shop.orders")


def create_app(metrics: RequestMetrics, pool: Connections, price: Price = RELEASES[STABLE]) -> FastAPI:
    """The orders service as an ASGI application; it opens and closes the pool."""

    @asynccontextmanager
    async def lifespan(_app: FastAPI) -> AsyncGenerator[None]:
        await pool.open()
        yield
        await pool.close()

    app = new_app(ORDERS, lifespan)
    store = OrderStore(pool)

    async def list_orders(customer: int) -> list[Order]:
        return [_priced(order, price) for order in await store.of_customer(customer)]

    async def create_order(order: NewOrder) -> Order:
        to_pay = price(order.price_cents, order.customer_id)
        return Order(order_id=await store.add(order), **order.model_dump() | {"price_cents": to_pay})

    app.get("/orders")(list_orders)
    offer_exports(app, store)
    offer_revenue(app, store)
    app.post("/orders", status_code=201)(create_order)
    app.exception_handler(psycopg.OperationalError)(_answer_database_failure)
    metrics.registry.register(PoolCollector(pool))
    observe(app, metrics, ROUTES[ORDERS])
    return app


def _priced(order: Order, price: Price) -> Order:
    return order.model_copy(update={"price_cents": price(order.price_cents, order.customer_id)})


async def _answer_database_failure(request: Request, error: psycopg.OperationalError) -> JSONResponse:
    """503 when no session could be had, 504 when the statement ran into its timeout."""
    slow = isinstance(error, QueryCanceled)
    what = "query timed out" if slow else "database unavailable"
    _log.error("%s for %s %s: %s", what, request.method, request.url.path, error, exc_info=error)
    return JSONResponse({"error": what}, status_code=504 if slow else 503)


def main() -> None:
    """Run the service with settings from the environment."""
    settings = OrdersSettings()  # pyright: ignore[reportCallIssue] -- fields come from the environment
    if settings.memory_bytes is not None:
        resource.setrlimit(resource.RLIMIT_DATA, (settings.memory_bytes, settings.memory_bytes))
    telemetry = set_up_telemetry(ORDERS, settings)
    pool = connections(settings.database.get_secret_value())
    app = create_app(telemetry.metrics, pool, RELEASES[settings.release])
    serve(app, settings, telemetry)


if __name__ == "__main__":
    main()
