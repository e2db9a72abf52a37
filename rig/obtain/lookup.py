"""Looking for a program where a person may have put it: a setting first, then PATH."""

import os
import shutil
from pathlib import Path

from rig.obtain.missing import Missing


def from_setting(name: str, variable: str) -> Path | None:
    """The file that the environment variable names; Missing when it names something that cannot be run."""
    chosen = os.environ.get(variable)
    if not chosen:
        return None
    path = Path(chosen).expanduser().absolute()
    if not os.access(path, os.X_OK) or path.is_dir():
        raise Missing(name, f"{variable} is {chosen!r}, which is no program", f"correct or unset {variable}")
    return path


def from_path(*programs: str) -> Path | None:
    """The first of the programs that PATH knows."""
    found = (shutil.which(program) for program in programs)
    return next((Path(path) for path in found if path), None)
