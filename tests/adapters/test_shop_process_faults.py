"""Faults of processes, network and database server: each breaks the real shop until it is taken back, and no longer."""

import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import httpx
import pytest

from rig.faults.busy_processor import BusyProcessorFault
from rig.faults.fault import Fault
from rig.faults.growing import served
from rig.faults.hung_process import HungProcessFault
from rig.faults.load_spike import LoadSpikeFault
from rig.faults.memory_leak import MemoryLeakFault
from rig.faults.process_release import ProcessReleaseFault
from rig.faults.slow_network import SlowNetworkFault
from rig.faults.stopped_database import StoppedDatabaseFault
from rig.faults.wrong_setting import WrongSettingFault
from rig.servers.postgres import PostgresServer
from rig.shop.link import Link
from rig.shop.load import Load
from rig.shop.routes import GATEWAY, ORDERS
from rig.shop.shop import Shop

PATIENCE_SECONDS = 120.0
Making = Callable[[Shop, PostgresServer], Fault]
FAILING: Mapping[str, Making] = {
    "release": lambda shop, _: ProcessReleaseFault(shop),
    "setting": lambda shop, _: WrongSettingFault(shop),
    "hung": lambda shop, _: HungProcessFault(shop),
    "network": lambda shop, _: SlowNetworkFault(shop),
    "processor": lambda shop, _: BusyProcessorFault(shop),
    "database": lambda _, server: StoppedDatabaseFault(server),
}


@pytest.fixture(scope="module")
def server(run_folder: Path) -> Iterator[PostgresServer]:
    """A database server that may be stopped: nobody else is in it."""
    with PostgresServer(run_folder / "breakable") as running:
        yield running


@pytest.fixture(scope="module")
def linked(server: PostgresServer, run_folder: Path) -> Iterator[Shop]:
    """A shop whose gateway reaches orders over a link."""
    shop = Shop(run_folder / "linked-shop", server.url())
    shop.link = Link(shop.port(ORDERS))
    with shop:
        yield shop


@pytest.fixture
def customers(linked: Shop) -> Iterator[Load]:
    load = Load(linked.gateway_url, seed=7)
    load.start()
    wait_until("customers are served", lambda: failing(load) < 0.05)
    yield load
    load.stop()


def wait_until(what: str, holds: Callable[[], bool]) -> None:
    give_up = time.monotonic() + PATIENCE_SECONDS
    while not holds():
        assert time.monotonic() < give_up, f"{what}: not within {PATIENCE_SECONDS:.0f} s"
        time.sleep(0.2)


def failing(customers: Load) -> float:
    """The share of the last seconds; all of them where none was answered."""
    rate = customers.snapshot(3.0).recent_error_rate
    return 1.0 if rate is None else rate


def metric(shop: Shop, service: str, name: str) -> float:
    """The sum of a service's series of this name."""
    lines = httpx.get(f"{shop.url(service)}/metrics", timeout=20, trust_env=False).text.splitlines()
    return sum(float(line.rpartition(" ")[2]) for line in lines if line.startswith((f"{name} ", f"{name}{{")))


@pytest.mark.parametrize("kind", FAILING)
def test_customers_fail_until_the_fault_is_taken_back(
    kind: str, linked: Shop, server: PostgresServer, customers: Load
) -> None:
    fault = FAILING[kind](linked, server)
    fault.start()
    try:
        wait_until("one request in ten fails", lambda: failing(customers) > 0.1)
    finally:
        fault.stop()
    wait_until("hardly a request fails", lambda: failing(customers) < 0.05)
    fault.stop()  # harmless
    assert fault.report().started_at is not None


def test_what_leaks_is_given_back_by_a_restart_only(linked: Shop) -> None:
    before = metric(linked, ORDERS, "process_resident_memory_bytes")
    fault = MemoryLeakFault(linked)
    fault.start()
    try:
        wait_until(
            "orders has 20 MB more",
            lambda: metric(linked, ORDERS, "process_resident_memory_bytes") > before + 20e6,
        )
    finally:
        fault.stop()
    assert metric(linked, ORDERS, "process_resident_memory_bytes") < before + 20e6


def test_a_load_spike_is_more_customers_than_the_shop_can_serve(
    linked: Shop, customers: Load, run_folder: Path
) -> None:
    """However fast its machine is: the crowd grows until a customer is not served, and is gone with the fault."""
    fault = LoadSpikeFault(linked, run_folder)
    fault.start()
    try:
        usual = customers.snapshot().sent
        wait_until(
            "more than the usual customers come",
            lambda: metric(linked, GATEWAY, "http_requests_total") > 3 * usual + 500,
        )
        wait_until("a customer is not served", lambda: not served(linked.gateway_url))
    finally:
        fault.stop()
    wait_until("customers are served again", lambda: served(linked.gateway_url))


def test_a_release_and_a_setting_are_told_apart(linked: Shop) -> None:
    """What the services say of themselves: the version changes with a release only, the digest with a setting only."""

    def says() -> list[str]:
        lines = httpx.get(f"{linked.url(ORDERS)}/metrics", timeout=20, trust_env=False).text.splitlines()
        return [line for line in lines if line.startswith(("service_build_info{", "service_settings_info{"))]

    build, settings = says()
    for fault, changed in ((ProcessReleaseFault(linked), 0), (WrongSettingFault(linked), 1)):
        fault.start()
        try:
            now = says()
        finally:
            fault.stop()
        assert [a != b for a, b in zip(now, (build, settings), strict=True)] == [changed == 0, changed == 1]
    assert says() == [build, settings]
