"""The NAB score: early detections inside a labelled window count for, every other one against.

After Lavin and Ahmad, "Evaluating Real-time Anomaly Detection Algorithms: the Numenta Anomaly Benchmark" (2015), and
the rules of the repository numenta/NAB: a detection's worth falls along a sigmoid through its window, only the best
one in a window counts, and a detection after a window costs the less the closer to it. 0 is what a detector that says
nothing gets, 100 is one detection at the very start of each window and nothing else.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

_PROBATION_SHARE = 0.15
_PROBATION_OF_AT_MOST = 5000
_STEEPNESS = 5.0
# Beyond three widths after a window a false positive costs the whole weight.
_FAR = 3.0
_ALONE = -1


@dataclass(frozen=True)
class Profile:
    """What a detection, a missed window and a false positive weigh."""

    name: str
    hit: float
    miss: float
    false_positive: float


PROFILES = (
    Profile("standard", 1.0, 1.0, 0.11),
    Profile("low_fp", 1.0, 1.0, 0.22),
    Profile("low_fn", 1.0, 2.0, 0.11),
)
"""The three of NAB's config/profiles.json."""


@dataclass(frozen=True)
class Judged:
    """One series: `scores` by point, and the windows as (first, last) positions in it, both included."""

    name: str
    scores: Floats
    windows: tuple[tuple[int, int], ...]


@dataclass(frozen=True)
class Counted:
    """The points of a series after its probation: score, worth under a profile, and number of the window or -1."""

    scores: Floats
    worth: Floats
    window: NDArray[np.int64]
    windows: int


def probation(points: int) -> int:
    """How many of a series' first points are not judged: 15 %, of at most 5,000 points."""
    return math.ceil(min(math.floor(_PROBATION_SHARE * points), _PROBATION_SHARE * _PROBATION_OF_AT_MOST))


def sigmoid(position: float | Floats) -> Floats:
    """What a detection is worth at a position relative to a window: -1 its left edge, 0 its right edge, above 0 after
    it. From 0.987 at the left edge through 0 down to -1.
    """
    at = np.asarray(position, dtype=float)
    return np.where(at > _FAR, -1.0, 2.0 / (1.0 + np.exp(_STEEPNESS * np.minimum(at, _FAR))) - 1.0)


def counted(series: Judged, profile: Profile) -> Counted:
    """Each point's worth as if it were a detection. Raises ValueError for a window that is not inside the series."""
    points = len(series.scores)
    worth = np.full(points, -profile.false_positive)
    window = np.full(points, _ALONE, dtype=np.int64)
    for number, (first, last) in enumerate(series.windows):
        if not 0 <= first <= last < points:
            raise ValueError(f"{series.name}: window {first} to {last} is not inside its {points} points")
        width = last - first + 1
        after = np.arange(1, points - last)
        # A window of one point has no width to measure by: whatever follows it is far.
        beyond = after / (width - 1) if width > 1 else np.full(len(after), np.inf)
        worth[last + 1 :] = sigmoid(beyond) * profile.false_positive
        inside = np.arange(first, last + 1)
        worth[inside] = sigmoid(-(last - inside + 1) / width) * profile.hit / float(sigmoid(-1.0))
        window[inside] = number
    kept = slice(probation(points), None)
    return Counted(series.scores[kept], worth[kept], window[kept], len(series.windows))


def raw_score(series: Counted, threshold: float, profile: Profile) -> float:
    """Hits less misses less false positives of one series; a window that lies in the probation counts for nothing."""
    alarm = series.scores >= threshold
    total = float(series.worth[alarm & (series.window == _ALONE)].sum())
    for number in range(series.windows):
        inside = series.window == number
        if inside.any():
            hits = series.worth[alarm & inside]
            total += float(hits.max()) if len(hits) else -profile.miss
    return total


def nab_score(corpus: Sequence[Judged], threshold: float, profile: Profile) -> float:
    """The score of all series together at one threshold, from 100 downwards. Raises ValueError without a window."""
    raw = sum(raw_score(counted(series, profile), threshold, profile) for series in corpus)
    return _normalised(raw, corpus, profile)


def best_threshold(corpus: Sequence[Judged], profile: Profile) -> tuple[float, float]:
    """The threshold that gives the highest score, and that score: what NAB's own optimiser looks for.

    Looked for among all scores that occur, by walking them from the highest down.
    """
    parts = [counted(series, profile) for series in corpus]
    scores = np.concatenate([part.scores for part in parts])
    worth = np.concatenate([part.worth for part in parts])
    starts = np.cumsum([0, *(part.windows for part in parts)])
    window = np.concatenate(
        [np.where(p.window == _ALONE, _ALONE, p.window + s) for p, s in zip(parts, starts, strict=False)]
    )
    best: dict[int, float] = dict.fromkeys((int(n) for n in np.unique(window) if n != _ALONE), -profile.miss)
    total = float(sum(best.values()))
    highest, at = total, float("inf")
    order = np.argsort(-scores, kind="stable")
    for place, point in enumerate(order):
        number, worth_of_it = int(window[point]), float(worth[point])
        if number == _ALONE:
            total += worth_of_it
        elif worth_of_it > best[number]:
            total += worth_of_it - best[number]
            best[number] = worth_of_it
        last_of_its_score = place + 1 == len(order) or scores[order[place + 1]] < scores[point]
        if last_of_its_score and total > highest:
            highest, at = total, float(scores[point])
    return at, _normalised(highest, corpus, profile)


def _normalised(raw: float, corpus: Sequence[Judged], profile: Profile) -> float:
    """Between a detector that says nothing (0) and a perfect one (100)."""
    windows = sum(len(series.windows) for series in corpus)
    if windows == 0:
        raise ValueError("the series have no labelled window at all: there is nothing to find")
    silent, perfect = -profile.miss * windows, profile.hit * windows
    return 100.0 * (raw - silent) / (perfect - silent)
