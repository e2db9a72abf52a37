"""What has to end before the process can stop: streams would keep their connections open for ever."""

from collections.abc import Callable


class Closing:
    """Called by the server as soon as it is told to stop."""

    def __init__(self) -> None:
        self._endings: list[Callable[[], None]] = []

    def at_the_end(self, *endings: Callable[[], None]) -> None:
        self._endings += endings

    def end(self) -> None:
        for ending in self._endings:
            ending()
