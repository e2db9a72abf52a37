"""Named connections to PostgreSQL servers under care: opened for one call, closed right after it.

Nothing is pooled: a tool that looks at servers short of connections must not keep any of them.
"""

import math
from collections.abc import Generator, Mapping
from contextlib import contextmanager

import psycopg
from psycopg.rows import DictRow, dict_row
from pydantic import SecretStr

from integrations.ports import PortError, Rejected, Unavailable

APPLICATION = "nightshift"
# Columns that are read here came with PostgreSQL 14: pg_locks.waitstart.
_OLDEST_SERVER = 140000
_LONGEST_TEXT = 300
# libpq gives no SQLSTATE for a refused login, only the server's words. A server that speaks another language is
# taken for one that is down, which costs some retries and nothing else.
_REFUSED_LOGINS = (
    "password authentication failed",
    "no password supplied",
    "no pg_hba.conf entry",
    "does not exist",
    "is not permitted to log in",
    "permission denied for database",
)

Connection = psycopg.Connection[DictRow]


class Connections:
    """Opens connections by name. `dsns` maps a name to anything that libpq reads; times in seconds.

    Names come from YAML and from variables of the environment, which know neither small letters nor hyphens: both
    spellings of a name are one.
    """

    def __init__(self, dsns: Mapping[str, SecretStr], timeout_s: float = 5.0) -> None:
        self._dsns = {_spelt(name): dsn for name, dsn in dsns.items()}
        self._timeout_s = timeout_s

    @contextmanager
    def open(self, name: str, *, database: str | None = None) -> Generator[Connection]:
        """A connection that commits each statement by itself, with limits on how long login and statements take.

        `database` replaces the one that the connection names. Raises Unavailable or Rejected, also in place of the
        psycopg errors of the block.
        """
        connection = self._connect(name, database)
        try:
            with connection:
                self._prepare(connection, name)
                yield connection
        except psycopg.Error as error:
            raise _statement_error(name, error) from error

    def _connect(self, name: str, database: str | None) -> Connection:
        dsn = self._dsns.get(_spelt(name))
        if dsn is None:
            raise Rejected(f"connection {name!r} is not configured: set NIGHTSHIFT_CONNECTION_{_spelt(name)}")
        try:
            return Connection.connect(
                dsn.get_secret_value(),
                autocommit=True,
                row_factory=dict_row,
                connect_timeout=math.ceil(self._timeout_s),
                application_name=APPLICATION,
                dbname=database,
            )
        except psycopg.ProgrammingError:
            # libpq quotes the string that it cannot read, password included: neither text nor cause may leave.
            raise Rejected(f"connection {name!r} is not a connection string that PostgreSQL's libpq reads") from None
        except psycopg.Error as error:
            raise _login_error(name, error) from error

    def _prepare(self, connection: Connection, name: str) -> None:
        if connection.info.server_version < _OLDEST_SERVER:
            raise Rejected(f"connection {name!r}: PostgreSQL {connection.info.server_version} is older than 14")
        milliseconds = str(round(self._timeout_s * 1000))
        # Not as start-up options: poolers refuse those, and they would replace the options of the string itself.
        connection.execute(
            "SELECT set_config('statement_timeout', %s, false), set_config('TimeZone', 'UTC', false)", [milliseconds]
        )


def _spelt(name: str) -> str:
    return name.upper().replace("-", "_")


def _login_error(name: str, error: psycopg.Error) -> PortError:
    text = _one_line(error)
    kind = Rejected if any(words in text for words in _REFUSED_LOGINS) else Unavailable
    return kind(f"connection {name!r}: {text}")


def _statement_error(name: str, error: psycopg.Error) -> PortError:
    """Lost connections, timeouts and a server without room pass; a refused statement is refused again."""
    passing = isinstance(error, psycopg.OperationalError | psycopg.InterfaceError)
    return (Unavailable if passing else Rejected)(f"connection {name!r}: {_one_line(error)}")


def _one_line(error: psycopg.Error) -> str:
    text = "; ".join(line.strip() for line in str(error).splitlines() if line.strip())
    return text[:_LONGEST_TEXT] or type(error).__name__
