"""Bad release, without Kubernetes: orders is restarted with a release that fails every fourth customer."""

import time

from rig.faults.fault import FaultReport
from rig.shop.releases import BROKEN
from rig.shop.routes import ORDERS
from rig.shop.shop import Shop


class ProcessReleaseFault:
    """Stops the process and starts the broken release in its place, as a deploy script does on a machine of its own."""

    scenario = "bad-release"

    def __init__(self, shop: Shop) -> None:
        self._shop = shop
        self._started_at: float | None = None

    def start(self) -> None:
        """Returns when the new release answers; ServerFailedError when it does not."""
        self._started_at = time.time()
        self._shop.restart(ORDERS, SHOP_RELEASE=BROKEN)

    def stop(self) -> None:
        """Put the release of before back."""
        if self._started_at is not None:
            self._shop.restart(ORDERS)

    def report(self) -> FaultReport:
        """When it was released."""
        return FaultReport(self.scenario, self._started_at)
