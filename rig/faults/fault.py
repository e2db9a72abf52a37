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
class FaultReport:
    """Sessions opened, held now, and ended from outside. Times are seconds since the epoch."""

    scenario: str
    started_at: float | None
    opened: int
    held: int
    ended: tuple[EndedSession, ...]


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
