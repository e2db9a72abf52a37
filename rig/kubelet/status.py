"""What the kubelet reports: a pod's status from the states of its containers, in the API's own form."""

import signal
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from rig.servers.kube_api import Json
from rig.servers.ports import LOOPBACK

KILLED = 128 + signal.SIGKILL


@dataclass(frozen=True)
class Waiting:
    """Not running: not started yet, or waiting to be started again."""

    reason: str
    message: str = ""

    def as_json(self) -> Json:
        """The field `state`."""
        return {"waiting": {"reason": self.reason, "message": self.message}}


@dataclass(frozen=True)
class Running:
    """Running since then."""

    since: datetime

    def as_json(self) -> Json:
        """The field `state`."""
        return {"running": {"startedAt": stamp(self.since)}}


@dataclass(frozen=True)
class Terminated:
    """Ended; the exit code is a shell's: 128 and more for a signal."""

    reason: str
    exit_code: int
    since: datetime
    ended: datetime
    message: str = ""

    def as_json(self) -> Json:
        """The field `state` or `lastState`."""
        times = {"startedAt": stamp(self.since), "finishedAt": stamp(self.ended)}
        return {"terminated": {"reason": self.reason, "exitCode": self.exit_code, "message": self.message, **times}}


State = Waiting | Running | Terminated


@dataclass(frozen=True)
class ContainerReport:
    """One container as it is now. `last` is how its run before this one ended."""

    name: str
    image: str
    state: State
    last: Terminated | None
    restarts: int
    ready: bool

    def as_json(self) -> Json:
        """An entry of `containerStatuses`."""
        return {
            "name": self.name,
            "image": self.image,
            "imageID": "",
            "state": self.state.as_json(),
            "lastState": self.last.as_json() if self.last else {},
            "restartCount": self.restarts,
            "ready": self.ready,
            "started": isinstance(self.state, Running),
        }


def ending(code: int, since: datetime, ended: datetime, *, out_of_memory: bool = False) -> Terminated:
    """How a run ended that exited with `code`, negative for the number of a signal."""
    if out_of_memory:
        return Terminated("OOMKilled", KILLED, since, ended)
    return Terminated("Error" if code else "Completed", code if code >= 0 else 128 - code, since, ended)


def stamp(moment: datetime) -> str:
    """A time as the API writes it: whole seconds, UTC."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


class PodStatus:
    """The status of one pod over time; conditions keep the time at which they last changed."""

    def __init__(self, began: datetime) -> None:
        self._began = began
        self._changed: dict[str, tuple[bool, datetime]] = {}
        self._was_running = False

    def as_json(self, containers: Sequence[ContainerReport], now: datetime) -> Json:
        """The whole field `status`."""
        self._was_running = self._was_running or all(not isinstance(c.state, Waiting) for c in containers)
        ready = all(container.ready for container in containers)
        flags = {"PodScheduled": True, "Initialized": True, "ContainersReady": ready, "Ready": ready}
        return {
            "phase": "Running" if self._was_running else "Pending",
            "startTime": stamp(self._began),
            "hostIP": LOOPBACK,
            "podIP": LOOPBACK,
            "podIPs": [{"ip": LOOPBACK}],
            "conditions": [self._condition(kind, now, holds=holds) for kind, holds in flags.items()],
            "containerStatuses": [container.as_json() for container in containers],
        }

    def _condition(self, kind: str, now: datetime, *, holds: bool) -> Json:
        known = self._changed.get(kind)
        if known is None or known[0] is not holds:
            self._changed[kind] = (holds, now)
        why = {} if holds else {"reason": "ContainersNotReady", "message": "containers with unready status"}
        since = stamp(self._changed[kind][1])
        return {"type": kind, "status": str(holds), "lastTransitionTime": since, **why}
