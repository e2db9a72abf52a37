"""The kinds of faults, with the truth about each, which was written down before anything was measured: what an on-call
engineer who knows what happened would name as cause, in the product's own categories.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType

from domain.finding import Category
from evals.shop.stage import ShopStage
from rig.faults.busy_processor import BusyProcessorFault
from rig.faults.connection_pool import ConnectionPoolFault
from rig.faults.fault import Fault
from rig.faults.held_lock import HeldLockFault
from rig.faults.hung_process import HungProcessFault
from rig.faults.load_spike import LoadSpikeFault
from rig.faults.memory_leak import MemoryLeakFault
from rig.faults.process_release import ProcessReleaseFault
from rig.faults.slow_network import SlowNetworkFault
from rig.faults.stopped_database import StoppedDatabaseFault
from rig.faults.wrong_setting import WrongSettingFault
from rig.shop.routes import GATEWAY, ORDERS
from rig.shop.shop import Shop


@dataclass(frozen=True)
class Truth:
    """What is right to say. Of several services each is right: a network has two ends."""

    services: frozenset[str]
    category: Category


@dataclass(frozen=True)
class Kind:
    """A kind of fault: how it is brought on, and what is right to say of it."""

    name: str
    truth: Truth
    make: Callable[[ShopStage], Fault]


def _at(service: str, category: Category) -> Truth:
    return Truth(frozenset({service}), category)


def _shop(stage: ShopStage) -> Shop:
    assert stage.shop is not None  # noqa: S101 - faults begin when the stage is up
    return stage.shop


_KINDS = (
    Kind("connection-pool", _at(ORDERS, Category.CONNECTION_POOL), lambda s: ConnectionPoolFault(_shop(s).database)),
    Kind("held-lock", _at(ORDERS, Category.DEPENDENCY), lambda s: HeldLockFault(_shop(s).database)),
    Kind("bad-release", _at(ORDERS, Category.BAD_DEPLOYMENT), lambda s: ProcessReleaseFault(_shop(s))),
    Kind("wrong-setting", _at(ORDERS, Category.CONFIG), lambda s: WrongSettingFault(_shop(s))),
    Kind("busy-processor", _at(ORDERS, Category.CPU_SATURATION), lambda s: BusyProcessorFault(_shop(s))),
    Kind("memory-leak", _at(ORDERS, Category.MEMORY_LEAK), lambda s: MemoryLeakFault(_shop(s))),
    # Where it enters: what orders gets more of is what the gateway sends it.
    Kind("load-spike", _at(GATEWAY, Category.LOAD_SPIKE), lambda s: LoadSpikeFault(_shop(s), s.folder)),
    # To its caller a service that hangs is a dependency that is down, and it is orders that has to be looked at.
    Kind("hung-process", _at(ORDERS, Category.DEPENDENCY), lambda s: HungProcessFault(_shop(s))),
    Kind(
        "slow-network", Truth(frozenset({GATEWAY, ORDERS}), Category.NETWORK), lambda s: SlowNetworkFault(_shop(s))
    ),
    Kind(
        "database-down", _at(ORDERS, Category.DEPENDENCY),
        lambda s: StoppedDatabaseFault(s.shop_postgres),
    ),
)  # fmt: skip

KINDS: Mapping[str, Kind] = MappingProxyType({kind.name: kind for kind in _KINDS})
