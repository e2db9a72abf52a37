"""The folder that holds everything `nightshift up` keeps, and the lock that lets one process at a time use it."""

import fcntl
import os
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

from starter.cli.exits import Exit, Stop

_KEPT_LOGS = ".before"


def default_folder() -> Path:
    """$XDG_DATA_HOME/nightshift, else ~/.local/share/nightshift."""
    base = os.environ.get("XDG_DATA_HOME")
    return (Path(base) if base else Path.home() / ".local" / "share") / "nightshift"


@contextmanager
def opened(folder: Path) -> Generator[Path]:
    """The folder, made where there is none, and ours while the block lasts. Raises Stop when it cannot be."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        lock = (folder / "lock").open("a")
    except OSError as error:
        raise Stop(Exit.FAILED, f"{folder} cannot be used ({error.strerror}): choose another with --data") from error
    with lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            said = f"another `nightshift up` uses {folder}: end it, or choose another folder with --data"
            raise Stop(Exit.FAILED, said) from None
        yield folder


def log_in(folder: Path, name: str) -> Path:
    """Where this run's log of a process goes; the log of the run before is kept beside it."""
    log = folder / "logs" / f"{name}.log"
    if log.exists():
        log.replace(log.with_suffix(f".log{_KEPT_LOGS}"))
    return log
