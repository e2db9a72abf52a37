"""The moments about which a forest can be asked: those at which every feature has a value."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from analysis.forest.matrix import Times
from analysis.series import Floats
from domain.forest import Feature

Points = Sequence[tuple[float, float]]


@dataclass(frozen=True)
class Moments:
    """Whole unix seconds, rising, with a row of values each (a column for each feature)."""

    times: Times
    rows: Floats


@dataclass(frozen=True)
class Absent:
    """The features without a value; none where each has some, and never all at once."""

    features: tuple[Feature, ...]


def moments(features: Sequence[Feature], points: Mapping[str, Points]) -> Moments | Absent:
    """`points`: (unix time, value) of each series, by its key. What is not finite is no value."""
    known = [{int(at): v for at, v in points.get(f.key, ()) if np.isfinite(v)} for f in features]
    absent = tuple(f for f, values in zip(features, known, strict=True) if not values)
    shared = sorted(set[int].intersection(*(set(values) for values in known))) if known else []
    if absent or not shared:
        return Absent(absent)
    rows = np.array([[values[at] for values in known] for at in shared], dtype=np.float64)
    return Moments(np.array(shared, dtype=np.int64), rows)
