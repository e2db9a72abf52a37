"""What all servers of the rig have in common."""

from abc import ABC, abstractmethod
from types import TracebackType
from typing import Self


class Server(ABC):
    """A real server on loopback; a context manager that stops it on the way out."""

    @abstractmethod
    def start(self) -> None:
        """Start it and return when it answers; Missing or ServerFailedError where it does not."""

    @abstractmethod
    def stop(self) -> None:
        """Stop it; harmless when it is not running."""

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()
