"""One container: a process that is started, watched, and started again when it ends."""

import shutil
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import psutil

from rig.kubelet.environment import ConfigError
from rig.kubelet.quantity import to_bytes
from rig.kubelet.readiness import Probe, Readiness
from rig.kubelet.status import ContainerReport, Running, State, Terminated, Waiting, ending
from rig.servers.kube_api import Json
from rig.servers.process import Command, ManagedProcess

_CONFIG_RETRY_S = 1.0

Say = Callable[[str, str], None]
"""Tells the cluster about it: an event's reason and message."""


@dataclass(frozen=True)
class Backoff:
    """Seconds between restarts: at once, then `first`, then twice as long each time up to `cap`.

    Kubernetes' own are 10 and 300: nobody wants to wait for those in a demo.
    """

    first: float = 1.0
    cap: float = 10.0

    def before(self, restart: int) -> float:
        """The wait before the restart of that number, which counts from 1."""
        return 0.0 if restart <= 1 else min(self.cap, self.first * 2 ** (restart - 2))


class Container:
    """Runs as long as its pod. `tick` is called again and again by the pod's thread, which alone touches it."""

    def __init__(
        self, spec: Json, log: Path, env: Callable[[], dict[str, str]], probe: Probe | None, backoff: Backoff, say: Say
    ) -> None:
        """`env` is asked at every start; it raises ConfigError when the pod's spec cannot be met."""
        self._spec = spec
        self._log = log
        self._env = env
        self._probe = probe
        self._backoff = backoff
        self._say = say
        self._limit = _memory_limit(spec)
        self._state: State = Waiting("ContainerCreating")
        self._last: Terminated | None = None
        self._restarts = 0
        self._again_at = 0.0
        self._process: ManagedProcess | None = None
        self._readiness = Readiness(None, 0.0)

    def report(self) -> ContainerReport:
        """The container as it is now."""
        ready = isinstance(self._state, Running) and self._readiness.ready
        spec = self._spec
        return ContainerReport(spec["name"], spec.get("image", ""), self._state, self._last, self._restarts, ready)

    def tick(self) -> None:
        """Start what is due, see whether it still runs, ask whether it is ready."""
        if isinstance(self._state, Running):
            self._watch(self._state)
        elif time.monotonic() >= self._again_at:
            self._start()

    def _start(self) -> None:
        try:
            env = self._env()
        except ConfigError as error:
            self._wait(Waiting("CreateContainerConfigError", str(error)), _CONFIG_RETRY_S)
            return
        if isinstance(self._state, Terminated) or self._last is not None:
            self._restarts += 1
        argv = [*self._spec.get("command", []), *self._spec.get("args", [])]
        if not argv or shutil.which(argv[0]) is None:
            now = datetime.now(UTC)
            self._over(Terminated("StartError", 128, now, now, f"no such program: {argv[:1]!r}"))
            return
        self._process = ManagedProcess(Command(self._spec["name"], argv, self._log, env=env))
        self._process.launch()
        self._state = Running(datetime.now(UTC))
        self._readiness = Readiness(self._probe, time.monotonic())
        self._say("Started", f"Started container {self._spec['name']}")

    def _watch(self, running: Running) -> None:
        assert self._process is not None  # noqa: S101 - a running container has one
        code = self._process.exit_code
        too_big = code is None and self._limit is not None and _resident_bytes(self._process.pid) > self._limit
        if code is None and not too_big:
            was_ready = self._readiness.ready
            trouble = self._readiness.look(time.monotonic())
            if trouble and was_ready:
                self._say("Unhealthy", f"Readiness probe failed: {trouble}")
            return
        self._process.kill()  # also what it has started
        self._over(ending(code or 0, running.since, datetime.now(UTC), out_of_memory=too_big))

    def _over(self, end: Terminated) -> None:
        self._last = end
        wait = self._backoff.before(self._restarts + 1)
        name = self._spec["name"]
        if wait:
            message = f"back-off {wait:g}s restarting failed container={name}"
            self._wait(Waiting("CrashLoopBackOff", message), wait)
            self._say(
                "BackOff", f"Back-off restarting failed container {name}: {end.reason}, exit code {end.exit_code}"
            )
        else:
            self._state = end
            self._again_at = 0.0

    def _wait(self, why: Waiting, seconds: float) -> None:
        self._state = why
        self._again_at = time.monotonic() + seconds

    def stop(self, grace: float) -> None:
        """End the process: SIGTERM, and SIGKILL after `grace` seconds."""
        if self._process is not None and isinstance(self._state, Running):
            self._say("Killing", f"Stopping container {self._spec['name']}")
            self._process.stop(grace)
            self._state = ending(self._process.exit_code or 0, self._state.since, datetime.now(UTC))


def _memory_limit(spec: Json) -> int | None:
    quantity = spec.get("resources", {}).get("limits", {}).get("memory")
    return to_bytes(quantity) if quantity else None


def _resident_bytes(pid: int) -> int:
    """The resident memory of a process and its children; those that end meanwhile count as nothing."""
    total = 0
    try:
        process = psutil.Process(pid)
        for one in (process, *process.children(recursive=True)):
            total += one.memory_info().rss
    except psutil.NoSuchProcess:
        return total
    return total
