"""Load spike: far more customers than usual come in at the gateway."""

import sys
import time
from pathlib import Path

from rig.faults.fault import FaultReport
from rig.servers.process import Command, ManagedProcess
from rig.shop.load import REQUESTS_PER_SECOND
from rig.shop.shop import Shop

_TIMES = 15


class LoadSpikeFault:
    """The same customers as ever, in the same proportions, and far more of them than the shop can serve.

    They are a process of their own: what counts the usual customers must not be slowed down by it. `folder` takes its
    log.
    """

    scenario = "load-spike"

    def __init__(self, shop: Shop, folder: Path) -> None:
        rate = str(_TIMES * REQUESTS_PER_SECOND)
        argv = [sys.executable, "-m", "rig.shop.load", shop.gateway_url, rate]
        self._customers = ManagedProcess(Command("customers", argv, folder / "customers.out"))
        self._started_at: float | None = None

    def start(self) -> None:
        """Let them in."""
        self._started_at = time.time()
        self._customers.launch()

    def stop(self) -> None:
        """They go, and wait for nothing."""
        self._customers.kill()

    def report(self) -> FaultReport:
        """When they came."""
        return FaultReport(self.scenario, self._started_at)
