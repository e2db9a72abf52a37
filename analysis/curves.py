"""A long series cut down to what a small chart can show."""

import math
from collections import Counter
from collections.abc import Iterable, Mapping
from itertools import pairwise

from domain.exhibits import MOST_POINTS, Curve
from domain.finding import Window

_DIGITS = 4
# Beyond these a number is none that can be drawn, or is nothing.
_LARGEST, _LEAST = 1e300, 1e-300


def curve(
    points: Mapping[float, float], window: Window, usual: float | None = None, bound: float | None = None
) -> Curve | None:
    """The series (unix seconds to values) over the window, in at most 60 steps that are no finer than its own.

    Of the points of one step the one furthest from `usual` (0 where it is not known) is shown, so that a short peak
    stays. None: no point at all.
    """
    start, end = window.start.timestamp(), window.end.timestamp()
    inside = {at: value for at, value in points.items() if start <= at <= end and abs(value) < _LARGEST}
    if not inside or end <= start:
        return None
    step_s = max(_own_step_s(inside), (end - start) / MOST_POINTS)
    steps = min(MOST_POINTS, max(1, math.ceil((end - start) / step_s)))
    shown: list[float | None] = [None] * steps
    middle = usual or 0.0
    for at, value in inside.items():
        place = min(steps - 1, int((at - start) / step_s))
        other = shown[place]
        if other is None or abs(value - middle) > abs(other - middle):
            shown[place] = value
    values = tuple(None if value is None else _rounded(value) for value in shown)
    return Curve(start=window.start, step_s=step_s, values=values, usual=usual, bound=bound)


def counts(times: Iterable[float], window: Window, usual_per_s: float) -> Curve | None:
    """How many of the moments (unix seconds) lie in each sixtieth of the window. None for an empty window."""
    start, end = window.start.timestamp(), window.end.timestamp()
    if end <= start:
        return None
    step_s = (end - start) / MOST_POINTS
    shown = Counter(min(MOST_POINTS - 1, int((at - start) / step_s)) for at in times if start <= at <= end)
    values = tuple(float(shown[n]) for n in range(MOST_POINTS))
    return Curve(start=window.start, step_s=step_s, values=values, usual=usual_per_s * step_s)


def _rounded(value: float) -> float:
    return float(f"{value:.{_DIGITS}g}") if abs(value) > _LEAST else 0.0


def _own_step_s(points: Mapping[float, float]) -> float:
    """The least distance of two points in seconds; 0 for a single one."""
    times = sorted(points)
    return min((b - a for a, b in pairwise(times)), default=0.0)
