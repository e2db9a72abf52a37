"""Load spike: far more customers than usual come in at the gateway."""

import sys
import threading
import time
from pathlib import Path

import httpx

from rig.faults.fault import FaultReport
from rig.servers.plain import PLAIN
from rig.servers.process import Command, ManagedProcess
from rig.shop.load import REQUESTS_PER_SECOND
from rig.shop.routes import ORDERS
from rig.shop.shop import Shop

_TIMES = 15
# What a shop can serve is its machine's: fifteen times as many are a crisis on one, and not on another.
_MOST_CROWDS = 6
_ANOTHER_AFTER_S = 8.0
_ANSWERED_IN_S = 3.0
"""A customer who waits for longer is one whom the shop cannot serve: its own rule on latency says so."""


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
        self._over = threading.Event()
        self._growing = threading.Thread(target=self._grow, name="load-spike", daemon=True)
        self._started_at: float | None = None

    def start(self) -> None:
        """Let them in."""
        self._started_at = time.time()
        self._let_in()
        self._growing.start()

    def stop(self) -> None:
        """They go, and wait for nothing."""
        self._over.set()
        if self._growing.is_alive():
            self._growing.join()
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

    def _grow(self) -> None:
        while len(self._crowds) < _MOST_CROWDS and not self._over.wait(_ANOTHER_AFTER_S):
            if not served(self._gateway):
                return
            self._let_in()


def served(gateway: str) -> bool:
    """Does one more customer see their orders before they would leave?"""
    try:
        return httpx.get(
            f"{gateway}/{ORDERS}", params={"customer": 1}, timeout=_ANSWERED_IN_S, trust_env=False, verify=PLAIN
        ).is_success
    except httpx.TransportError:
        return False
