"""Jaeger all-in-one: takes OTLP, keeps traces in memory, answers queries."""

import signal
from pathlib import Path

from rig.obtain import jaeger
from rig.servers.ports import LOOPBACK, free_port, preferred_port
from rig.servers.process import Command, ManagedProcess, answers_http
from rig.servers.server import Server

_QUERY_PORT, _OTLP_PORT = 16686, 4318
# Unless told otherwise each of these listens on all interfaces.
_OTHER_DOORS = (
    "admin.http",
    "collector.grpc-server",
    "collector.http-server",
    "collector.otlp.grpc",
    "query.grpc-server",
)
MAX_TRACES = 50_000


class JaegerServer(Server):
    """Jaeger's query API at `url`; spans go to `otlp_url` (OTLP over HTTP)."""

    def __init__(self, folder: Path, *, known_ports: bool = False) -> None:
        """`known_ports` prefers 16686 and 4318 where they are free."""
        self._folder = folder
        self._query = f"{LOOPBACK}:{preferred_port(_QUERY_PORT) if known_ports else free_port()}"
        self._otlp = f"{LOOPBACK}:{preferred_port(_OTLP_PORT) if known_ports else free_port()}"
        self.url = f"http://{self._query}"
        self.otlp_url = f"http://{self._otlp}/v1/traces"
        self.process: ManagedProcess | None = None

    def start(self) -> None:
        """Start it; returns when queries are answered."""
        command = Command(
            "Jaeger",
            [str(jaeger.obtain()), *self._arguments()],
            self._folder / "jaeger.log",
            env={"SPAN_STORAGE_TYPE": "memory"},
            stop_signal=signal.SIGKILL,  # it holds nothing to save, and SIGTERM takes ten seconds
        )
        self.process = ManagedProcess(command)
        self.process.start(answers_http(f"{self.url}/api/services"))

    def _arguments(self) -> list[str]:
        others = [f"--{door}.host-port={LOOPBACK}:{free_port()}" for door in _OTHER_DOORS]
        return [
            f"--query.http-server.host-port={self._query}",
            f"--collector.otlp.http.host-port={self._otlp}",
            f"--memory.max-traces={MAX_TRACES}",
            *others,
        ]

    def stop(self) -> None:
        """Stop it; the traces are gone."""
        if self.process is not None:
            self.process.stop()
