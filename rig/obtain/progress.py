"""Running one slow step of a build and saying how far it is."""

import os
import shlex
import subprocess
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from rig.child import tied


@dataclass(frozen=True)
class Progress:
    """One report of a slow step; times in seconds, `expected` measured cold on 2 cores."""

    what: str
    elapsed: float
    expected: float
    done: bool = False


OnProgress = Callable[[Progress], None]
"""Called about once a second while a step runs and once when it has ended; must return at once."""

TICK_SECONDS = 1.0
TAIL_CHARACTERS = 1500


class StepFailedError(RuntimeError):
    """A build step ended with an error; the text holds the end of its output."""


def silent(_: Progress) -> None:
    """For callers that show nothing."""


@dataclass(frozen=True)
class Step:
    """One command of a build, with what a person should read while it runs."""

    what: str
    argv: Sequence[str]
    expected: float
    cwd: Path | None = None
    env: Mapping[str, str] | None = None

    def run(self, on_progress: OnProgress) -> None:
        """Run to the end, reporting each second; StepFailedError with the output's end where it fails."""
        began = time.monotonic()
        with tempfile.TemporaryFile() as output:
            self._wait(output, lambda: on_progress(self._progress(began)))
        on_progress(self._progress(began, done=True))

    def _progress(self, began: float, *, done: bool = False) -> Progress:
        return Progress(self.what, time.monotonic() - began, self.expected, done)

    def _wait(self, output: IO[bytes], tick: Callable[[], None]) -> None:
        env = {**os.environ, **(self.env or {})}
        process = subprocess.Popen(
            tied(self.argv), cwd=self.cwd, env=env, stdin=subprocess.DEVNULL, stdout=output, stderr=subprocess.STDOUT
        )
        try:
            while _still_runs(process):
                tick()
        except BaseException:  # Ctrl-C: the build must not go on alone
            process.kill()
            process.wait()
            raise
        if process.returncode != 0:
            raise StepFailedError(f"{shlex.join(self.argv)} ended with {process.returncode}: {_tail(output)}")


def _still_runs(process: subprocess.Popen[bytes]) -> bool:
    try:
        process.wait(TICK_SECONDS)
    except subprocess.TimeoutExpired:
        return True
    return False


def _tail(output: IO[bytes]) -> str:
    output.seek(0)
    return output.read().decode(errors="replace").strip()[-TAIL_CHARACTERS:]
