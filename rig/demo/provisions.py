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


def obtain_required(console: Console, required: Sequence[str] = REQUIRED, wished: Sequence[str] = WISHED) -> None:
    """Find or build the servers. Raises ProvisionsMissingError for the first required one that cannot be had."""
    with Screen(console) as screen:
        results = obtain([*required, *wished], screen.reporter)
    for name in required:
        try:
            results[name].result()
        except (Missing, StepFailedError, SubprocessError, OSError) as error:
            raise ProvisionsMissingError(str(error)) from error
