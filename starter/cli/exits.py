"""Exit codes, and the exceptions that lead to them (the table is in `nightshift --help`)."""

from enum import IntEnum


class Exit(IntEnum):
    """What a script can tell apart."""

    DONE = 0
    FAILED = 1
    USAGE = 2
    NOT_FOUND = 3
    REFUSED = 4
    UNREACHABLE = 5
    OTHERWISE = 6
    TIMED_OUT = 7
    INTERRUPTED = 130


class Stop(Exception):
    """The command ends with this code; the text says what happened, what was not done, and what to do next."""

    def __init__(self, code: Exit, message: str) -> None:
        super().__init__(message)
        self.code = code


def not_found(name: str) -> Stop:
    return Stop(Exit.NOT_FOUND, f"there is no incident {name!r}; `nightshift incidents` lists them")
