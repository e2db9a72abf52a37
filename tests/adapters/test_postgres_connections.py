"""How connections to a PostgreSQL under care fail: each way has its own outcome, and none tells a password."""

import socket
import traceback
from collections.abc import Iterator

import psycopg
import pytest
from pydantic import SecretStr

from integrations.ports import PortError, Rejected, Unavailable
from integrations.postgres.connections import Connections
from rig.servers.postgres import PostgresServer
from tests.adapters.under_care import UnderCare

PASSWORD = "hunter2-hunter2"


@pytest.fixture
def silent_port() -> Iterator[int]:
    """A server that takes connections and never says a word."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server.getsockname()[1]


def _failure(dsn: str, statement: str = "SELECT 1", timeout_s: float = 2) -> PortError:
    with pytest.raises(PortError) as caught, Connections({"c": SecretStr(dsn)}, timeout_s).open("c") as connection:
        connection.execute(statement.encode())
    told = "".join(traceback.format_exception(caught.value))
    assert PASSWORD not in told
    return caught.value


def test_a_server_that_is_down_is_unavailable() -> None:
    failure = _failure(f"postgresql://someone:{PASSWORD}@127.0.0.1:1/postgres")
    assert isinstance(failure, Unavailable)
    assert "Connection refused" in str(failure)


def test_a_server_that_says_nothing_is_unavailable_after_the_timeout(silent_port: int) -> None:
    failure = _failure(f"postgresql://someone:{PASSWORD}@127.0.0.1:{silent_port}/postgres")
    assert isinstance(failure, Unavailable)


def test_an_unreadable_connection_string_is_rejected_without_a_word_of_it() -> None:
    failure = _failure(f"host=127.0.0.1 password='{PASSWORD}")
    assert isinstance(failure, Rejected)
    assert "connection 'c'" in str(failure)


def test_an_unknown_role_is_rejected(postgres: PostgresServer) -> None:
    failure = _failure(postgres.url("postgres", "nobody_knows"))
    assert isinstance(failure, Rejected)
    assert 'role "nobody_knows" does not exist' in str(failure)


def test_a_full_database_is_unavailable(care: UnderCare) -> None:
    care.sessions(8)
    failure = _failure(care.server.url(care.name, "care_reporting"))
    assert isinstance(failure, Unavailable)
    assert "too many connections" in str(failure)


def test_a_statement_that_takes_too_long_is_unavailable(postgres: PostgresServer) -> None:
    assert isinstance(_failure(postgres.url(), "SELECT pg_sleep(60)", timeout_s=0.5), Unavailable)


def test_a_refused_statement_is_rejected(postgres: PostgresServer) -> None:
    assert isinstance(_failure(postgres.url(), "SELECT 1/0"), Rejected)


def test_a_session_that_is_ended_under_way_is_unavailable(postgres: PostgresServer) -> None:
    failure = _failure(postgres.url(), "SELECT pg_terminate_backend(pg_backend_pid())")
    assert isinstance(failure, Unavailable)


def test_nothing_stays_open_after_a_call(postgres: PostgresServer) -> None:
    with Connections({"c": SecretStr(postgres.url())}).open("c") as connection:
        assert connection.execute("SHOW application_name").fetchone() == {"application_name": "nightshift"}
    assert connection.closed
    with pytest.raises(psycopg.OperationalError):
        connection.execute("SELECT 1")
