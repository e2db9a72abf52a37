"""The runner of all tests tells what failed, and is not content with no test at all."""

import sys
import threading
from pathlib import Path

import pytest

from tests import run
from tests.run import Outcome, Part


def _part(code: str, folder: Path | None = None, limit: float = 60, name: str = "part") -> Part:
    return Part(name, [Path(sys.executable).name, "-c", code], "look", folder, limit=limit)


def test_a_part_passes_only_with_exit_code_0() -> None:
    assert _part("raise SystemExit(0)").run() is Outcome.PASSED
    assert _part("raise SystemExit(5)").run() is Outcome.FAILED, "pytest's 5: it found no test"


def test_a_part_whose_folder_is_gone_has_tested_nothing_and_fails_the_run(tmp_path: Path) -> None:
    part = _part("raise SystemExit(0)", tmp_path / "gone")
    assert part.run() is Outcome.ABSENT
    assert run.run_all([part]) == 1


def test_a_part_that_hangs_is_stopped_and_said_to_have_hung() -> None:
    assert _part("import time; time.sleep(600)", limit=0.2).run() is Outcome.HUNG


def test_a_failure_does_not_stop_the_rest_but_is_the_verdict(tmp_path: Path) -> None:
    ran = tmp_path / "ran"
    parts = [_part("raise SystemExit(1)"), _part(f"open({str(ran)!r}, 'w').close()", name="other")]
    assert run.run_all(parts) == 1
    assert ran.exists()
    assert run.run_all(parts[1:]) == 0


def test_what_a_part_printed_is_shown_with_its_name(capfd: pytest.CaptureFixture[str]) -> None:
    run.run_all([_part("import sys; print('out'); print('err', file=sys.stderr)", name="talker")])
    shown = capfd.readouterr().out
    assert shown.index("talker") < shown.index("out") < shown.index("err") < shown.index("in all")


def test_the_end_of_what_failed_is_the_last_that_is_shown(capfd: pytest.CaptureFixture[str]) -> None:
    """A build server may keep the end only."""
    talker = "print('first'); print('line\\n' * 100); print('why'); raise SystemExit(1)"
    run.run_all([_part(talker, name="talker"), _part("print('fine')", name="other")])
    end = capfd.readouterr().out.split("in all")[1]
    assert end.index("talker FAILED") < end.index("why")
    assert "first" not in end
    assert "fine" not in end


def test_what_hangs_says_where(capfd: pytest.CaptureFixture[str]) -> None:
    code = "import faulthandler, time\nfaulthandler.enable()\ndef waits(): time.sleep(600)\nwaits()"
    part = _part(code, name="sleeper", limit=2)
    assert run.run_all([part]) == 1
    assert "in waits" in capfd.readouterr().out.split("in all")[1]


def test_a_part_that_is_told_to_stop_ends_at_once() -> None:
    stop = threading.Event()
    stop.set()
    assert _part("import time; time.sleep(600)").run(stop=stop) is Outcome.STOPPED
