"""Memory leak: a partner begins downloads of all orders, of which orders forgets none, until its memory is used up."""

import time

from rig.faults.callers import Callers
from rig.faults.fault import FaultReport
from rig.shop.partners import EXPORT
from rig.shop.routes import ORDERS
from rig.shop.shop import Shop

_EVERY_S = 0.25


class MemoryLeakFault:
    """Each download leaves its orders in memory. At the limit that the process has been given, allocations fail."""

    scenario = "memory-leak"

    def __init__(self, shop: Shop) -> None:
        self._shop = shop
        self._callers = Callers(f"{shop.url(ORDERS)}{EXPORT}", clients=1, pause_s=_EVERY_S)
        self._started_at: float | None = None

    def start(self) -> None:
        """Begin to download; the memory fills within a minute or so."""
        self._started_at = time.time()
        self._callers.start()

    def stop(self) -> None:
        """Download no more, and restart orders: what leaked is given back by nothing else."""
        if self._started_at is not None:
            self._callers.stop()
            self._shop.restart(ORDERS)

    def report(self) -> FaultReport:
        """When it began."""
        return FaultReport(self.scenario, self._started_at)
