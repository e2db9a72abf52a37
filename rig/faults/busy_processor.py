"""Busy processor: analysts ask orders for its revenue all at once, and reckoning leaves no time for customers."""

import time

from rig.faults.callers import Callers
from rig.faults.fault import FaultReport
from rig.faults.growing import Growing
from rig.shop.partners import REVENUE
from rig.shop.routes import ORDERS
from rig.shop.shop import Shop

_ANALYSTS = 16
_MOST_TIMES = 4


class BusyProcessorFault:
    """Each request reckons for half a second of processor time in a thread of orders. A Python process has one
    processor: with 16 of them every step of a customer's request waits behind the others. As many more come every few
    seconds while customers are still answered in time.
    """

    scenario = "busy-processor"

    def __init__(self, shop: Shop) -> None:
        self._callers = Callers(f"{shop.url(ORDERS)}{REVENUE}", _ANALYSTS)
        self._growing = Growing(self._callers.start, _MOST_TIMES, shop.gateway_url)
        self._started_at: float | None = None

    def start(self) -> None:
        """Begin to ask."""
        self._started_at = time.time()
        self._growing.start()

    def stop(self) -> None:
        """Ask no more; what is being reckoned is waited for."""
        self._growing.stop()
        self._callers.stop()

    def report(self) -> FaultReport:
        """When it began."""
        return FaultReport(self.scenario, self._started_at)
