"""Slow database query: a migration takes the table's strongest lock and then sits in its transaction."""

import time

import psycopg

from rig.faults.fault import FaultReport
from rig.faults.held_sessions import HeldSessions
from rig.shop.database import ShopDatabase

APPLICATION = "schema-migration"


class HeldLockFault:
    """Holds ACCESS EXCLUSIVE on `orders` in an open transaction: every query of the shop waits behind it.

    The session is `idle in transaction`, not `idle`: it is doing something, and ending it loses that work.
    """

    scenario = "slow-query"

    def __init__(self, database: ShopDatabase) -> None:
        self._conninfo = database.owner.get_secret_value()
        self._sessions: HeldSessions | None = None
        self._started_at: float | None = None

    def start(self) -> None:
        """Take the lock; returns when it is granted. Raises psycopg.OperationalError if that takes over 20 s."""
        connection = psycopg.connect(self._conninfo, application_name=APPLICATION, options="-c lock_timeout=20s")
        connection.execute("LOCK TABLE orders IN ACCESS EXCLUSIVE MODE")
        connection.execute("ALTER TABLE orders ADD COLUMN note text")
        self._started_at = time.time()
        self._sessions = HeldSessions()
        self._sessions.hold(connection)

    def stop(self) -> None:
        """Roll the migration back if nobody ended it."""
        if self._sessions is not None:
            self._sessions.close()

    def report(self) -> FaultReport:
        """The one session, held or ended."""
        sessions = self._sessions
        return FaultReport(
            scenario=self.scenario,
            started_at=self._started_at,
            opened=sessions.opened if sessions else 0,
            held=sessions.held if sessions else 0,
            ended=sessions.ended if sessions else (),
        )
