"""The catalogue: products and prices from memory. It has no database, so a healthy neighbour stays in view."""

from fastapi import FastAPI, HTTPException
from pydantic import BaseModel

from rig.shop.metrics import RequestMetrics
from rig.shop.routes import CATALOGUE, ROUTES
from rig.shop.service import new_app, observe, serve, set_up_telemetry
from rig.shop.settings import ServiceSettings

_NAMES = ("kettle", "lamp", "notebook", "chair", "desk", "clock", "mug", "rug", "shelf", "mirror")


class Product(BaseModel):
    """Something the shop sells; the price is in cents."""

    product_id: int
    name: str
    price_cents: int


PRODUCTS = {
    number: Product(product_id=number, name=name, price_cents=990 + 450 * number)
    for number, name in enumerate(_NAMES, start=1)
}


def create_app(metrics: RequestMetrics) -> FastAPI:
    """The catalogue as an ASGI application."""
    app = new_app(CATALOGUE)

    async def products() -> list[Product]:
        return list(PRODUCTS.values())

    async def product(product_id: int) -> Product:
        if product_id not in PRODUCTS:
            raise HTTPException(404, f"no product {product_id}")
        return PRODUCTS[product_id]

    app.get("/products")(products)
    app.get("/products/{product_id}")(product)
    observe(app, metrics, ROUTES[CATALOGUE])
    return app


def main() -> None:
    """Run the service with settings from the environment."""
    settings = ServiceSettings()  # pyright: ignore[reportCallIssue] -- fields come from the environment
    telemetry = set_up_telemetry(CATALOGUE, settings)
    serve(create_app(telemetry.metrics), settings, telemetry)


if __name__ == "__main__":
    main()
