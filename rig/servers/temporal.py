"""Temporal's development server with its web UI; the data survives in a file."""

import socket
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final, Literal

from temporalio.client import Client
from temporalio.contrib.pydantic import pydantic_data_converter

from rig.obtain import temporal
from rig.servers.ports import LOOPBACK, free_port, preferred_port
from rig.servers.process import Command, ManagedProcess, answers_http
from rig.servers.search_attributes import Keys, kind_name
from rig.servers.server import Server

LogLevel = Literal["debug", "info", "warn", "error"]
HASTY: Final[Mapping[str, str]] = {"synchronous": "off"}
"""Settings where nothing has to survive a power cut: it does not wait for the disk; its own death loses nothing."""
NAMESPACE = "default"
REGISTER_SECONDS = 30.0
_ANSWERS_SECONDS = 10.0
_PORT, _UI_PORT = 7233, 8233
# Its heap is small, and Go collects it each time that it has doubled: a fifth of all its work.
_COLLECT = {"GOGC": "400"}
_ISOLATED = ("--disable-config-env", "--disable-config-file")  # a person's own Temporal profile stays out


class TemporalServer(Server):
    """Temporal at `address`, its web UI at `ui_url`; `search_attributes` are registered at the start."""

    def __init__(
        self,
        folder: Path,
        *,
        search_attributes: Keys = (),
        log_level: LogLevel = "warn",
        known_ports: bool = False,
        ports: tuple[int, int] | None = None,
        namespaces: Sequence[str] = (),
        settings: Mapping[str, str] | None = None,
    ) -> None:
        """Data and log lie in `folder`; `known_ports` prefers 7233 and 8233 where they are free.

        `ports`, the server's and the web UI's, are taken as they are. `namespaces` are there beside the default one,
        `settings` are pragmas of SQLite.
        """
        self._folder = folder
        self._settings = dict(settings or {})
        self._search_attributes = search_attributes
        self._log_level = log_level
        self._namespaces = namespaces
        chosen = (preferred_port(_PORT), preferred_port(_UI_PORT)) if known_ports else (free_port(), free_port())
        self._port, self._ui_port = ports or chosen
        self.address = f"{LOOPBACK}:{self._port}"
        self.ui_url = f"http://{LOOPBACK}:{self._ui_port}"
        self.namespace = NAMESPACE
        self.process: ManagedProcess | None = None

    def start(self) -> None:
        """Start it; returns when the web UI answers, and the frontend knows the namespace."""
        self._folder.mkdir(parents=True, exist_ok=True)
        program, is_new = str(temporal.obtain()), not self._database.exists()
        log = self._folder / "temporal.log"
        self.process = ManagedProcess(Command("Temporal", [program, *self._arguments()], log, env=_COLLECT))
        ui_answers = answers_http(self.ui_url)
        self.process.start(lambda: _accepts(self._port) and ui_answers() and self._serves(program))
        if not is_new:
            self._register_what_is_new(program)

    def _serves(self, program: str) -> bool:
        """On a busy machine the port is open for a while before a call gets an answer."""
        argv = [program, "operator", "namespace", "describe", *_ISOLATED, f"--address={self.address}"]
        try:
            done = subprocess.run(
                [*argv, f"--namespace={self.namespace}"], check=False, capture_output=True, timeout=_ANSWERS_SECONDS
            )
        except subprocess.TimeoutExpired:
            return False
        return done.returncode == 0

    def _register_what_is_new(self, program: str) -> None:
        """The server registers attributes in a new database only; those that are known already do no harm here."""
        argv = [program, "operator", "search-attribute", "create", *_ISOLATED, f"--address={self.address}"]
        pairs = [(f"--name={key.name}", f"--type={kind_name(key)}") for key in self._search_attributes]
        if pairs:
            flags = [flag for pair in pairs for flag in pair]
            subprocess.run([*argv, *flags], check=True, capture_output=True, timeout=REGISTER_SECONDS)

    def _arguments(self) -> list[str]:
        attributes = [f"--search-attribute={key.name}={kind_name(key)}" for key in self._search_attributes]
        return [
            "server",
            "start-dev",
            *_ISOLATED,
            f"--ip={LOOPBACK}",
            f"--port={self._port}",
            f"--ui-ip={LOOPBACK}",
            f"--ui-port={self._ui_port}",
            f"--http-port={free_port()}",
            f"--metrics-port={free_port()}",
            f"--db-filename={self._database}",
            f"--log-level={self._log_level}",
            *[f"--sqlite-pragma={name}={value}" for name, value in self._settings.items()],
            *attributes,
            *(f"--namespace={name}" for name in self._namespaces),
        ]

    @property
    def _database(self) -> Path:
        return self._folder / "temporal.sqlite"

    async def connect(self, namespace: str = NAMESPACE) -> Client:
        """A client of the namespace that speaks pydantic."""
        return await Client.connect(self.address, namespace=namespace, data_converter=pydantic_data_converter)

    def stop(self) -> None:
        """Stop it; what it stored stays in the folder."""
        if self.process is not None:
            self.process.stop()


def _accepts(port: int) -> bool:
    with socket.create_connection((LOOPBACK, port), timeout=1.0):
        return True
