"""Hung process: orders is there, holds its port, and does nothing any more."""

import os
import signal
import time

from rig.faults.fault import FaultReport
from rig.shop.routes import ORDERS
from rig.shop.shop import Shop


class HungProcessFault:
    """SIGSTOP to the process: connections are taken by the kernel, and nobody answers them."""

    scenario = "hung-process"

    def __init__(self, shop: Shop) -> None:
        self._shop = shop
        self._process: int | None = None
        self._started_at: float | None = None

    def start(self) -> None:
        """Stop it where it stands."""
        self._process = self._shop.process_id(ORDERS)
        self._started_at = time.time()
        os.kill(self._process, signal.SIGSTOP)

    def stop(self) -> None:
        """Let it go on."""
        if self._process is not None:
            os.kill(self._process, signal.SIGCONT)

    def report(self) -> FaultReport:
        """When it hung."""
        return FaultReport(self.scenario, self._started_at)
