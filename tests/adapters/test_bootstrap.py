"""The set-up says in one sentence what a machine lacks."""

import os
import shutil
import subprocess
from pathlib import Path

PROJECT = Path(__file__).resolve().parents[2]


def _bootstrap(path: Path, **variables: str) -> subprocess.CompletedProcess[str]:
    shell = shutil.which("sh") or "/bin/sh"
    env = {**os.environ, "PATH": str(path), **variables}
    return subprocess.run([shell, PROJECT / "bootstrap"], env=env, capture_output=True, text=True, check=False)


def _link(folder: Path, *programs: str) -> None:
    for program in programs:
        (folder / program).symlink_to(shutil.which(program) or program)


def test_a_machine_without_python_is_told_which_packages_to_install(tmp_path: Path) -> None:
    _link(tmp_path, "dirname")
    done = _bootstrap(tmp_path)
    assert done.returncode == 1
    assert done.stderr == (
        "Nightshift needs Python 3.11 or newer: install the Debian packages python3 and python3-venv.\n"
    )


def test_an_old_python_is_passed_over(tmp_path: Path) -> None:
    _link(tmp_path, "dirname")
    (tmp_path / "python3").write_text("#!/bin/sh\nexit 1\n")
    (tmp_path / "python3").chmod(0o755)
    assert "needs Python 3.11 or newer" in _bootstrap(tmp_path).stderr
