"""What hangs is named, also when it hangs in a second try."""

import subprocess
import sys
from pathlib import Path

from tests.run import PROJECT

_TAKES_ITS_TIME = """
import time
import pytest

@pytest.mark.timeout(60)
def test_that_may_take_longer():
    time.sleep(3)

def test_that_may_not():
    time.sleep(600)
"""
_HANGS_AT_ITS_SECOND_TRY = """
import time
import pytest

class Broke(Exception):
    pass

tries = []

@pytest.mark.flaky(reruns=1, only_rerun=["Broke"])
def test_that_hangs():
    tries.append(1)
    if len(tries) == 1:
        raise Broke
    time.sleep(600)
"""


def test_a_second_try_has_a_limit_of_its_own(tmp_path: Path) -> None:
    done = _run(_HANGS_AT_ITS_SECOND_TRY, tmp_path)
    assert done.returncode == 1
    assert "1 failed, 1 rerun" in done.stdout
    assert "Timeout" in done.stdout


def test_a_test_may_say_how_long_it_takes(tmp_path: Path) -> None:
    done = _run(_TAKES_ITS_TIME, tmp_path)
    assert "1 failed, 1 passed" in done.stdout
    assert "Timeout" in done.stdout


def test_the_command_line_may_take_all_limits_away(tmp_path: Path) -> None:
    done = _run(_TAKES_ITS_TIME.replace("600", "3"), tmp_path, "--timeout=0")
    assert "2 passed" in done.stdout


def _run(tests: str, folder: Path, *options: str) -> subprocess.CompletedProcess[str]:
    """With a limit of two seconds."""
    (folder / "pytest.ini").write_text("[pytest]\ntimeout = 2\n")
    (folder / "test_hanging.py").write_text(tests)
    command = [sys.executable, "-m", "pytest", "-p", "tests.fixtures.limits", "--rootdir", str(folder), *options]
    return subprocess.run(
        [*command, str(folder)], cwd=PROJECT, capture_output=True, text=True, check=False, timeout=120
    )
