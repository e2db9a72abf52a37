"""The demo's scenes: what is broken, what must come of it, and how long that may take."""

from dataclasses import dataclass
from typing import Literal

from rig.faults.connection_pool import ConnectionPoolFault
from rig.faults.held_lock import HeldLockFault

Ending = Literal["fixed", "escalated"]


@dataclass(frozen=True)
class Scenario:
    """`within_s`: seconds from the fault until the ending must have come."""

    name: str
    says: str
    ending: Ending
    within_s: float


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
}
