"""Trouble that grows until it hurts: what a shop can bear is its machine's, and a fault that hurts nobody is none."""

import threading
from collections.abc import Callable

import httpx

from rig.servers.plain import PLAIN
from rig.shop.routes import ORDERS

_MORE_AFTER_S = 8.0
_ANSWERED_IN_S = 3.0
"""A customer who waits for longer is one whom the shop cannot serve: its own rule on latency says so."""


class Growing:
    """Calls `more` at once, and again every few seconds, at most so many times in all, while the customers of this
    gateway are served.
    """

    def __init__(self, more: Callable[[], None], most: int, gateway: str) -> None:
        self._more, self._left, self._gateway = more, most, gateway
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._grow, name="growing", daemon=True)

    def start(self) -> None:
        """Begin; raises what the first call raises."""
        self._more()
        self._left -= 1
        self._thread.start()

    def stop(self) -> None:
        """Call no more. Harmless when it was never started."""
        self._over.set()
        if self._thread.is_alive():
            self._thread.join()

    def _grow(self) -> None:
        while self._left > 0 and not self._over.wait(_MORE_AFTER_S) and served(self._gateway):
            self._more()
            self._left -= 1


def served(gateway: str) -> bool:
    """Does one more customer see their orders before they would leave?"""
    try:
        return httpx.get(
            f"{gateway}/{ORDERS}", params={"customer": 1}, timeout=_ANSWERED_IN_S, trust_env=False, verify=PLAIN
        ).is_success
    except httpx.TransportError:
        return False
