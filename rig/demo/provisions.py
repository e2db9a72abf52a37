"""What the demo cannot do without: obtained before anything starts, or named with the remedy."""

from collections.abc import Sequence
from subprocess import SubprocessError

from rich.console import Console

from rig.obtain.__main__ import Screen
from rig.obtain.missing import Missing
from rig.obtain.progress import StepFailedError
from rig.obtain.servers import obtain

REQUIRED = ("temporal", "postgres", "prometheus", "alertmanager")
WISHED = ("elasticsearch",)


class ProvisionsMissingError(RuntimeError):
    """A server without which there is no demo; one sentence with the remedy."""


def obtain_required(console: Console, more: Sequence[str] = ()) -> None:
    """Find or build the servers, and what the scenario needs beside them.

    Raises ProvisionsMissingError for the first that cannot be had.
    """
    with Screen(console) as screen:
        results = obtain([*REQUIRED, *more, *WISHED], screen.reporter)
    for name in (*REQUIRED, *more):
        try:
            results[name].result()
        except (Missing, StepFailedError, SubprocessError, OSError) as error:
            raise ProvisionsMissingError(str(error)) from error
