"""The releases of the orders service. They differ in what an order costs, and one of them has a bug."""

from collections.abc import Callable, Mapping
from types import MappingProxyType

Price = Callable[[int, int], int]
"""From the price in cents and the customer's number to what the customer pays, in cents."""

STABLE, BROKEN = "1.4.2", "1.5.0"
_LOYALTY_CLASSES = 4
_REBATE_PERCENT = {0: 0, 1: 2, 2: 5}


def _full_price(price_cents: int, _customer_id: int) -> int:
    return price_cents


def _with_loyalty_rebate(price_cents: int, customer_id: int) -> int:
    """What 1.5.0 brought. Nobody has entered a rebate for the fourth class: KeyError for every fourth customer."""
    return price_cents * (100 - _REBATE_PERCENT[customer_id % _LOYALTY_CLASSES]) // 100


RELEASES: Mapping[str, Price] = MappingProxyType({STABLE: _full_price, BROKEN: _with_loyalty_rebate})
