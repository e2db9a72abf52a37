"""compose-go's command: reads a Compose file as Docker does, without an engine."""

from pathlib import Path

from rig import cache
from rig.obtain import go
from rig.obtain.lookup import from_setting
from rig.obtain.progress import OnProgress, silent

NAME = "compose-go"
VARIABLE = "NIGHTSHIFT_COMPOSE_BIN"
VERSION = "2.16.2"
EXPECTED_SECONDS = 40.0


def obtain(on_progress: OnProgress = silent) -> Path:
    """The program, built from the Go module proxy where it is not in the cache; Missing where that cannot be."""
    if chosen := from_setting(NAME, VARIABLE):
        return chosen
    if found := cache.find("compose-go", VERSION):
        return found / "cmd"
    compiler = go.require(NAME)
    package = f"github.com/compose-spec/compose-go/v2/cmd@v{VERSION}"
    step = ("building compose-go", EXPECTED_SECONDS)
    entry = cache.make("compose-go", VERSION, lambda folder: go.install(compiler, package, folder, step, on_progress))
    return entry / "cmd"
