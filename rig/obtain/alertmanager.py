"""Alertmanager, built from the Go module proxy.

Debian's package is of no use unpacked: its program reads templates from a fixed place under /usr/share.
"""

from pathlib import Path

from rig import cache
from rig.obtain import go
from rig.obtain.lookup import from_path, from_setting
from rig.obtain.progress import OnProgress, silent

NAME = "Alertmanager"
VARIABLE = "NIGHTSHIFT_ALERTMANAGER_BIN"
VERSION = "0.28.1"
EXPECTED_SECONDS = 120.0
_PROGRAM = "alertmanager"
_PACKAGE = f"github.com/prometheus/alertmanager/cmd/alertmanager@v{VERSION}"


def find() -> Path | None:
    """The program from the setting, PATH (where Debian calls it prometheus-alertmanager) or the cache."""
    entry = cache.find(_PROGRAM, VERSION)
    chosen = from_setting(NAME, VARIABLE) or from_path(_PROGRAM, f"prometheus-{_PROGRAM}")
    return chosen or (entry and entry / _PROGRAM)


def obtain(on_progress: OnProgress = silent) -> Path:
    """The program, built where it is not found; Missing where that cannot be."""
    if found := find():
        return found
    compiler = go.require(NAME)
    step = ("building Alertmanager", EXPECTED_SECONDS)
    entry = cache.make(_PROGRAM, VERSION, lambda folder: go.install(compiler, _PACKAGE, folder, step, on_progress))
    return entry / _PROGRAM
