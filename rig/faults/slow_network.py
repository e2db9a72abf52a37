"""Slow network: whatever gateway and orders say to each other takes seconds to arrive."""

import time

from rig.faults.fault import FaultFailedError, FaultReport
from rig.shop.link import Link
from rig.shop.shop import Shop

DELAY_S = 2.2
"""Each way: the gateway waits four seconds for an answer, so it gives up shortly before it would arrive."""


class SlowNetworkFault:
    """Both services are well, and the network between them is not."""

    scenario = "slow-network"

    def __init__(self, shop: Shop) -> None:
        self._link: Link | None = shop.link
        self._started_at: float | None = None

    def start(self) -> None:
        """Delay all data from now on; FaultFailedError where gateway and orders are connected by nothing of ours."""
        if self._link is None:
            raise FaultFailedError("this shop has no link between gateway and orders")
        self._started_at = time.time()
        self._link.delay_s = DELAY_S

    def stop(self) -> None:
        """Delay nothing any more."""
        if self._link is not None:
            self._link.delay_s = 0.0

    def report(self) -> FaultReport:
        """When it began."""
        return FaultReport(self.scenario, self._started_at)
