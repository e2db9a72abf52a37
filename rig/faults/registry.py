"""The faults by the name of their scenario."""

from collections.abc import Callable, Mapping
from types import MappingProxyType

from rig.faults.connection_pool import ConnectionPoolFault
from rig.faults.fault import Fault
from rig.faults.held_lock import HeldLockFault
from rig.shop.database import ShopDatabase

FAULTS: Mapping[str, Callable[[ShopDatabase], Fault]] = MappingProxyType(
    {
        ConnectionPoolFault.scenario: ConnectionPoolFault,
        HeldLockFault.scenario: HeldLockFault,
    }
)
