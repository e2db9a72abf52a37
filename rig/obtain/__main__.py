"""`python -m rig.obtain [NAME ...]`: obtain servers, all of them by default, and say how far it is."""

import argparse
import sys
from concurrent.futures import Future
from subprocess import SubprocessError

from rich.console import Console
from rich.progress import Progress as Bars
from rich.progress import SpinnerColumn, TaskID, TextColumn, TimeElapsedColumn

from rig.obtain.missing import Missing
from rig.obtain.progress import OnProgress, Progress, StepFailedError
from rig.obtain.servers import NAMES, obtain

SAY_EVERY_SECONDS = 20.0


class Screen:
    """A line per server: moving on a terminal, one now and then in a log."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._bars = Bars(
            SpinnerColumn(), TextColumn("{task.description}"), TimeElapsedColumn(), console=console, transient=True
        )
        self._said: dict[str, float] = {}

    def reporter(self, name: str) -> OnProgress:
        """The callback for one server."""
        if not self._console.is_terminal:
            return self._say
        task = self._bars.add_task(name, total=None)
        return lambda progress: self._show(task, progress)

    def _show(self, task: TaskID, progress: Progress) -> None:
        description = f"{progress.what} (about {progress.expected:.0f} s)"
        self._bars.update(task, description=description, visible=not progress.done)

    def _say(self, progress: Progress) -> None:
        quiet_since = self._said.get(progress.what, 0.0)
        if progress.done or progress.elapsed - quiet_since < SAY_EVERY_SECONDS:
            return
        self._said[progress.what] = progress.elapsed
        self._console.print(f"{progress.what}: {progress.elapsed:.0f} s of about {progress.expected:.0f} s")

    def __enter__(self) -> "Screen":
        self._bars.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._bars.stop()


def main() -> int:
    """0 when every server that was asked for is there; else 1, each failure said in a sentence."""
    parser = argparse.ArgumentParser(prog="python -m rig.obtain", description=__doc__)
    parser.add_argument("names", nargs="*", choices=[[], *NAMES], metavar="NAME", help=", ".join(NAMES))
    names = parser.parse_args().names or list(NAMES)
    console = Console(stderr=True, highlight=False)
    with Screen(console) as screen:
        results = obtain(names, screen.reporter)
    outcomes = [_report(console, name, result) for name, result in results.items()]
    return 0 if all(outcomes) else 1


def _report(console: Console, name: str, result: Future[object]) -> bool:
    try:
        result.result()
    except (Missing, StepFailedError, SubprocessError, OSError) as error:
        console.print(f"{name}: {error}", style="red", markup=False, soft_wrap=True)
        return False
    console.print(f"{name}: here")
    return True


if __name__ == "__main__":
    sys.exit(main())
