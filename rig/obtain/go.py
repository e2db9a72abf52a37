"""Building programs from the Go module proxy; Go's checksum database vouches for what comes."""

import re
import shutil
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path

from rig.obtain.lookup import from_path
from rig.obtain.missing import Missing
from rig.obtain.progress import OnProgress, Step

OLDEST = (1, 24)
_MODULE = (".mod", ".sum", ".go")
STRIPPED = "-s -w"
"""Linker flags: no symbol table, which makes the programs about a fifth smaller."""


def require(name: str) -> Path:
    """The `go` command; Missing when there is none or when it is too old to fetch a newer toolchain."""
    go = from_path("go")
    remedy = "put it on PATH, or install Go 1.24 or newer (Debian package golang-go, in backports golang-1.24-go)"
    if go is None:
        raise Missing(name, "it is not on PATH and there is no Go to build it with", remedy)
    text = subprocess.run([go, "version"], capture_output=True, text=True, check=True).stdout
    version = re.search(r"go(\d+)\.(\d+)", text)
    if version is None or (int(version[1]), int(version[2])) < OLDEST:
        raise Missing(name, f"Go is too old to build it: {text.strip()!r}", remedy)
    return go


def install(go: Path, package: str, into: Path, step: tuple[str, float], on_progress: OnProgress) -> None:
    """`go install` one package, with its version after an @, into a folder."""
    argv = [str(go), "install", "-trimpath", "-ldflags", STRIPPED, package]
    _run(argv, {"GOBIN": str(into)}, None, step, on_progress)


def build(
    go: Path,
    locked: Path,
    package: str,
    into: Path,
    step: tuple[str, float],
    on_progress: OnProgress,
    *,
    stamps: Mapping[str, str] | None = None,
) -> None:
    """`go build` a package as the go.mod and go.sum in the folder `locked` fix it, with the Go files beside them.

    They are copied beside `into`, as Go writes into a module. `stamps` are string variables of the program
    that the linker sets, such as its version.
    """
    module = into.parent / "module"
    module.mkdir()
    for file in locked.iterdir():
        if file.suffix in _MODULE:
            shutil.copy(file, module)
    flags = " ".join([STRIPPED, *(f"-X {variable}={value}" for variable, value in (stamps or {}).items())])
    argv = [str(go), "build", "-mod=readonly", "-trimpath", "-ldflags", flags, "-o", str(into), package]
    _run(argv, {}, module, step, on_progress)


def _run(
    argv: Sequence[str], env: dict[str, str], cwd: Path | None, step: tuple[str, float], on_progress: OnProgress
) -> None:
    what, expected = step
    # A build may run behind a demo: it takes what the demo leaves.
    argv = ["nice", "-n", "19", *argv]
    clean = {"GOWORK": "off", "CGO_ENABLED": "0", "GOFLAGS": "-buildvcs=false"}
    Step(what, argv, expected, cwd, {**clean, **env}).run(on_progress)
