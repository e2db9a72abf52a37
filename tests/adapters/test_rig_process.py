"""A managed process is watched while it runs and never left behind."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest

from rig.servers.ports import free_port, is_free, preferred_port
from rig.servers.process import Command, ManagedProcess, ServerFailedError, answers_http

SLEEPER = [sys.executable, "-c", "import time; time.sleep(600)"]
STUBBORN = [
    sys.executable,
    "-c",
    "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('deaf', flush=True); time.sleep(600)",
]
PARENT = """
import subprocess, sys, time
child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
print(child.pid, flush=True)
time.sleep(600)
"""
FAMILY = [sys.executable, "-c", PARENT]


def _gone(pid: int) -> bool:
    """Whether the process ends within five seconds."""
    give_up = time.monotonic() + 5
    while time.monotonic() < give_up:
        if not psutil.pid_exists(pid) or psutil.Process(pid).status() == psutil.STATUS_ZOMBIE:
            return True
        time.sleep(0.02)
    return False


def _has_written(log: Path) -> bool:
    return bool(log.read_text())


def test_a_process_is_ready_when_its_probe_says_so(tmp_path: Path) -> None:
    port = free_port()
    argv = [sys.executable, "-m", "http.server", str(port), "--bind", "127.0.0.1"]
    process = ManagedProcess(Command("web", argv, tmp_path / "log", cwd=tmp_path))
    process.start(answers_http(f"http://127.0.0.1:{port}/"))
    assert not is_free(port)
    process.stop()
    assert is_free(port)


def test_a_death_at_the_start_is_told_with_the_last_lines_of_the_log(tmp_path: Path) -> None:
    argv = [sys.executable, "-c", "print('the disk is full'); raise SystemExit(3)"]
    process = ManagedProcess(Command("web", argv, tmp_path / "log"))
    with pytest.raises(ServerFailedError, match=r"web ended with 3\.(.|\n)*the disk is full"):
        process.start(lambda: False)
    assert not process.running


def test_a_death_later_is_noticed(tmp_path: Path) -> None:
    with ManagedProcess(Command("web", SLEEPER, tmp_path / "log")) as process:
        os.kill(process.pid, signal.SIGKILL)
        assert _gone(process.pid)
        with pytest.raises(ServerFailedError, match="web ended with -9"):
            process.check()


def test_a_process_that_is_never_ready_is_given_up_and_killed(tmp_path: Path) -> None:
    process = ManagedProcess(Command("web", SLEEPER, tmp_path / "log"))
    with pytest.raises(ServerFailedError, match=r"not ready in 0\.2 s"):
        process.start(lambda: False, within=0.2)
    assert not process.running


def test_a_process_that_does_not_listen_to_sigterm_is_killed(tmp_path: Path) -> None:
    log = tmp_path / "log"
    process = ManagedProcess(Command("deaf", STUBBORN, log, grace=0.2))
    process.start(lambda: _has_written(log))
    pid = process.pid
    process.stop()
    assert _gone(pid)


def test_the_children_of_a_process_end_with_it(tmp_path: Path) -> None:
    log = tmp_path / "log"
    process = ManagedProcess(Command("family", FAMILY, log))
    process.start(lambda: _has_written(log))
    child = int(log.read_text())
    process.stop()
    assert _gone(child)


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux can tie a child to its parent's life")
def test_a_parent_that_is_killed_leaves_no_child(tmp_path: Path) -> None:
    """Started by a thread that has ended, as asyncio.to_thread may do: the child lives until its parent dies."""
    program = (
        "import sys, threading, time; from pathlib import Path;"
        "from rig.servers.process import Command, ManagedProcess;"
        f"process = ManagedProcess(Command('child', {SLEEPER!r}, Path({str(tmp_path / 'log')!r})));"
        "thread = threading.Thread(target=process.start); thread.start(); thread.join();"
        "time.sleep(0.5); process.check(); print(process.pid, flush=True); time.sleep(600)"
    )
    parent = subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE, text=True)
    assert parent.stdout is not None
    with parent.stdout as output:
        child = int(output.readline())
        assert psutil.pid_exists(child)
        parent.kill()
        parent.wait()
    assert _gone(child)


def test_a_known_port_is_taken_only_where_it_is_free() -> None:
    known = free_port()
    argv = [
        sys.executable,
        "-c",
        f"import socket, time; s = socket.create_server(('127.0.0.1', {known})); time.sleep(600)",
    ]
    holder = subprocess.Popen(argv)
    while is_free(known):
        time.sleep(0.02)
    assert preferred_port(known) != known
    holder.kill()
    holder.wait()


def test_no_port_is_given_twice() -> None:
    assert len({free_port() for _ in range(100)}) == 100
