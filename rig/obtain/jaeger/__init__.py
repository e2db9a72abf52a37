"""Jaeger's all-in-one server, built from the Go module proxy.

The go.mod and go.sum beside this file fix every version: Jaeger replaces modules of others, which
`go install` refuses.
"""

from pathlib import Path

from rig import cache
from rig.obtain import go
from rig.obtain.lookup import from_path, from_setting
from rig.obtain.progress import OnProgress, silent

NAME = "Jaeger"
VARIABLE = "NIGHTSHIFT_JAEGER_BIN"
VERSION = "1.76.0"
EXPECTED_SECONDS = 215.0
_PROGRAM = "jaeger-all-in-one"
_PACKAGE = "github.com/jaegertracing/jaeger/cmd/all-in-one"


def find() -> Path | None:
    """The program from the setting, PATH or the cache; None when it would have to be built."""
    entry = cache.find("jaeger", VERSION)
    return from_setting(NAME, VARIABLE) or from_path(_PROGRAM) or (entry and entry / _PROGRAM)


def obtain(on_progress: OnProgress = silent) -> Path:
    """The program, built where it is not found (minutes); Missing where that cannot be."""
    if found := find():
        return found
    compiler = go.require(NAME)

    def build(folder: Path) -> None:
        step = ("building Jaeger", EXPECTED_SECONDS)
        go.build(compiler, Path(__file__).parent, _PACKAGE, folder / _PROGRAM, step, on_progress)

    return cache.make("jaeger", VERSION, build) / _PROGRAM
