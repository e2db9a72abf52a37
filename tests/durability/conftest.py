"""One house per test, on the session's servers."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from rig.servers.elasticsearch import ElasticsearchServer
from rig.servers.postgres import PostgresServer
from rig.servers.prometheus import PrometheusServer
from rig.servers.temporal import TemporalServer
from tests.durability.house import House


@pytest.fixture
def house(
    temporal_dev: TemporalServer,
    postgres: PostgresServer,
    prometheus: PrometheusServer,
    elasticsearch: ElasticsearchServer,
    database: str,
    tmp_path: Path,
) -> Iterator[House]:
    """Every connection of the database under care is held when the test begins."""
    house = House(temporal_dev, postgres, prometheus, elasticsearch, database, tmp_path)
    with house.stack:
        house.build()
        house.hold_connections()
        yield house
    postgres.drop_database(house.name)
