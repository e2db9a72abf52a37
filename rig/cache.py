"""The cache of servers that were built or unpacked on this machine.

One entry is one folder, named by what it holds and its version. An entry is made in a folder beside the
entries and renamed when it is whole, so a build that was killed leaves nothing that could be taken for an
entry; a file lock keeps two runs from building the same thing at once.
"""

import fcntl
import os
import shutil
import tempfile
from collections.abc import Callable, Generator
from contextlib import contextmanager
from pathlib import Path

Build = Callable[[Path], None]
"""Fills the empty folder that it is given; the folder is renamed afterwards, so no path inside may be fixed."""


def root() -> Path:
    """The cache folder: NIGHTSHIFT_CACHE, else XDG_CACHE_HOME/nightshift, else ~/.cache/nightshift."""
    if chosen := os.environ.get("NIGHTSHIFT_CACHE"):
        return Path(chosen).expanduser().absolute()
    if base := os.environ.get("XDG_CACHE_HOME"):
        return Path(base).absolute() / "nightshift"
    return Path.home() / ".cache" / "nightshift"


def entry(name: str, version: str) -> Path:
    """Where the entry lies, whether it exists or not."""
    return root() / f"{name}-{version}"


def find(name: str, version: str) -> Path | None:
    """The entry if it is there and whole, else None."""
    folder = entry(name, version)
    return folder if folder.is_dir() else None


def make(name: str, version: str, build: Build) -> Path:
    """The entry, built first where it does not exist; waits while another process builds the same one."""
    if found := find(name, version):
        return found
    root().mkdir(parents=True, exist_ok=True)
    with _locked(name, version):
        return find(name, version) or _build(name, version, build)


def _build(name: str, version: str, build: Build) -> Path:
    prefix = f".building-{name}-{version}-"
    for left_over in root().glob(f"{prefix}*"):  # we hold the lock: whoever made it is dead
        shutil.rmtree(left_over)
    folder = Path(tempfile.mkdtemp(prefix=prefix, dir=root()))
    try:
        build(folder)
        folder.chmod(0o755)  # mkdtemp's 0700 would hide the servers from the user that Postgres runs as
        return folder.rename(entry(name, version))
    except BaseException:
        shutil.rmtree(folder, ignore_errors=True)
        raise


@contextmanager
def _locked(name: str, version: str) -> Generator[None]:
    """Hold the entry's lock; the kernel lets go of it when the process dies, however it dies."""
    with (root() / f".lock-{name}-{version}").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
