"""Temporal's command line program, which holds the development server and its web UI."""

from pathlib import Path

from rig import cache
from rig.obtain import go
from rig.obtain.lookup import from_path, from_setting
from rig.obtain.progress import OnProgress, silent

NAME = "Temporal's CLI"
VARIABLE = "NIGHTSHIFT_TEMPORAL_BIN"
VERSION = "1.5.1"  # later tags have replace directives, which `go install` refuses
EXPECTED_SECONDS = 190.0


def find() -> Path | None:
    """The program from the setting, PATH or the cache; None when it would have to be built."""
    found = from_setting(NAME, VARIABLE) or from_path("temporal")
    entry = cache.find("temporal", VERSION)
    return found or (entry and entry / "temporal")


def obtain(on_progress: OnProgress = silent) -> Path:
    """The program, built from the Go module proxy where it is not found; Missing where that cannot be."""
    if found := find():
        return found
    compiler = go.require(NAME)
    package = f"github.com/temporalio/cli/cmd/temporal@v{VERSION}"
    step = ("building Temporal's dev server", EXPECTED_SECONDS)
    entry = cache.make("temporal", VERSION, lambda folder: go.install(compiler, package, folder, step, on_progress))
    return entry / "temporal"
