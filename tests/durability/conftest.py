"""One house for all tests of durability."""

import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from temporalio.client import Client

from rig.servers.kubernetes import KubernetesServer
from tests.durability.house import House
from tests.durability.rows import RELEASE, ROWS, VICTIMS
from tests.durability.test_starter_killed import STARTER_SERVICES


@pytest.fixture(scope="package")
def house(cluster: KubernetesServer) -> Iterator[House]:
    """Up once: its processes die and come back, its databases stay. A short path, as PostgreSQL's sockets need it."""
    services = [f"{prefix}-{row.slug}" for prefix in VICTIMS for row in ROWS]
    deployed = [f"{prefix}-{row.slug}" for prefix in VICTIMS for row in ROWS if row.holder == RELEASE]
    folder = Path(tempfile.mkdtemp(prefix="nightshift-"))
    folder.chmod(0o755)
    with House(folder, [*services, *STARTER_SERVICES], deployed, cluster) as house:
        yield house
    shutil.rmtree(folder)


@pytest.fixture(scope="package")
async def client(house: House) -> Client:
    """A client of the house's Temporal; it outlives the server's death."""
    return await house.stage.temporal.connect()
