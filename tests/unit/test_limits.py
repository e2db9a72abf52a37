"""What hangs is named, also when it hangs in a second try."""

import subprocess
import sys
from pathlib import Path

from tests.run import PROJECT

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
    (tmp_path / "pytest.ini").write_text("[pytest]\ntimeout = 2\n")
    (tmp_path / "test_hanging.py").write_text(_HANGS_AT_ITS_SECOND_TRY)
    command = [sys.executable, "-m", "pytest", "-p", "tests.fixtures.limits", "--rootdir", str(tmp_path), str(tmp_path)]
    done = subprocess.run(command, cwd=PROJECT, capture_output=True, text=True, check=False, timeout=120)
    assert done.returncode == 1
    assert "1 failed, 1 rerun" in done.stdout
    assert "Timeout" in done.stdout
