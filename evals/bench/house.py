"""A house for a measurement: real servers, and the product as processes of its own, which only look and tell."""

import secrets
from collections.abc import Mapping
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType
from typing import Self

from evals.chaos.processes import OneProcess, run_once, start_all
from rig.servers.ports import LOOPBACK, free_port
from rig.servers.postgres import PostgresServer
from rig.servers.temporal import TemporalServer
from workflows.search_attributes import ALL


class BenchHouse:
    """Temporal, PostgreSQL, one worker and one starter, on loopback; they end with the block.

    No source and no channel is set: what is measured is the machine itself.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._running = ExitStack()
        self.temporal = TemporalServer(folder / "temporal", search_attributes=ALL, log_level="error")
        self.token = secrets.token_urlsafe(24)
        self.starter = f"http://{LOOPBACK}:{free_port()}"
        self._postgres = PostgresServer(folder / "postgres", settings={"fsync": "off"})

    def __enter__(self) -> Self:
        try:
            self._start()
        except BaseException:
            self._running.close()
            raise
        return self

    def _start(self) -> None:
        for server in (self._postgres, self.temporal):
            self._running.enter_context(server)
        environment = self._environment(self._postgres.create_database("nightshift"))
        run_once(environment, "migrate")
        processes = (
            OneProcess("worker", self._folder / "worker", lambda: environment),
            OneProcess("starter", self._folder / "starter", lambda: environment, f"{self.starter}/health"),
        )
        for process in processes:
            self._running.callback(process.end)
        start_all(processes)

    def _environment(self, store: str) -> Mapping[str, str]:
        return {
            "TEMPORAL_ADDRESS": self.temporal.address,
            "DATABASE_URL": store,
            "NIGHTSHIFT_DETECTION_EVERY_S": "0",
            "NIGHTSHIFT_POSTMORTEMS": str(self._folder / "postmortems"),
            "NIGHTSHIFT_WEBHOOK_TOKEN": self.token,
            "NIGHTSHIFT_PORT": self.starter.rpartition(":")[2],
        }

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._running.close()
