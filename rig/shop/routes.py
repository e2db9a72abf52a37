"""The shop's routes and the status codes each is expected to answer: one table for services and history."""

from collections.abc import Mapping
from types import MappingProxyType

GATEWAY = "gateway"
ORDERS = "orders"
CATALOGUE = "catalogue"

Routes = Mapping[str, tuple[int, ...]]

# The first code of each is the one of a good answer.
ROUTES: Mapping[str, Routes] = MappingProxyType(
    {
        GATEWAY: {
            "GET /catalogue": (200, 502, 504),
            "GET /orders": (200, 500, 502, 503, 504),
            "POST /orders": (201, 500, 502, 503, 504),
        },
        ORDERS: {
            "GET /orders": (200, 500, 503, 504),
            "POST /orders": (201, 500, 503, 504),
            "GET /orders/export": (200, 500, 503, 504),
            "GET /orders/revenue": (200, 503, 504),
        },
        CATALOGUE: {"GET /products": (200,), "GET /products/{product_id}": (200, 404)},
    }
)
