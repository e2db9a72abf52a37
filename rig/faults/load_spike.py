"""Load spike: far more customers than usual come in at the gateway."""

import sys
import time
from pathlib import Path

from rig.faults.fault import FaultReport
from rig.faults.growing import Growing
from rig.servers.process import Command, ManagedProcess
from rig.shop.load import REQUESTS_PER_SECOND
from rig.shop.shop import Shop

_TIMES = 15
_MOST_CROWDS = 6


class LoadSpikeFault:
    """The same customers as ever, in the same proportions, and far more of them than the shop can serve: fifteen times
    the usual number, and as many again every few seconds while each is still answered in time.

    They are processes of their own: what counts the usual customers must not be slowed down by them. `folder` takes
    their logs.
    """

    scenario = "load-spike"

    def __init__(self, shop: Shop, folder: Path) -> None:
        self._gateway, self._folder = shop.gateway_url, folder
        self._crowds: list[ManagedProcess] = []
        self._growing = Growing(self._let_in, _MOST_CROWDS, shop.gateway_url)
        self._started_at: float | None = None

    def start(self) -> None:
        """Let them in."""
        self._started_at = time.time()
        self._growing.start()

    def stop(self) -> None:
        """They go, and wait for nothing."""
        self._growing.stop()
        for crowd in self._crowds:
            crowd.kill()

    def report(self) -> FaultReport:
        """When they came."""
        return FaultReport(self.scenario, self._started_at)

    def _let_in(self) -> None:
        rate = str(_TIMES * REQUESTS_PER_SECOND)
        argv = [sys.executable, "-m", "rig.shop.load", self._gateway, rate]
        crowd = ManagedProcess(Command("customers", argv, self._folder / f"customers-{len(self._crowds)}.out"))
        crowd.launch()
        self._crowds.append(crowd)
