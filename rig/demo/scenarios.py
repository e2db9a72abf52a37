"""The demo's scenes: what is broken, what must come of it, and how long that may take."""

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from rig.demo.paths import POLICY, RELEASE_POLICY, RELEASE_SERVICES, SERVICES
from rig.faults.bad_release import BadReleaseFault
from rig.faults.connection_pool import ConnectionPoolFault
from rig.faults.held_lock import HeldLockFault

Ending = Literal["fixed", "escalated", "decided"]


@dataclass(frozen=True)
class Scenario:
    """`within_s`: seconds from the fault until the ending must have come. `needs` are servers beside the usual ones."""

    name: str
    says: str
    ending: Ending
    within_s: float
    policy: Path = POLICY
    services: Path = SERVICES
    needs: tuple[str, ...] = ()

    @property
    def on_cluster(self) -> bool:
        """Whether orders runs on Kubernetes."""
        return "kubernetes" in self.needs


SCENARIOS: dict[str, Scenario] = {
    ConnectionPoolFault.scenario: Scenario(
        ConnectionPoolFault.scenario,
        "a batch job opens sessions and never closes them, until the database takes no more connections",
        "fixed",
        420,
    ),
    HeldLockFault.scenario: Scenario(
        HeldLockFault.scenario,
        "a forgotten transaction holds a lock, and every order waits for it",
        "escalated",
        240,
    ),
    BadReleaseFault.scenario: Scenario(
        BadReleaseFault.scenario,
        "a new release of orders is rolled out, is ready everywhere, and fails every fourth customer",
        "decided",
        480,
        policy=RELEASE_POLICY,
        services=RELEASE_SERVICES,
        needs=("kubernetes",),
    ),
}
