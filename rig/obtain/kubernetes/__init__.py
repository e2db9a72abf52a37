"""Kubernetes' control plane, built from the Go module proxy: one program that holds all its servers.

The go.mod and go.sum beside this file fix every version: Kubernetes replaces its own modules, which `go install`
refuses. The first argument picks the server: `kubemini etcd`, `kubemini kube-apiserver`, and so on.
"""

from pathlib import Path

from rig import cache
from rig.obtain import go
from rig.obtain.lookup import from_path, from_setting
from rig.obtain.progress import OnProgress, silent

NAME = "Kubernetes"
VARIABLE = "NIGHTSHIFT_KUBERNETES_BIN"
VERSION = "1.34.4"
EXPECTED_SECONDS = 400.0
_PROGRAM = "kubemini"
_STAMP = "k8s.io/component-base/version"


def find() -> Path | None:
    """The program from the setting, PATH or the cache; None when it would have to be built."""
    entry = cache.find("kubernetes", VERSION)
    return from_setting(NAME, VARIABLE) or from_path(_PROGRAM) or (entry and entry / _PROGRAM)


def obtain(on_progress: OnProgress = silent) -> Path:
    """The program, built where it is not found (minutes); Missing where that cannot be."""
    if found := find():
        return found
    compiler = go.require(NAME)

    def build(folder: Path) -> None:
        step = ("building Kubernetes' servers", EXPECTED_SECONDS)
        go.build(compiler, Path(__file__).parent, ".", folder / _PROGRAM, step, on_progress, stamps=_stamps())

    return cache.make("kubernetes", VERSION, build) / _PROGRAM


def _stamps() -> dict[str, str]:
    """What Kubernetes' own build writes into its programs: without it they say that they are v0.0.0."""
    major, minor, _ = VERSION.split(".")
    return {f"{_STAMP}.gitVersion": f"v{VERSION}", f"{_STAMP}.gitMajor": major, f"{_STAMP}.gitMinor": minor}
