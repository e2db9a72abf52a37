"""One child process that is watched: started, probed until it is ready, stopped, never left behind."""

import os
import signal
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Self

import httpx

from rig.child import tied
from rig.servers.plain import PLAIN

Probe = Callable[[], bool]
"""Asks a server whether it is ready; False, or a refused connection, means not yet."""

PROBE_EVERY_SECONDS = 0.05
LOG_LINES_IN_ERROR = 20

# Linux sends the death signal when the *thread* that started the child ends, so all children are started by
# one thread that lives as long as this process does.
_spawner = ThreadPoolExecutor(max_workers=1, thread_name_prefix="rig-spawner")


class ServerFailedError(RuntimeError):
    """A server died, or was not ready in time; the text ends with the last lines of its log."""


@dataclass(frozen=True)
class Command:
    """What to run, and how it takes its end.

    `stop_signal` asks it to stop; `grace` seconds later SIGKILL does. `death_signal` is what Linux sends it when
    this process dies. `user` is the account to run as, which only root may choose. `alone`: `env` is its whole
    environment, else it comes to ours.
    """

    name: str
    argv: Sequence[str]
    log: Path
    env: Mapping[str, str] = field(default_factory=dict[str, str])
    cwd: Path | None = None
    stop_signal: signal.Signals = signal.SIGTERM
    death_signal: signal.Signals = signal.SIGKILL
    grace: float = 10.0
    user: str | None = None
    alone: bool = False


class ManagedProcess:
    """A child process in a session of its own, so that Ctrl-C reaches us alone and we stop it in order."""

    def __init__(self, command: Command) -> None:
        self.command = command
        self._process: subprocess.Popen[bytes] | None = None
        self._last_code: int | None = None

    def start(self, ready: Probe | None = None, within: float = 30.0) -> None:
        """Start it and wait until `ready` says yes; ServerFailedError when it dies or takes longer (seconds)."""
        self.launch()
        try:
            self.wait_ready(ready or (lambda: True), within)
        except BaseException:
            self.kill()
            raise

    def launch(self) -> None:
        """Start it and return at once, for callers to whom its death is no surprise."""
        if self.running:
            raise RuntimeError(f"{self.command.name} is already running")
        self.command.log.parent.mkdir(parents=True, exist_ok=True)
        self._process = _spawner.submit(self._spawn).result()

    def _spawn(self) -> subprocess.Popen[bytes]:
        command = self.command
        with command.log.open("ab") as log:
            return subprocess.Popen(
                tied(command.argv, command.death_signal, command.user),
                cwd=command.cwd,
                env=dict(command.env) if command.alone else {**os.environ, **command.env},
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    def wait_ready(self, ready: Probe, within: float) -> None:
        """Wait until the probe says yes; ServerFailedError when the process dies or takes longer (seconds)."""
        give_up = time.monotonic() + within
        while not answers(ready):
            self.check()
            if time.monotonic() > give_up:
                raise ServerFailedError(f"{self.command.name} was not ready in {within:g} s. {self.log_tail()}")
            time.sleep(PROBE_EVERY_SECONDS)
        self.check()  # another process may have answered in its place

    def check(self) -> None:
        """ServerFailedError when the process has ended by itself."""
        if self._process is not None and (code := self._process.poll()) is not None:
            raise ServerFailedError(f"{self.command.name} ended with {code}. {self.log_tail()}")

    def stop(self, grace: float | None = None) -> None:
        """Ask it to stop, after `grace` seconds (the command's own by default) kill what is left.

        Harmless when it is not running.
        """
        if self._process is None:
            return
        if self.running:
            self._signal(self.command.stop_signal)
            with suppress(subprocess.TimeoutExpired):
                self._process.wait(self.command.grace if grace is None else grace)
        self.kill()

    def kill(self) -> None:
        """SIGKILL to the whole group, at once; harmless when it is not running."""
        if self._process is None:
            return
        self._signal(signal.SIGKILL)
        self._last_code = self._process.wait()
        self._process = None

    def _signal(self, number: signal.Signals) -> None:
        if self._process is not None:
            with suppress(ProcessLookupError, PermissionError):  # macOS: EPERM for a group of zombies
                os.killpg(self._process.pid, number)

    @property
    def running(self) -> bool:
        """Whether the process is alive."""
        return self._process is not None and self._process.poll() is None

    @property
    def exit_code(self) -> int | None:
        """What its last run ended with, negative for the number of a signal; None while it runs."""
        return self._process.poll() if self._process is not None else self._last_code

    @property
    def pid(self) -> int:
        """The process id, which is also the id of its group; RuntimeError when it was never started."""
        if self._process is None:
            raise RuntimeError(f"{self.command.name} is not running")
        return self._process.pid

    def log_tail(self) -> str:
        """The last lines of the log, said to be such."""
        log = self.command.log
        lines = log.read_text(errors="replace").splitlines() if log.exists() else []
        return "\n".join([f"Last lines of {log}:", *lines[-LOG_LINES_IN_ERROR:]])

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()


def answers_http(url: str) -> Probe:
    """A probe that is content with any 2xx answer to GET."""

    def ask() -> bool:
        return httpx.get(url, timeout=2.0, trust_env=False, verify=PLAIN).is_success

    return ask


def answers(ready: Probe) -> bool:
    """What the probe says; False while nobody answers it."""
    try:
        return ready()
    except (OSError, httpx.TransportError):
        return False
