"""Connection pool exhausted: a leaky batch job takes every session that the database `orders` allows."""

import time

import psycopg
from psycopg.errors import TooManyConnections

from rig.faults.fault import FaultFailedError, FaultReport
from rig.faults.held_sessions import HeldSessions
from rig.shop.database import ShopDatabase

APPLICATION = "nightly-report"
_FILL_SECONDS = 20.0
_RETRY_SECONDS = 0.01


class ConnectionPoolFault:
    """Opens idle sessions as role `reporting` until the limit is full and leaves them open.

    It fills the database once. Sessions that are ended from outside stay ended: it is a job that leaked its
    connections, not one that fights back.
    """

    scenario = "connection-pool"

    def __init__(self, database: ShopDatabase) -> None:
        self._conninfo = database.reporting.get_secret_value()
        self._limit = database.connection_limit
        self._sessions: HeldSessions | None = None
        self._started_at: float | None = None

    def start(self) -> None:
        """Take all sessions, those that the shop gives back included.

        Raises FaultFailedError if that takes over 20 s, psycopg.OperationalError if the server refuses.
        """
        sessions = self._sessions = HeldSessions()
        self._started_at = time.time()
        deadline = time.monotonic() + _FILL_SECONDS
        while sessions.opened < self._limit:
            if time.monotonic() > deadline:
                raise FaultFailedError(f"only {sessions.opened} of {self._limit} sessions in {_FILL_SECONDS:.0f} s")
            if (connection := self._connect()) is None:
                time.sleep(_RETRY_SECONDS)
            else:
                sessions.hold(connection)

    def stop(self) -> None:
        """Close the sessions that are left."""
        if self._sessions is not None:
            self._sessions.close()

    def report(self) -> FaultReport:
        """Sessions opened, held and ended, the latter with the server's SQLSTATE."""
        sessions = self._sessions
        return FaultReport(
            scenario=self.scenario,
            started_at=self._started_at,
            opened=sessions.opened if sessions else 0,
            held=sessions.held if sessions else 0,
            ended=sessions.ended if sessions else (),
        )

    def _connect(self) -> psycopg.Connection | None:
        """A new idle session that ran the job's one query, or None while the database is full."""
        try:
            connection = psycopg.connect(self._conninfo, application_name=APPLICATION, autocommit=True)
        except psycopg.OperationalError as error:
            if isinstance(error, TooManyConnections) or "too many connections" in str(error):
                return None
            raise
        connection.execute("SELECT count(*), sum(price_cents * quantity) FROM orders")
        return connection
