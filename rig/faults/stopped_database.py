"""Database down: the server of the shop's database is stopped."""

import time

from rig.faults.fault import FaultReport
from rig.servers.postgres import PostgresServer


class StoppedDatabaseFault:
    """A fast shutdown: sessions are ended, and nobody answers at its address any more."""

    scenario = "database-down"

    def __init__(self, server: PostgresServer) -> None:
        self._server = server
        self._started_at: float | None = None

    def start(self) -> None:
        """Stop it; returns when it is down."""
        self._started_at = time.time()
        self._server.stop()

    def stop(self) -> None:
        """Start it again, if it is down; returns when it takes connections."""
        if self._server.process is not None and not self._server.process.running:
            self._server.start()

    def report(self) -> FaultReport:
        """When it was stopped."""
        return FaultReport(self.scenario, self._started_at)
