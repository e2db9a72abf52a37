"""Makes .venv as the lock says: run as `python -m rig.bootstrap`, by any Python 3.11, before anything is installed.

Standard library only. Skipped within a moment when nothing has changed since it last went well.
"""

import fcntl
import hashlib
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

from rig import cache
from rig.package_index import uv_settings

PROJECT = Path(__file__).resolve().parent.parent
LOCK = PROJECT / "requirements" / "dev.txt"
UV_LOCK = PROJECT / "requirements" / "uv.txt"
VENV = PROJECT / ".venv"
STAMP = VENV / "nightshift-setup.json"


class SetupFailedError(RuntimeError):
    """A step of the set-up failed; the text is a sentence with the remedy, after the step's own words."""


def main() -> int:
    """0 when .venv is current; else 1, with one sentence that says why."""
    try:
        with LOCK.open() as lock:  # two runs at once would write the same environment
            fcntl.flock(lock, fcntl.LOCK_EX)
            if not _is_current():
                _set_up()
    except SetupFailedError as error:
        sys.stderr.write(f"{error}\n")
        return 1
    return 0


def _state() -> dict[str, str]:
    """What the environment was made from; it is made anew when it was moved or its Python is another."""
    return {
        "path": str(VENV),
        "python": f"{os.path.realpath(sys.executable)} {sys.version}",
        "lock": hashlib.sha256(LOCK.read_bytes()).hexdigest(),
        "project": hashlib.sha256((PROJECT / "pyproject.toml").read_bytes()).hexdigest(),
    }


def _stamp() -> dict[str, str]:
    return json.loads(STAMP.read_text()) if STAMP.exists() else {}


def _is_current() -> bool:
    return _stamp() == _state()


def _set_up() -> None:
    began = time.monotonic()
    installer = uv()
    _say("installing the locked packages into .venv (about a minute the first time)")
    before, now = _stamp(), _state()
    if any(before.get(key) != now[key] for key in ("path", "python")):
        shutil.rmtree(VENV, ignore_errors=True)
        _run([str(installer), "venv", "--quiet", "--python", sys.executable, str(VENV)], "make .venv")
    STAMP.unlink(missing_ok=True)  # half an installation must not look like a whole one
    python = ["--quiet", "--python", str(VENV / "bin" / "python")]
    _run([str(installer), "pip", "sync", *python, "--require-hashes", str(LOCK)], "install the locked packages")
    editable = ["--no-deps", "--no-build-isolation", "--editable", str(PROJECT)]
    _run([str(installer), "pip", "install", *python, *editable], "install the project")
    STAMP.write_text(json.dumps(now))
    _say(f"ready after {time.monotonic() - began:.0f} s")


def uv() -> Path:
    """The installer, of the one version that its own lock names, kept in the cache."""
    version = UV_LOCK.read_text().split()[0].partition("==")[2]
    return cache.make("uv", version, _install_uv) / "bin" / "uv"


def _install_uv(folder: Path) -> None:
    _say("fetching uv")
    with tempfile.TemporaryDirectory() as scratch:
        venv_remedy = "install the Debian package python3-venv"
        _run([sys.executable, "-m", "venv", scratch], "make a virtual environment", venv_remedy)
        pip = [f"{scratch}/bin/python", "-m", "pip", "install", "--quiet", "--target", str(folder)]
        _run([*pip, "--require-hashes", "-r", str(UV_LOCK)], "install uv")


def _run(argv: Sequence[str], aim: str, remedy: str = "look at the lines above, then run `make setup`") -> None:
    env = {**os.environ, **uv_settings(os.environ), "UV_PYTHON_DOWNLOADS": "never", "PIP_USER": "0"}
    done = subprocess.run(argv, cwd=PROJECT, env=env, stdin=subprocess.DEVNULL, check=False)
    if done.returncode != 0:
        raise SetupFailedError(f"Nightshift could not {aim}: {remedy}.")


def _say(text: str) -> None:
    sys.stderr.write(f"set-up: {text}\n")


if __name__ == "__main__":
    sys.exit(main())
