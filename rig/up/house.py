"""The house that `nightshift up` runs: Temporal, PostgreSQL, worker and starter, each watched."""

import asyncio
import os
import subprocess
import sys
import time
from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Self

from rig.servers.ports import LOOPBACK
from rig.servers.postgres import PostgresServer
from rig.servers.process import Command, ManagedProcess, ServerFailedError, answers_http
from rig.servers.server import Server
from rig.servers.temporal import TemporalServer
from rig.up import environment
from rig.up.folder import log_in
from rig.up.supervisor import Say, Supervisor, Watched
from starter.cli.exits import Exit, Stop
from workflows.search_attributes import ALL

_PROGRAM = Path(sys.executable).with_name("nightshift")
_MIGRATE_S = 120
_READY_S = 120.0
# A worker lets running activities finish for 20 s.
_GRACE_S = 25.0
_OPEN = "WorkflowType='IncidentWorkflow' AND ExecutionStatus='Running'"


@dataclass(frozen=True)
class Ports:
    """Where it listens, always on loopback."""

    temporal: int
    ui: int
    starter: int


class House:
    """Everything that runs while the block lasts; `folder` keeps what has to survive."""

    def __init__(self, folder: Path, ports: Ports, say: Say) -> None:
        self._folder = folder
        self._say = say
        self._running = ExitStack()
        self._watched: list[Watched] = []
        self._ports = ports
        self.temporal = TemporalServer(
            folder / "temporal", search_attributes=ALL, ports=(ports.temporal, ports.ui)
        )  # fmt: skip
        self.postgres = PostgresServer(folder / "postgres")
        self.url = f"http://{LOOPBACK}:{ports.starter}"
        self.environment: Mapping[str, str] = {}

    def __enter__(self) -> Self:
        try:
            self._start()
        except BaseException:
            self._running.close()
            raise
        return self

    def _start(self) -> None:
        self._server("PostgreSQL", self.postgres)
        self._server("Temporal", self.temporal)
        self.environment = environment.environment(
            self.temporal.address, self.temporal.namespace, self.temporal.ui_url,
            self.postgres.create_database("nightshift"), self._ports.starter, self._folder,
        )  # fmt: skip
        environment.write(self.environment_file, self.environment)
        self._migrate()
        worker, starter = self._process("worker"), self._process("starter")
        starter.wait_ready(answers_http(f"{self.url}/ready"), _READY_S)
        worker.check()

    def _server(self, name: str, server: TemporalServer | PostgresServer) -> None:
        began = time.monotonic()
        self._running.enter_context(server)
        self._watched.append(Watched(name, lambda: _again(server), lambda: _ended(server.process)))
        self._say(f"{name} is up ({time.monotonic() - began:.1f} s)")

    def _process(self, name: str) -> ManagedProcess:
        log = log_in(self._folder, name)
        process = ManagedProcess(Command(name, [str(_PROGRAM), name], log, env=self.environment, grace=_GRACE_S))
        self._running.callback(process.stop)
        process.start()
        self._watched.append(Watched(name, lambda: _start_again(process), lambda: _ended(process)))
        self._say(f"{name} is up, log in {log}")
        return process

    def _migrate(self) -> None:
        done = subprocess.run(
            [str(_PROGRAM), "migrate"], env={**os.environ, **self.environment},
            capture_output=True, text=True, check=False, timeout=_MIGRATE_S,
        )  # fmt: skip
        if done.returncode:
            raise Stop(Exit.FAILED, f"the store could not be brought up to date: {done.stderr.strip()}")

    @property
    def environment_file(self) -> Path:
        """A file that a person sources in another terminal."""
        return self._folder / "environment"

    def open_incidents(self) -> int:
        """How many incidents go on from before."""

        async def count() -> int:
            return (await (await self.temporal.connect()).count_workflows(_OPEN)).count

        return asyncio.run(count())

    def watch(self) -> None:
        """Start again whatever dies, until an exception such as KeyboardInterrupt."""
        Supervisor(self._watched, self._say).watch()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._running.close()


def _again(server: Server) -> None:
    server.stop()
    server.start()


def _start_again(process: ManagedProcess) -> None:
    process.stop()  # what its group has left behind
    process.start()


def _ended(process: ManagedProcess | None) -> str | None:
    try:
        if process is not None:
            process.check()
    except ServerFailedError as error:
        first, *log = str(error).splitlines()
        return f"{first.partition('. ')[0]}{': ' + log[-1][:200] if log else ''}"
    return None
