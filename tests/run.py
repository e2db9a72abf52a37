"""`python -m tests.run [PART ...]`: every check and test, with how long each took.

Servers are obtained first; then parts run two at a time, since most of a test's time is waiting for a server. Those
that kill processes at a moment, or look at a page, come last, each by itself. What a part printed is shown when it has
ended; the end of what failed is shown again below the table, since a build server may show the end only. A part that
fails does not stop the others; the exit code is 0 only when all went well.
"""

import argparse
import os
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Generator, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import IO

from rich.console import Console
from rich.table import Table

PROJECT = Path(__file__).resolve().parent.parent
LIMIT_SECONDS = 40 * 60.0
"""For one part: one that hangs is stopped and said to have hung, before the build server gives up."""
AT_ONCE = 2
SAY_EVERY_SECONDS = 60.0
_LOOK_SECONDS = 0.1
_SAYS_WHERE_SECONDS = 5.0
_LAST_LINES = 60


class Outcome(StrEnum):
    """How a part ended."""

    PASSED = "passed"
    FAILED = "FAILED"
    HUNG = "HUNG"
    STOPPED = "STOPPED"
    ABSENT = "NO SUCH FOLDER"


@dataclass(frozen=True)
class Part:
    """One command of the venv, and what to do when it fails; a `folder` of tests that is not there is a failure."""

    name: str
    argv: Sequence[str]
    remedy: str
    folder: Path | None = None
    alone: bool = False
    limit: float = LIMIT_SECONDS

    def run(self, output: IO[bytes] | None = None, stop: threading.Event | None = None) -> Outcome:
        """Run it to its end, or until `stop` is set; its output goes to the file, or to our own."""
        if self.folder and not self.folder.is_dir():
            return Outcome.ABSENT
        program = str(Path(sys.executable).parent / self.argv[0])
        process = subprocess.Popen(
            [program, *self.argv[1:]], cwd=PROJECT, stdin=subprocess.DEVNULL, stdout=output,
            stderr=subprocess.STDOUT if output else None, start_new_session=True,
        )  # fmt: skip
        try:
            return self._outcome(process, stop or threading.Event())
        finally:
            _end(process)

    def _outcome(self, process: subprocess.Popen[bytes], stop: threading.Event) -> Outcome:
        deadline = time.monotonic() + self.limit
        while process.poll() is None:
            if stop.wait(_LOOK_SECONDS):
                return Outcome.STOPPED
            if time.monotonic() > deadline:
                _say_where(process)
                return Outcome.HUNG
        return Outcome.FAILED if process.returncode else Outcome.PASSED


def _say_where(process: subprocess.Popen[bytes]) -> None:
    """pytest answers SIGABRT with where each of its threads is, and is gone; what it started goes with it."""
    process.send_signal(signal.SIGABRT)
    with suppress(subprocess.TimeoutExpired):
        process.wait(_SAYS_WHERE_SECONDS)
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)


def _end(process: subprocess.Popen[bytes]) -> None:
    """Nothing of a part may outlive it, also when we are interrupted."""
    if process.poll() is None:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def _tests(name: str, folder: str, *, alone: bool = False) -> Part:
    """One folder of tests; pytest itself fails (5) when it finds no test in a folder that is there."""
    again = f"make test ARGS={name}, or .venv/bin/pytest tests/{folder} -k NAME"
    return Part(name, ["pytest", "-q", f"tests/{folder}"], again, PROJECT / "tests" / folder, alone)


FIRST = Part("servers", ["python", "-m", "rig.obtain"], "do what the line above says about the server")
# After what takes a moment, the longest first: so both lanes end at about the same time.
PARTS = (
    FIRST,
    Part("style", ["ruff", "check", "."], ".venv/bin/ruff check --fix ."),
    Part("format", ["ruff", "format", "--check", "."], ".venv/bin/ruff format ."),
    Part("imports", ["lint-imports"], "see the import rules in pyproject.toml"),
    _tests("adapters", "adapters"),
    Part("workflow", ["pytest", "-q", "tests/workflows", "tests/replay"], "make test ARGS=workflow"),
    _tests("cluster", "cluster"),
    _tests("unit", "unit"),
    Part("types", ["pyright"], ".venv/bin/pyright"),
    _tests("durability", "durability", alone=True),
    _tests("pages", "pages", alone=True),
)


def main() -> int:
    """Run the named parts, all by default; 0 only when each of them passed."""
    parser = argparse.ArgumentParser(prog="python -m tests.run", description=__doc__)
    names = [part.name for part in PARTS]
    parser.add_argument("parts", nargs="*", metavar="PART", help=", ".join(names))
    chosen = parser.parse_args().parts or names
    if unknown := [name for name in chosen if name not in names]:
        parser.error(f"no such part {unknown!r}; there are {', '.join(names)}")
    return run_all([part for part in PARTS if part.name in chosen])


def run_all(parts: Sequence[Part]) -> int:
    """Run the parts and print the table; 1 when any failed."""
    console = Console(highlight=False)
    began = time.monotonic()
    results: dict[str, tuple[Outcome, float]] = {part.name: _one(part) for part in parts if part is FIRST}
    said: dict[str, str] = {}
    later = [part for part in parts if part is not FIRST]
    for lanes, group in ((AT_ONCE, [p for p in later if not p.alone]), (1, [p for p in later if p.alone])):
        results |= _together(group, lanes, console, said)
    console.print(_table(parts, results, time.monotonic() - began))
    for name, text in said.items():
        if results[name][0] is not Outcome.PASSED:
            console.rule(f"{name} {results[name][0]}, its end", align="left")
            console.print("\n".join(text.splitlines()[-_LAST_LINES:]), markup=False, soft_wrap=True)
    return 0 if all(outcome is Outcome.PASSED for outcome, _ in results.values()) else 1


def _together(
    parts: Sequence[Part], at_once: int, console: Console, said: dict[str, str]
) -> dict[str, tuple[Outcome, float]]:
    """Run them so many at once; what each printed is shown when it has ended, and kept in `said`."""
    results: dict[str, tuple[Outcome, float]] = {}
    stop = threading.Event()
    with ThreadPoolExecutor(at_once) as lanes, _saying(console) as running, _stopping(stop, lanes):
        futures = {lanes.submit(_captured, part, running, stop): part for part in parts}
        for future in as_completed(futures):
            outcome, seconds, text = future.result()
            results[futures[future].name], said[futures[future].name] = (outcome, seconds), text
            console.rule(futures[future].name, align="left")
            console.print(text, markup=False, soft_wrap=True)
    return results


def _one(part: Part) -> tuple[Outcome, float]:
    began = time.monotonic()
    return part.run(), time.monotonic() - began


@contextmanager
def _stopping(stop: threading.Event, lanes: ThreadPoolExecutor) -> Generator[None]:
    """Ctrl-C ends what runs and starts nothing more."""
    try:
        yield
    except BaseException:
        stop.set()
        lanes.shutdown(wait=False, cancel_futures=True)
        raise


def _captured(part: Part, running: dict[str, float], stop: threading.Event) -> tuple[Outcome, float, str]:
    """The outcome, the seconds, and what it printed."""
    began = running[part.name] = time.monotonic()
    try:
        with tempfile.TemporaryFile() as output:
            outcome = part.run(output, stop)
            output.seek(0)
            return outcome, time.monotonic() - began, output.read().decode(errors="replace").rstrip()
    finally:
        del running[part.name]


@contextmanager
def _saying(console: Console) -> Generator[dict[str, float]]:
    """Say now and then what runs: the parts by the moment at which they began."""
    running: dict[str, float] = {}
    ended = threading.Event()

    def say() -> None:
        while not ended.wait(SAY_EVERY_SECONDS):
            now = time.monotonic()
            console.print("running: " + ", ".join(f"{name} {now - at:.0f} s" for name, at in dict(running).items()))

    thread = threading.Thread(target=say, daemon=True)
    thread.start()
    try:
        yield running
    finally:
        ended.set()
        thread.join()


def _table(parts: Sequence[Part], results: dict[str, tuple[Outcome, float]], seconds: float) -> Table:
    table = Table("part", "outcome", "seconds", "if it failed", caption=f"{seconds:.0f} s in all")
    for part in parts:
        outcome, took = results[part.name]
        table.add_row(part.name, outcome, f"{took:.1f}", part.remedy if outcome is not Outcome.PASSED else "")
    return table


if __name__ == "__main__":
    sys.exit(main())
