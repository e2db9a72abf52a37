"""The gateway: the shop's front door. It asks the catalogue and orders and passes their answers on."""

import logging
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

from fastapi import FastAPI, Request
from pydantic import BaseModel, JsonValue
from starlette.responses import JSONResponse

from rig.shop.metrics import RequestMetrics
from rig.shop.routes import CATALOGUE, GATEWAY, ORDERS, ROUTES
from rig.shop.service import new_app, observe, serve, set_up_telemetry
from rig.shop.settings import GatewaySettings
from rig.shop.upstream import Upstream, UpstreamError

_log = logging.getLogger("shop.gateway")


class Basket(BaseModel):
    """What a customer sends to order something."""

    customer_id: int
    product_id: int
    quantity: int


class Price(BaseModel):
    """What the gateway needs of a product, in cents."""

    price_cents: int


def create_app(metrics: RequestMetrics, orders: Upstream, catalogue: Upstream) -> FastAPI:
    """The gateway as an ASGI application; it closes its neighbours' connections when it ends."""

    @asynccontextmanager
    async def lifespan(_app: FastAPI) -> AsyncGenerator[None]:
        yield
        await orders.close()
        await catalogue.close()

    app = new_app(GATEWAY, lifespan)

    async def browse() -> JsonValue:
        return await catalogue.call("GET", "/products")

    async def list_orders(customer: int) -> JsonValue:
        return await orders.call("GET", "/orders", query={"customer": customer})

    async def create_order(basket: Basket) -> JsonValue:
        price = Price.model_validate(await catalogue.call("GET", f"/products/{basket.product_id}"))
        order = basket.model_dump() | {"price_cents": price.price_cents * basket.quantity}
        return await orders.call("POST", "/orders", body=order)

    app.get("/catalogue")(browse)
    app.get("/orders")(list_orders)
    app.post("/orders", status_code=201)(create_order)
    app.exception_handler(UpstreamError)(_answer_upstream_failure)
    observe(app, metrics, ROUTES[GATEWAY])
    return app


async def _answer_upstream_failure(request: Request, error: UpstreamError) -> JSONResponse:
    if error.status >= 500:  # noqa: PLR2004 -- the HTTP class of server errors
        _log.error("%s %s failed: %s", request.method, request.url.path, error, exc_info=error)
    return JSONResponse({"error": str(error)}, status_code=error.status)


def main() -> None:
    """Run the service with settings from the environment."""
    settings = GatewaySettings()  # pyright: ignore[reportCallIssue] -- fields come from the environment
    telemetry = set_up_telemetry(GATEWAY, settings)
    orders, catalogue = Upstream(ORDERS, settings.orders_url), Upstream(CATALOGUE, settings.catalogue_url)
    serve(create_app(telemetry.metrics, orders, catalogue), settings, telemetry)


if __name__ == "__main__":
    main()
