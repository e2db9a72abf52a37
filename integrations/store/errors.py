"""What PostgreSQL says, translated: is a retry worth it, in words without secrets."""

import re
from collections.abc import Generator
from contextlib import contextmanager

import psycopg
from psycopg.conninfo import conninfo_to_dict
from psycopg_pool import PoolTimeout
from pydantic import SecretStr

from integrations.ports import PortError, Rejected, Unavailable

_LONGEST = 300
# A standby that took over, a worker that is newer than the schema, rights that are being set: an operator mends these,
# and what was to be written must not be thrown away meanwhile.
_MENDED = (
    psycopg.errors.ReadOnlySqlTransaction, psycopg.errors.UndefinedTable, psycopg.errors.UndefinedColumn,
    psycopg.errors.InsufficientPrivilege,
)  # fmt: skip
_TEMPORARY = (psycopg.OperationalError, psycopg.InterfaceError, *_MENDED)
# No retry mends these. A refused connection comes without its SQLSTATE, so all there is to go by is its text.
_SETTINGS_WRONG = re.compile(r"FATAL: .*(password authentication failed|does not exist|no pg_hba.conf entry)", re.S)


@contextmanager
def translated() -> Generator[None]:
    """Turn errors of psycopg into Unavailable or Rejected."""
    try:
        yield
    except psycopg.Error as error:
        raise translate(error) from error


def translate(error: psycopg.Error) -> PortError:
    """Unavailable where a retry may help, else Rejected. Only the first sentence is kept: the details show data."""
    text = f"store: {_sentence(error)}"
    if isinstance(error, _TEMPORARY) and not _SETTINGS_WRONG.search(str(error)):
        return Unavailable(text)
    return Rejected(text)


def checked(dsn: SecretStr) -> SecretStr:
    """The address, if it is one. psycopg's own error would repeat it, password and all.

    Raises Rejected.
    """
    if not _parses(dsn):
        raise Rejected("DATABASE_URL: not a PostgreSQL address such as postgresql://user:password@host/database")
    return dsn


def _parses(dsn: SecretStr) -> bool:
    try:
        conninfo_to_dict(dsn.get_secret_value())
    except psycopg.Error:
        return False
    return True


def _sentence(error: psycopg.Error) -> str:
    if isinstance(error, PoolTimeout):
        return "no connection to PostgreSQL in time: it is down, unreachable or has no free connection"
    said = error.diag.message_primary or str(error) or type(error).__name__
    return " ".join(said.split())[:_LONGEST]
