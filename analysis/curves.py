"""A long series cut down to what a small chart can show."""

import math
from collections.abc import Mapping
from datetime import UTC, datetime
from itertools import pairwise

from domain.exhibits import MOST_POINTS, Curve
from domain.finding import Window

_DIGITS = 4


def curve(points: Mapping[float, float], window: Window, usual: float, *, bound: float | None = None) -> Curve | None:
    """The series (unix seconds to values) over the window, in at most 60 steps that are no finer than its own.

    Of the points of one step the one furthest from `usual` is shown, so that a short peak stays. None: no point at all.
    """
    start, end = window.start.timestamp(), window.end.timestamp()
    inside = {at: value for at, value in points.items() if start <= at <= end and math.isfinite(value)}
    if not inside or end <= start:
        return None
    step_s = max(_own_step_s(inside), (end - start) / MOST_POINTS)
    steps = min(MOST_POINTS, max(1, math.ceil((end - start) / step_s)))
    shown: list[float | None] = [None] * steps
    for at, value in inside.items():
        place = min(steps - 1, int((at - start) / step_s))
        other = shown[place]
        if other is None or abs(value - usual) > abs(other - usual):
            shown[place] = value
    values = tuple(None if value is None else float(f"{value:.{_DIGITS}g}") for value in shown)
    return Curve(start=datetime.fromtimestamp(start, UTC), step_s=step_s, values=values, bound=bound)


def _own_step_s(points: Mapping[float, float]) -> float:
    """The least distance of two points in seconds; 0 for a single one."""
    times = sorted(points)
    return min((b - a for a, b in pairwise(times)), default=0.0)
