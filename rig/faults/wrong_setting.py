"""Wrong setting: orders is restarted, same release, with the name of a database that does not exist."""

import time

from psycopg.conninfo import make_conninfo

from rig.faults.fault import FaultReport
from rig.shop.routes import ORDERS
from rig.shop.shop import Shop

WRONG = "orders_v2"
"""A database that somebody meant to make."""


class WrongSettingFault:
    """The process starts and is ready, and cannot serve what needs the database: each of its connects is refused."""

    scenario = "wrong-setting"

    def __init__(self, shop: Shop) -> None:
        self._shop = shop
        self._started_at: float | None = None

    def start(self) -> None:
        """Returns when orders answers with its new settings; ServerFailedError when it does not."""
        self._started_at = time.time()
        right = self._shop.database.app.get_secret_value()
        self._shop.restart(ORDERS, SHOP_DATABASE=make_conninfo(right, dbname=WRONG))

    def stop(self) -> None:
        """Put the settings of before back."""
        if self._started_at is not None:
            self._shop.restart(ORDERS)

    def report(self) -> FaultReport:
        """When it was set."""
        return FaultReport(self.scenario, self._started_at)
