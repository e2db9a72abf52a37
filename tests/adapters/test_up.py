"""`nightshift up` as its users run it: what is open survives a stop, what dies comes back, what is missing is said."""

import fcntl
import os
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Generator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import psutil
import pytest
import yaml

from rig.servers.plain import PLAIN
from rig.servers.ports import LOOPBACK, free_port

_PROGRAM = Path(sys.executable).with_name("nightshift")
_HANGS_AFTER_S = 300.0
# Nobody answers, so that the incident waits for people; they are called again after a few seconds.
_ROW = {"delay_min": 0, "attempts": 0, "channels": ["email"], "acknowledge_min": 0.15}
_POLICY = {"gather_s": 0, "escalation": {"CRITICAL": _ROW}}
_QUIET = dict.fromkeys(("PROMETHEUS_URL", "JAEGER_URL", "ELASTICSEARCH_URL", "ALERTMANAGER_URL", "SMTP_URL"), "")


@dataclass
class Up:
    """One run of the command, and what it has said."""

    process: subprocess.Popen[str]
    url: str
    said: list[str] = field(default_factory=list[str])

    def read(self) -> None:
        assert self.process.stdout is not None
        with self.process.stdout as lines:
            self.said.extend(line.rstrip() for line in lines)

    def says(self, text: str) -> None:
        until(lambda: any(text in line for line in self.said), f"it says {text!r}, not only {self.said}")

    def stop(self) -> int:
        self.process.send_signal(signal.SIGINT)
        return self.process.wait(_HANGS_AFTER_S)

    def children(self, name: str) -> list[psutil.Process]:
        return [p for p in psutil.Process(self.process.pid).children(recursive=True) if name in p.cmdline()]

    def incidents(self) -> list[dict[str, Any]]:
        return httpx.get(f"{self.url}/incidents?format=json", verify=PLAIN).raise_for_status().json()["incidents"]

    def calls(self) -> int:
        """How often people were called, over all incidents."""
        rows = [self.one(found["incident"])["timeline"] for found in self.incidents()]
        return sum(entry["kind"] == "escalation" for timeline in rows for entry in timeline)

    def one(self, incident: str) -> dict[str, Any]:
        return httpx.get(f"{self.url}/incidents/{incident}?format=json", verify=PLAIN).raise_for_status().json()


def until(holds: Callable[[], bool], what: str) -> None:
    deadline = time.monotonic() + _HANGS_AFTER_S
    while not holds():
        assert time.monotonic() < deadline, what
        time.sleep(0.2)


@dataclass(frozen=True)
class Place:
    """A folder and ports of one installation."""

    folder: Path
    temporal: int
    ui: int
    starter: int

    @property
    def environment(self) -> dict[str, str]:
        return {
            **os.environ, **_QUIET, "NIGHTSHIFT_PORT": str(self.starter),
            "NIGHTSHIFT_POLICY": str(self.folder / "policy.yaml"),
        }  # fmt: skip

    @property
    def command(self) -> list[str]:
        ports = [f"--temporal-port={self.temporal}", f"--ui-port={self.ui}"]
        return [str(_PROGRAM), "up", f"--data={self.folder / 'kept'}", *ports]

    @contextmanager
    def running(self) -> Generator[Up]:
        process = subprocess.Popen(
            self.command, env=self.environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
        )
        run = Up(process, f"http://{LOOPBACK}:{self.starter}")
        reading = threading.Thread(target=run.read)
        reading.start()
        try:
            run.says("Ctrl-C stops everything")
            yield run
        finally:
            if process.poll() is None:
                process.terminate()
                process.wait(_HANGS_AFTER_S)
            reading.join()

    def fails(self) -> str:
        """What it says when it cannot start."""
        done = subprocess.run(
            self.command, env=self.environment, capture_output=True, text=True, check=False, timeout=_HANGS_AFTER_S
        )
        assert (done.returncode, done.stdout) == (1, "")
        return done.stderr.strip()


@pytest.fixture
def place() -> Iterator[Place]:
    """A short path: PostgreSQL's socket lies in it."""
    with tempfile.TemporaryDirectory(prefix="nightshift-up-", ignore_cleanup_errors=True) as name:
        folder = Path(name)
        folder.chmod(0o755)
        (folder / "policy.yaml").write_text(yaml.safe_dump(_POLICY))
        yield Place(folder, free_port(), free_port(), free_port())


def alert() -> dict[str, Any]:
    labels = {"alertname": "HighErrorRatio", "service": "orders", "severity": "critical"}
    firing = {"status": "firing", "labels": labels, "startsAt": "2026-01-31T03:06:00Z", "fingerprint": "f1"}
    return {"version": "4", "alerts": [firing]}


def test_what_is_open_goes_on_after_a_stop_and_a_worker_that_dies_comes_back(place: Place) -> None:
    with place.running() as first:
        assert httpx.post(f"{first.url}/webhooks/prometheus", json=alert(), verify=PLAIN).status_code == 202
        until(lambda: any(one["state"] == "waiting for people" for one in first.incidents()), "it waits for people")
        (opened,) = first.incidents()
        (worker,) = first.children("worker")
        worker.kill()
        first.says("worker runs again")
        assert first.stop() == 0
        assert not psutil.pid_exists(first.process.pid)
    with place.running() as second:
        assert any("1 open incident goes on" in line for line in second.said)
        before = second.calls()
        (found,) = second.incidents()
        assert (found["incident"], found["workflow_run"]) == (opened["incident"], opened["workflow_run"])
        until(lambda: second.calls() > before, "the timer that was set before the stop calls people again")
        assert place.fails().startswith(f"error: port {place.temporal} for Temporal is taken")
        held = Place(place.folder, free_port(), free_port(), free_port())
        assert "another `nightshift up` uses" in held.fails()


def test_a_port_that_is_taken_is_named_with_the_option_that_chooses_another(place: Place) -> None:
    with socket.create_server((LOOPBACK, place.ui)):
        assert place.fails() == (
            f"error: port {place.ui} for Temporal's web UI is taken, perhaps by another `nightshift up` or "
            "`nightshift demo`: end that, or choose another port with --ui-port"
        )


def test_a_folder_in_use_is_left_alone(place: Place) -> None:
    kept = place.folder / "kept"
    kept.mkdir()
    with (kept / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        assert place.fails() == (
            f"error: another `nightshift up` uses {kept}: end it, or choose another folder with --data"
        )


def test_a_wrong_setting_stops_it_before_anything_is_started(place: Place) -> None:
    environment = {**place.environment, "PROMETHEUS_URL": "foo"}
    done = subprocess.run(place.command, env=environment, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr.strip()) == (2, "error: PROMETHEUS_URL: 'foo' is not an http(s) address")
    assert not (place.folder / "kept").exists()
