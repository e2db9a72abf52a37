"""The rig's PostgreSQL has pgvector, databases and roles of its own, and keeps its data."""

from pathlib import Path

import psycopg
import pytest

from rig.servers.postgres import PostgresServer


def test_a_test_database_measures_distances(database: str) -> None:
    with psycopg.connect(database) as connection:
        row = connection.execute("SELECT '[1,2]'::vector <-> '[4,6]'::vector").fetchone()
    assert row == (5.0,)


def test_a_role_owns_its_database_and_no_other(postgres: PostgresServer) -> None:
    postgres.create_role("clerk")
    postgres.create_database("ledger", owner="clerk")
    with postgres.connect("ledger", "clerk") as connection:
        connection.execute("CREATE TABLE entries (amount int)")
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            connection.execute("CREATE ROLE another")
    postgres.drop_database("ledger")


def test_it_listens_on_no_network_port(postgres: PostgresServer) -> None:
    with postgres.connect() as connection:
        assert connection.execute("SHOW listen_addresses").fetchone() == ("",)


def test_data_survives_a_restart_and_open_sessions_do_not_hold_up_the_stop(tmp_path: Path) -> None:
    server = PostgresServer(tmp_path)
    with server:
        server.create_database("kept")
        session = server.connect("kept")
        session.execute("CREATE TABLE survivors AS SELECT 7 AS number")
    with pytest.raises(psycopg.OperationalError):
        session.execute("SELECT 1")
    session.close()
    with server, server.connect("kept") as connection:
        assert connection.execute("SELECT number FROM survivors").fetchone() == (7,)


def test_a_path_too_long_for_a_socket_is_no_obstacle(tmp_path: Path) -> None:
    with PostgresServer(tmp_path / ("deep" * 25)) as server, server.connect() as connection:
        assert connection.execute("SELECT 1").fetchone() == (1,)
