"""What the demo can do without: Elasticsearch and Jaeger. Without them there are missing findings, and they say so."""

import threading
from pathlib import Path
from subprocess import SubprocessError

from rich.console import Console

from rig.obtain import jaeger as jaeger_program
from rig.obtain.missing import Missing
from rig.obtain.progress import Progress, StepFailedError
from rig.servers.elasticsearch import ElasticsearchServer
from rig.servers.jaeger import JaegerServer
from rig.servers.process import ServerFailedError

_TROUBLE = (Missing, StepFailedError, ServerFailedError, SubprocessError, OSError)


class OptionalServers:
    """Elasticsearch is waited for; a Jaeger that has to be built first is built in the background."""

    def __init__(self, folder: Path, console: Console, *, known_ports: bool = True) -> None:
        self._console = console
        self._elasticsearch = ElasticsearchServer(folder / "elasticsearch", known_port=known_ports)
        self._jaeger = JaegerServer(folder / "jaeger", known_ports=known_ports)
        self._lock = threading.Lock()
        self._stopped = False
        self._jaeger_up = threading.Event()
        self.elasticsearch_url: str | None = None

    @property
    def jaeger_url(self) -> str:
        """Where Jaeger answers, or will answer when it is built."""
        return self._jaeger.url

    @property
    def otlp_url(self) -> str:
        """Where spans go, whether somebody takes them yet or not."""
        return self._jaeger.otlp_url

    @property
    def jaeger_up(self) -> bool:
        """Whether Jaeger answers already."""
        return self._jaeger_up.is_set()

    def start(self) -> None:
        """Start what is here; returns without waiting for what has to be built."""
        self._start_elasticsearch()
        if jaeger_program.find() is not None:
            self._start_jaeger()
            return
        self._console.print("[yellow]building[/]   Jaeger, in the background: until then traces are a missing finding")
        threading.Thread(target=self._start_jaeger, name="jaeger-build", daemon=True).start()

    def _start_elasticsearch(self) -> None:
        try:
            self._elasticsearch.start()
        except _TROUBLE as error:
            self._console.print(f"[yellow]without[/]    {error} The demo goes on without logs.", highlight=False)
        else:
            self.elasticsearch_url = self._elasticsearch.url
            self._console.print(f"[green]up[/]         Elasticsearch at {self.elasticsearch_url}", highlight=False)

    def _start_jaeger(self) -> None:
        try:
            jaeger_program.obtain(_silent)
            with self._lock:
                if self._stopped:
                    return
                self._jaeger.start()
                self._jaeger_up.set()
        except _TROUBLE as error:
            self._console.print(f"[yellow]without[/]    {error} The demo goes on without traces.", highlight=False)
        else:
            self._console.print(f"[green]up[/]         Jaeger at {self._jaeger.url}", highlight=False)

    def stop(self) -> None:
        """Stop both; a build that is still running is abandoned with the process."""
        with self._lock:
            self._stopped = True
            self._jaeger.stop()
        self._elasticsearch.stop()


def _silent(_: Progress) -> None:
    """The build runs behind the incident: it must not write between its lines."""
