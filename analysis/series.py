"""What a series says: how far it lies from its baseline, where it goes, and when it changed."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Literal

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Direction = Literal["up", "down"]

# The interquartile range of a normal distribution is 1.349 standard deviations.
_IQR_IN_SIGMA = 1.349
_RELATIVE_FLOOR = 0.10
_TREND_POINTS = 10
_TREND_LEAST_POINTS = 5
_TREND_SHARE = 0.05
_CALM_SCALES = 3.0
_LONGEST_DIP = 2


class Trend(StrEnum):
    INCREASING = "increasing"
    DECREASING = "decreasing"
    STABLE = "stable"
    UNKNOWN = "unknown"


@dataclass(frozen=True)
class Baseline:
    """The middle and the scale of a series while all was well, in the series' own unit."""

    middle: float
    scale: float


@dataclass(frozen=True)
class Summary:
    """Least, greatest and mean value of a series, and where it goes."""

    least: float
    greatest: float
    mean: float
    trend: Trend


def baseline(values: Sequence[float], floor: float) -> Baseline:
    """Median, and max(IQR / 1.349, 10 % of the median's magnitude, `floor`) as scale.

    The median and the quartiles shrug off blips; the floor (in the series' unit) keeps a series that never moved from
    dividing by nothing. Raises ValueError for no values or a floor that is not above 0.
    """
    if not floor > 0:
        raise ValueError(f"floor: {floor!r} is not above 0")
    array = _array(values)
    low, middle, high = (float(q) for q in np.percentile(array, (25, 50, 75)))
    return Baseline(middle, max((high - low) / _IQR_IN_SIGMA, _RELATIVE_FLOOR * abs(middle), floor))


def robust_z(values: Sequence[float], base: Baseline, harmful: Direction = "up") -> float:
    """The median deviation from the baseline in scales, positive in the harmful direction.

    The median and not the greatest: short spikes of many scales are common in healthy services.
    """
    sign = 1.0 if harmful == "up" else -1.0
    return float(np.median((_array(values) - base.middle) / base.scale)) * sign


def summarise(values: Sequence[float]) -> Summary:
    """Least, greatest, mean and trend. Raises ValueError for no values."""
    array = _array(values)
    return Summary(float(array.min()), float(array.max()), float(array.mean()), trend(values))


def trend(values: Sequence[float]) -> Trend:
    """The slope of a line through the last 10 points, beyond 5 % of the mean's magnitude per point or not.

    Fewer than 5 points: UNKNOWN.
    """
    if len(values) < _TREND_LEAST_POINTS:
        return Trend.UNKNOWN
    last = _array(values)[-_TREND_POINTS:]
    x = np.arange(last.size) - (last.size - 1) / 2
    slope = float(x @ (last - last.mean())) / float(x @ x)
    bound = _TREND_SHARE * abs(float(last.mean()))
    if abs(slope) <= bound:
        return Trend.STABLE
    return Trend.INCREASING if slope > 0 else Trend.DECREASING


def onset(values: Sequence[float], base: Baseline, level: float) -> int | None:
    """The index at which a series left its baseline for the `level` at which it is now; None where it began before.

    Back from the end to where the series first stands at half of the way for good (fewer than three points below are
    a dip), then down the slope to its foot, three scales from the baseline. A wobble before it is no part of it: a
    split into two means would begin there as soon as the wobble lasts longer than the trouble.
    """
    array = _array(values)
    way = (array - base.middle) * (1.0 if level >= base.middle else -1.0)
    high = np.flatnonzero(way >= abs(level - base.middle) / 2)
    if not high.size:
        return None
    gaps = np.flatnonzero(np.diff(high) > _LONGEST_DIP + 1)
    foot = int(high[gaps[-1] + 1] if gaps.size else high[0])
    while foot > 0 and _CALM_SCALES * base.scale <= way[foot - 1] < way[foot]:
        foot -= 1
    return foot or None


def lead_s(first: Sequence[float], second: Sequence[float], step_s: float, most_steps: int = 12) -> float | None:
    """By how many seconds `first` runs ahead of `second` (negative: behind), from the lag with the largest correlation.

    Both on one grid of `step_s` seconds. None where they are too short, do not move, or correlate below 0.5 everywhere.
    """
    a, b = np.asarray(first, dtype=np.float64), np.asarray(second, dtype=np.float64)
    if a.size != b.size or a.size < 2 * most_steps:
        return None
    lags = sorted(range(-most_steps, most_steps + 1), key=lambda lag: (abs(lag), lag))
    best = max(lags, key=lambda lag: _correlation(a, b, lag))
    return best * step_s if _correlation(a, b, best) >= 0.5 else None  # noqa: PLR2004 -- half of the variation or more


def _correlation(a: Floats, b: Floats, lag: int) -> float:
    """Pearson's r of a(t) with b(t + lag); -1 where one of them does not move."""
    size = a.size - abs(lag)
    x, y = (a[:size], b[lag:]) if lag >= 0 else (a[-lag:], b[:size])
    x, y = x - x.mean(), y - y.mean()
    norm = float(np.sqrt((x @ x) * (y @ y)))
    return float(x @ y) / norm if norm > 0 else -1.0


def _array(values: Sequence[float]) -> Floats:
    if not values:
        raise ValueError("values: there is none")
    return np.asarray(values, dtype=np.float64)
