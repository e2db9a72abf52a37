"""Fixtures of the adapters of systems under care."""

from collections.abc import Iterator
from itertools import count

import pytest

from rig.servers.postgres import PostgresServer
from tests.adapters.http_server import HttpServer, http_server
from tests.adapters.under_care import APP, LIMIT, REMEDY, REPORTING, WATCH, UnderCare

_numbers = count(1)


@pytest.fixture
def care(postgres: PostgresServer) -> Iterator[UnderCare]:
    """A database under care for one test."""
    for role in (APP, REPORTING, WATCH, REMEDY):
        postgres.create_role(role)
    name = f"care_{next(_numbers)}"
    postgres.create_database(name, owner=APP)
    with postgres.connect() as admin:
        admin.execute(f"ALTER DATABASE {name} CONNECTION LIMIT {LIMIT}".encode())
        admin.execute(f"GRANT pg_monitor TO {WATCH}")
        admin.execute(f"GRANT pg_read_all_stats, pg_signal_backend TO {REMEDY}")
    under_care = UnderCare(postgres, name)
    with under_care.stack:
        yield under_care
    postgres.drop_database(name)


@pytest.fixture
def faulty() -> Iterator[HttpServer]:
    """A source that answers what the test tells it."""
    with http_server() as server:
        yield server
