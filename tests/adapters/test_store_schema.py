"""The schema comes by migrations, and the pool tells what is wrong without telling secrets."""

import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import psycopg
import pytest
from pydantic import SecretStr

from integrations.ports import PortError, Rejected, Unavailable
from integrations.store.migrate import migrate, versions
from integrations.store.pool import Pool
from rig.servers.postgres import PostgresServer

_MIGRATE = """
import os
from pydantic import SecretStr
from integrations.store.migrate import migrate
migrate(SecretStr(os.environ["DATABASE_URL"]))
"""


def test_two_starters_at_once_both_find_the_schema_ready(database: str) -> None:
    starters = [
        subprocess.Popen([sys.executable, "-c", _MIGRATE], env={**os.environ, "DATABASE_URL": database})
        for _ in range(2)
    ]
    assert [starter.wait(timeout=60) for starter in starters] == [0, 0]
    assert _is_ready(database)


def test_two_threads_of_one_process_may_migrate_at_once(database: str) -> None:
    with ThreadPoolExecutor(2) as threads:
        for done in [threads.submit(migrate, SecretStr(database)) for _ in range(2)]:
            done.result(timeout=60)
    assert _is_ready(database)


def _is_ready(database: str) -> bool:
    with psycopg.connect(database) as connection:
        rows = connection.execute("SELECT version_num FROM nightshift.alembic_version").fetchall()
    has, wanted = versions(SecretStr(database))
    return has is not None and has == wanted and len(rows) == 1


def test_migrating_again_changes_nothing(database: str) -> None:
    migrate(SecretStr(database))
    with psycopg.connect(database) as connection:
        connection.execute("INSERT INTO nightshift.evidence (sha256, content) VALUES ('a', 'b')")
    migrate(SecretStr(database))
    with psycopg.connect(database) as connection:
        assert connection.execute("SELECT count(*) FROM nightshift.evidence").fetchone() == (1,)


def test_a_role_that_is_no_superuser_can_migrate_its_own_database(postgres: PostgresServer) -> None:
    postgres.create_role("keeper")
    address = SecretStr(postgres.create_database("kept_by_keeper", owner="keeper"))
    try:
        migrate(address)
        with Pool(address) as pool:
            pool.ping()
    finally:
        postgres.drop_database("kept_by_keeper")


@pytest.mark.parametrize(
    ("address", "error"),
    [
        ("postgres//mia:hunter2@db/nightshift", Rejected),
        ("postgresql://mia:hunter2@[db/nightshift", Rejected),
        ("postgresql://mia:hunter2@127.0.0.1:9/nightshift", Unavailable),
    ],
)
def test_an_address_that_does_not_work_is_said_without_its_password(address: str, error: type[PortError]) -> None:
    with pytest.raises(error) as caught:
        migrate(SecretStr(address))
    told = [caught.value, caught.value.__cause__, caught.value.__context__]
    assert "hunter2" not in " ".join(str(e) for e in told)


def test_a_database_that_does_not_exist_is_not_worth_a_retry(postgres: PostgresServer) -> None:
    with pytest.raises(Rejected, match="does not exist"):
        migrate(SecretStr(postgres.url("nowhere")))


def test_a_pool_is_unavailable_while_the_server_is_down_and_works_when_it_is_back(tmp_path: Path) -> None:
    with PostgresServer(tmp_path) as server:
        address = server.create_database("kept")
        with Pool(SecretStr(address), size=2) as pool:
            pool.ping()
            server.stop()
            with pytest.raises(Unavailable):
                pool.ping()
            server.start()
            pool.ping()


def test_importing_the_store_loads_neither_sqlalchemy_nor_numpy() -> None:
    modules = ["incidents", "audit", "guard", "evidence", "memory", "postmortems", "migrate"]
    program = "".join(f"import integrations.store.{name}\n" for name in modules)
    program += "import sys; print({'sqlalchemy', 'alembic', 'numpy', 'sklearn'} & set(sys.modules))"
    loaded = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True, timeout=60)
    assert loaded.stdout.strip() == "set()"
