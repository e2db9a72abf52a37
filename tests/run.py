"""`python -m tests.run [PART ...]`: every check and test in turn, with how long each took.

A part that fails does not stop the others; the exit code is 0 only when all went well.
"""

import argparse
import os
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from rich.console import Console
from rich.table import Table

PROJECT = Path(__file__).resolve().parent.parent
LIMIT_SECONDS = 40 * 60.0
"""For one part: a part that hangs is stopped and said to have hung, before the build server gives up."""


class Outcome(StrEnum):
    """How a part ended."""

    PASSED = "passed"
    FAILED = "FAILED"
    HUNG = "HUNG"
    ABSENT = "NO SUCH FOLDER"


@dataclass(frozen=True)
class Part:
    """One command of the venv, and what to do when it fails; a `folder` of tests that is not there is a failure."""

    name: str
    argv: Sequence[str]
    remedy: str
    folder: Path | None = None
    limit: float = LIMIT_SECONDS

    def run(self) -> Outcome:
        """Run it to its end, its output on our own."""
        if self.folder and not self.folder.is_dir():
            return Outcome.ABSENT
        program = str(Path(sys.executable).parent / self.argv[0])
        process = subprocess.Popen(
            [program, *self.argv[1:]], cwd=PROJECT, stdin=subprocess.DEVNULL, start_new_session=True
        )
        try:
            return Outcome.FAILED if process.wait(self.limit) else Outcome.PASSED
        except subprocess.TimeoutExpired:
            return Outcome.HUNG
        finally:
            _end(process)


def _end(process: subprocess.Popen[bytes]) -> None:
    """Nothing of a part may outlive it, also when we are interrupted."""
    if process.poll() is None:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def _tests(name: str, folder: str) -> Part:
    """One folder of tests; pytest itself fails (5) when it finds no test in a folder that is there."""
    again = f"make test ARGS={name}, or .venv/bin/pytest tests/{folder} -k NAME"
    return Part(name, ["pytest", "-q", f"tests/{folder}"], again, PROJECT / "tests" / folder)


PARTS = (
    Part("servers", ["python", "-m", "rig.obtain"], "do what the line above says about the server"),
    Part("style", ["ruff", "check", "."], ".venv/bin/ruff check --fix ."),
    Part("format", ["ruff", "format", "--check", "."], ".venv/bin/ruff format ."),
    Part("types", ["pyright"], ".venv/bin/pyright"),
    Part("imports", ["lint-imports"], "see the import rules in pyproject.toml"),
    _tests("unit", "unit"),
    Part("workflow", ["pytest", "-q", "tests/workflows", "tests/replay"], "make test ARGS=workflow"),
    _tests("adapters", "adapters"),
    _tests("durability", "durability"),
    _tests("pages", "pages"),
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
    """Run the parts in turn and print the table; 1 when any failed."""
    console = Console(highlight=False)
    table = Table("part", "outcome", "seconds", "if it failed")
    outcomes: list[Outcome] = []
    for part in parts:
        console.rule(part.name, align="left")
        began = time.monotonic()
        outcome = part.run()
        outcomes.append(outcome)
        bad = outcome is not Outcome.PASSED
        table.add_row(part.name, outcome, f"{time.monotonic() - began:.1f}", part.remedy if bad else "")
    console.print(table)
    return 0 if all(outcome is Outcome.PASSED for outcome in outcomes) else 1


if __name__ == "__main__":
    sys.exit(main())
