"""What the bench of detection says of memory is of the process that says it."""

import subprocess
import sys
from pathlib import Path

import pytest

from evals.bench.detection.memory import peak_mb, told

ASK = "from evals.bench.detection.memory import peak_mb; print(peak_mb())"
MUCH_MB = 300


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells")
def test_a_child_does_not_count_what_its_parent_had() -> None:
    much = bytearray(b"x" * (MUCH_MB << 20))
    ours = peak_mb()
    child = subprocess.run([sys.executable, "-c", ASK], check=True, capture_output=True, text=True)
    assert ours is not None
    assert ours >= len(much) >> 20
    assert 1 < float(child.stdout) < MUCH_MB


def test_where_the_system_does_not_tell_it_is_not_known(tmp_path: Path) -> None:
    silent = tmp_path / "status"
    silent.write_text("Name:\tpython\nVmRSS:\t  90000 kB\n")
    assert peak_mb(tmp_path / "none") is peak_mb(silent) is None
    assert "not known" in told(None)
    silent.write_text("Name:\tpython\nVmHWM:\t 2097152 kB\nVmRSS:\t  90000 kB\n")
    assert peak_mb(silent) == 2_048
    assert told(2_048.0) == "at most 2,048 MB of memory"
