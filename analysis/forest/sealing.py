"""What is kept of a forest: its training rows, sealed. Numbers and names only: to open it runs nothing.

The forest itself is grown again from the rows where it is asked (the same seed, the same forest), because what joblib
or pickle would keep is code, and whoever can write to the store could run it here.
"""

import hashlib
import hmac
from dataclasses import dataclass, field
from importlib.metadata import version
from typing import Final

import numpy as np
from numpy.typing import NDArray

from analysis.series import Floats
from domain.forest import LEAST_FEATURES, Feature, Forest

FORMAT: Final = "rows-2"
"""Preparation of the rows and their form. Another one is made anew."""
_TIME, _VALUE = np.dtype("<i8"), np.dtype("<f4")


@dataclass(frozen=True)
class Matrix:
    """Training rows: a unix time in seconds and a value of each feature. Two of the same checksum are the same."""

    checksum: str
    features: tuple[Feature, ...] = field(compare=False)
    times: NDArray[np.int64] = field(compare=False)
    rows: Floats = field(compare=False)


@dataclass(frozen=True)
class Refused:
    """Why what was kept must not be used."""

    reason: str


def versions() -> str:
    """By what a forest is grown: another version may grow another one from the same rows."""
    return f"{FORMAT}, scikit-learn {version('scikit-learn')}, numpy {version('numpy')}"


def sealed(forest: Forest, features: tuple[Feature, ...], times: NDArray[np.int64], rows: Floats) -> Forest:
    """`forest` with its rows (a row for each of `times`, a column for each of `features`) and their checksum."""
    whole = {"features": features, "times": times.astype(_TIME).tobytes(), "matrix": rows.astype(_VALUE).tobytes()}
    with_rows = forest.model_copy(update=whole)
    return with_rows.model_copy(update={"checksum": _checksum(with_rows)})


def opened(forest: Forest) -> Matrix | Refused:
    """The rows of a forest that is ready, if they are what was kept and by what this process would grow."""
    if forest.versions != versions():
        return Refused(f"it was made by {forest.versions}, this is {versions()}")
    if not hmac.compare_digest(_checksum(forest), forest.checksum):
        return Refused("its checksum is not that of its rows")
    times, values = np.frombuffer(forest.times, dtype=_TIME), np.frombuffer(forest.matrix, dtype=_VALUE)
    if len(forest.features) < LEAST_FEATURES or not times.size or values.size != times.size * len(forest.features):
        return Refused(f"{values.size} values are not {times.size} rows of {len(forest.features)} features")
    rows = values.reshape(times.size, -1).astype(np.float64)
    if not np.isfinite(rows).all():
        return Refused("a value is not finite")
    return Matrix(forest.checksum, forest.features, times.astype(np.int64), rows)


def span(forest: Forest) -> tuple[int, float]:
    """How many rows are kept, and over how many days."""
    times = np.frombuffer(forest.times, dtype=_TIME)
    return times.size, float(times[-1] - times[0]) / 86_400 if times.size else 0.0


def _checksum(forest: Forest) -> str:
    """SHA-256 over all that decides what is grown, each part with its length before it."""
    digest = hashlib.sha256()
    said = (forest.versions, forest.service, *(feature.model_dump_json() for feature in forest.features))
    for part in (*(text.encode("utf-8", "surrogatepass") for text in said), forest.times, forest.matrix):
        digest.update(len(part).to_bytes(8, "little"))
        digest.update(part)
    return digest.hexdigest()
