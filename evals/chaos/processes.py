"""The product's own processes, killed and started again: worker, starters, Temporal's server."""

import os
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from evals.chaos.evidence import Down
from evals.chaos.script import Victim
from rig.servers.process import Command, ManagedProcess, answers_http
from rig.servers.temporal import TemporalServer

_PROGRAM = Path(sys.executable).with_name("nightshift")
_COMMAND_S = 60
_UP_WITHIN_S = 90.0
UP = "worker is up"


class ProductFailedError(RuntimeError):
    """A command of the product ended with an error; the text is what it said."""


def run_once(environment: Mapping[str, str], *arguments: str) -> str:
    """`nightshift ...` to its end; what it printed. Raises ProductFailedError."""
    done = subprocess.run(
        [str(_PROGRAM), *arguments], env={**os.environ, **environment},
        capture_output=True, text=True, check=False, timeout=_COMMAND_S,
    )  # fmt: skip
    if done.returncode:
        raise ProductFailedError(f"nightshift {' '.join(arguments)}: {done.stderr.strip() or done.stdout.strip()}")
    return done.stdout


@dataclass
class OneProcess:
    """One command of the product that is always there, but for the time between a kill and its return."""

    command: str
    folder: Path
    environment: Callable[[], Mapping[str, str]]
    health: str | None = None
    """Where it answers; None: it says in its log that it is up."""
    starts: int = 0
    process: ManagedProcess | None = None

    def start(self, within: float = _UP_WITHIN_S) -> None:
        """Returns when it is at work."""
        self.starts += 1
        log = self.folder / f"{self.folder.name}-{self.starts}.log"
        command = Command(self.command, [str(_PROGRAM), self.command], log, env=self.environment())
        self.process = ManagedProcess(command)
        says_so = answers_http(self.health) if self.health else lambda: UP in log.read_text(errors="replace")
        self.process.start(says_so, within)

    def kill(self) -> None:
        """SIGKILL: no goodbye, no flush. It must have been alive."""
        assert self.process is not None  # noqa: S101 - start() comes first
        self.process.check()
        self.process.kill()

    def end(self) -> None:
        """At the end of a run nobody waits for a goodbye; harmless when it is not running."""
        if self.process is not None:
            self.process.kill()


def start_all(processes: Sequence[OneProcess]) -> None:
    """Side by side: most of a start is importing."""
    with ThreadPoolExecutor(len(processes), "start") as at_once:
        for started in [at_once.submit(process.start) for process in processes]:
            started.result()


@dataclass
class Mortals:
    """Who may die: `kill` and `revive` them by name, and know afterwards who was away when."""

    workers: tuple[OneProcess, ...]
    starters: tuple[OneProcess, ...]
    temporal: TemporalServer
    downs: list[Down] = field(default_factory=list[Down])
    _since: dict[Victim, datetime] = field(default_factory=dict[Victim, datetime])

    def kill(self, victim: Victim) -> None:
        """SIGKILL to all processes of that name."""
        self._since[victim] = datetime.now(UTC)
        match victim:
            case Victim.WORKER:
                for worker in self.workers:
                    worker.kill()
            case Victim.STARTER:
                for starter in self.starters:
                    starter.kill()
            case Victim.SERVER:
                assert self.temporal.process is not None  # noqa: S101 - it runs
                self.temporal.process.check()
                self.temporal.process.kill()

    def revive(self, victim: Victim) -> None:
        """Start what was killed, on the data that is left, and return when it is at work."""
        match victim:
            case Victim.WORKER:
                start_all(self.workers)
            case Victim.STARTER:
                start_all(self.starters)
            case Victim.SERVER:
                self.temporal.start()
        self.downs.append(Down(victim, self._since.pop(victim), datetime.now(UTC)))

    def strike(self, victims: tuple[Victim, ...], down_s: float) -> None:
        """Kill them together, and bring them back: the server first, as nothing works without it."""
        for victim in victims:
            self.kill(victim)
        time.sleep(down_s)
        for victim in sorted(victims, key=[Victim.SERVER, Victim.WORKER, Victim.STARTER].index):
            self.revive(victim)
