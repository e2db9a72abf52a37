"""Connections to the store: a pool that outlives restarts of the server and shows no password."""

from collections.abc import Generator
from contextlib import contextmanager
from types import TracebackType
from typing import Any, Self

from psycopg import Connection
from psycopg.rows import TupleRow
from psycopg_pool import ConnectionPool
from pydantic import SecretStr

from integrations.store.errors import checked, translated

CONNECT_TIMEOUT_S = 5
STATEMENT_TIMEOUT_S = 30
"""Longest statement: every one of ours takes milliseconds, one that takes this long waits for something dead."""
_SILENCE_S = 10
"""A server that vanished without a word is given up after this long: the kernel alone would wait for a quarter hour."""
_SETTINGS = f"-c statement_timeout={STATEMENT_TIMEOUT_S}s -c timezone=UTC"


def connect_arguments() -> dict[str, Any]:
    """What each connection is opened with, besides its address."""
    alive = {"keepalives_idle": _SILENCE_S, "keepalives_interval": 3, "keepalives_count": 3}
    named = {"application_name": "nightshift", "options": _SETTINGS}
    return {"connect_timeout": CONNECT_TIMEOUT_S, "tcp_user_timeout": _SILENCE_S * 1000, **alive, **named}


class Pool:
    """Up to `size` connections, opened when first needed. Use it as a context, or call `close` at the end."""

    def __init__(self, dsn: SecretStr, *, size: int = 10) -> None:
        self._pool = ConnectionPool(
            checked(dsn).get_secret_value(),
            kwargs=connect_arguments(),
            min_size=0,
            max_size=size,
            timeout=CONNECT_TIMEOUT_S,
            # A connection that died while it lay in the pool is noticed here, not by the caller.
            check=ConnectionPool.check_connection,
            name="nightshift-store",
            open=False,
        )

    @contextmanager
    def transaction(self) -> Generator[Connection[TupleRow]]:
        """One transaction: committed at the end, rolled back on an error. Raises PortError."""
        with translated():
            self._pool.open()
            with self._pool.connection() as connection:
                yield connection

    def ping(self) -> None:
        """Does it answer? Raises PortError when it does not."""
        with self.transaction() as connection:
            connection.execute("SELECT 1")

    def close(self) -> None:
        self._pool.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()
