"""Elasticsearch, one node."""

from pathlib import Path

import httpx

from rig.obtain import elasticsearch
from rig.obtain.maven import java_program, java_version
from rig.servers.plain import PLAIN
from rig.servers.ports import LOOPBACK, free_port, preferred_port
from rig.servers.process import Command, ManagedProcess, Probe
from rig.servers.server import Server

_PORT = 9200
READY_WITHIN = 90.0
FIRST_JAVA_THAT_ASKS_FOR_NATIVE_ACCESS = 22
_NATIVE = "--enable-native-access=org.elasticsearch.nativeaccess,org.apache.lucene.core,ALL-UNNAMED"


class ElasticsearchServer(Server):
    """Elasticsearch at `url`, without passwords, reachable from this machine only; the data survives."""

    def __init__(self, folder: Path, *, heap_megabytes: int = 512, known_port: bool = False) -> None:
        """`known_port` prefers 9200 where it is free."""
        self._home = folder.absolute()
        self._heap = heap_megabytes
        self._port = preferred_port(_PORT) if known_port else free_port()
        self.url = f"http://{LOOPBACK}:{self._port}"
        self.process: ManagedProcess | None = None

    def start(self) -> None:
        """Start it; returns when it takes documents."""
        entry = elasticsearch.obtain()
        self._make_home(entry)
        log = self._home / "elasticsearch.log"
        argv = [*self._java(entry), "SingleNode", str(self._home), *self._settings()]
        self.process = ManagedProcess(Command("Elasticsearch", argv, log))
        self.process.start(_is_healthy(self.url), within=READY_WITHIN)

    def _make_home(self, entry: Path) -> None:
        for name in ("config", "plugins", "native"):
            (self._home / name).mkdir(parents=True, exist_ok=True)
        for file in (entry / "config").iterdir():
            (self._home / "config" / file.name).write_bytes(file.read_bytes())
        modules = self._home / "modules"
        modules.unlink(missing_ok=True)
        modules.symlink_to(entry / "modules")

    def _java(self, entry: Path) -> list[str]:
        java = java_program(elasticsearch.NAME, "java")
        asks = java_version(java) >= FIRST_JAVA_THAT_ASKS_FOR_NATIVE_ACCESS
        return [
            str(java),
            f"-Xms{self._heap}m",
            f"-Xmx{self._heap}m",
            "-XX:+UseSerialGC",  # two cores
            "-XX:TieredStopAtLevel=1",  # quick to start matters more than quick for hours
            f"-Des.nativelibs.path={self._home / 'native'}",  # none are published: Elasticsearch does without
            "-Dorg.elasticsearch.nativeaccess.enableVectorLibrary=false",
            *([_NATIVE] if asks else []),
            "-cp",
            str(entry / "launcher"),
            "-p",
            str(entry / "lib"),
            "--add-modules",
            "ALL-MODULE-PATH,jdk.net",
        ]

    def _settings(self) -> list[str]:
        return [
            "cluster.name=rig",
            "discovery.type=single-node",
            f"network.host={LOOPBACK}",
            f"http.port={self._port}",
            f"transport.port={free_port()}",
            # Else a disk that is 95 % full, which is the machine's business, makes every index read-only.
            "cluster.routing.allocation.disk.threshold_enabled=false",
        ]

    def stop(self) -> None:
        """Stop it; the indexes stay in the folder."""
        if self.process is not None:
            self.process.stop()


def _is_healthy(url: str) -> Probe:
    def ask() -> bool:
        health = httpx.get(f"{url}/_cluster/health", timeout=5.0, trust_env=False, verify=PLAIN)
        return health.is_success and health.json()["status"] in {"green", "yellow"}

    return ask
