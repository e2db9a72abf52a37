"""What every fault offers, and what it tells about itself."""

from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True)
class EndedSession:
    """A session of the injector that someone else ended; `sqlstate` is the server's own code, None if it gave none.

    57P01 (admin_shutdown) is what pg_terminate_backend sends.
    """

    pid: int
    sqlstate: str | None
    message: str
    ended_at: float


@dataclass(frozen=True)
class Template:
    """A Deployment's pod template as a judge compares it: the digest is over all of it."""

    revision: int
    image: str
    digest: str


@dataclass(frozen=True)
class RolloutReport:
    """A Deployment before the fault, with the fault, and now; `replica_sets` are now's, as revision and replicas."""

    before: Template
    broken: Template
    now: Template
    replica_sets: tuple[tuple[int, int], ...]

    @property
    def is_back(self) -> bool:
        """Whether the template of before is back, by a rollout of its own."""
        return self.now.digest == self.before.digest and self.now.revision > self.broken.revision


@dataclass(frozen=True)
class FaultReport:
    """Sessions opened, held now, and ended from outside; of a rollout, what became of it. Times are seconds since
    the epoch."""

    scenario: str
    started_at: float | None
    opened: int = 0
    held: int = 0
    ended: tuple[EndedSession, ...] = ()
    rollout: RolloutReport | None = None


class Fault(Protocol):
    """Something that breaks the shop until it is cured from outside or stopped."""

    scenario: str

    def start(self) -> None:
        """Break it; returns when the fault is in place, raises FaultFailedError when it cannot be."""
        ...

    def stop(self) -> None:
        """Take the fault back, whatever is left of it. Safe to call twice, or without start."""
        ...

    def report(self) -> FaultReport:
        """What it did so far."""
        ...


class FaultFailedError(Exception):
    """The fault could not be brought on."""
