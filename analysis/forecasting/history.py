"""From the samples of a series to what is fitted: what is left out, what it covers, and whether it is enough."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from analysis.series import Floats
from domain.forecast import LEAST_POINTS, LEAST_SPAN, LEFT_OUT, LONGEST_HISTORY
from domain.services import MetricKind

DAY_S, WEEK_S = 86_400.0, 604_800.0
# A cycle is cut into so many slots (an hour of a day, seven of a week); all but a few must have been seen twice.
_SLOTS, _SHARE_TWICE = 24, 0.9
# Of these kinds a series that only grows is a counter that nobody took the rate of; memory or a disk may well fill.
_NEVER_ONLY_GROWS = frozenset({"errors", "latency", "load", "cpu"})
_GROWS_SHARE = 0.5


@dataclass(frozen=True)
class History:
    """What is fitted: unix times in seconds, rising, with a finite value each.

    `daily`, `weekly`: it covers two cycles. `gap_s`: the longest silence, beyond the step of the samples and outside of
    trouble. `floor`: the least scale of a deviation, in the series' unit.
    """

    times: Floats
    values: Floats
    floor: float
    daily: bool
    weekly: bool
    gap_s: float


@dataclass(frozen=True)
class NotReady:
    """Why nothing can be fitted. `at`: the unix time from which on it can, by the pace of the samples, if known."""

    reason: str
    at: float | None = None


def prepare(
    points: Sequence[tuple[float, float]], kind: MetricKind, floor: float, left_out: Iterable[tuple[float, float]],
    now: float,
) -> History | NotReady:  # fmt: skip
    """The history of a series at unix time `now`, from its samples (unix time, value).

    Without NaN and infinity, what is older than the longest history, the newest half hour and the intervals `left_out`
    (unix times, both ends included).
    """
    array = np.asarray(points, dtype=np.float64).reshape(-1, 2)
    times, values = array[:, 0], array[:, 1]
    first, last = now - LONGEST_HISTORY.total_seconds(), now - LEFT_OUT.total_seconds()
    kept = np.isfinite(values) & (times >= first) & (times <= last)
    troubles = list(left_out)
    gap_s = _longest_silence(np.unique(times[kept]), troubles)
    for begin, end in troubles:
        kept &= (times < begin) | (times > end)
    times, first_of_each = np.unique(times[kept], return_index=True)
    values = values[kept][first_of_each]
    missing = _missing(times)
    if missing is not None:
        return missing
    if only_grows(kind, values):
        return NotReady("it only grows, as a counter does: write rate() around it")
    return History(
        times, values, floor, daily=covers_twice(times, DAY_S), weekly=covers_twice(times, WEEK_S), gap_s=gap_s
    )  # fmt: skip


def _longest_silence(times: Floats, troubles: Sequence[tuple[float, float]]) -> float:
    """The longest time between two samples (rising times) beyond their usual step, in seconds.

    Of the samples as they came: what is left out of the fit was no silence. Nor is what began or ended in trouble how
    the series is.
    """
    if times.size <= 1:
        return 0.0
    gaps = np.diff(times)
    usual = np.ones(gaps.size, dtype=np.bool_)
    for first, last in troubles:
        usual &= (times[1:] < first) | (times[:-1] > last)
    step = float(np.median(gaps))
    return float(gaps[usual].max(initial=step)) - step


def covers_twice(times: Floats, cycle_s: float) -> bool:
    """Do these times (unix, rising) cover at least two cycles? The two ends alone do not: gaps count."""
    step = float(np.median(np.diff(times)))
    if times[-1] - times[0] + step < 2 * cycle_s:
        return False
    cycle, within = np.divmod(times - times[0], cycle_s)
    slot = np.minimum(within // (cycle_s / _SLOTS), _SLOTS - 1)
    seen = np.unique(np.stack([slot, cycle]), axis=1)
    twice = np.bincount(seen[0].astype(np.int64), minlength=_SLOTS) >= 2  # noqa: PLR2004 - its name says it
    return bool(twice.mean() >= _SHARE_TWICE)


def _missing(times: Floats) -> NotReady | None:
    """What is missing until there are a day and a hundred points; None: nothing."""
    if not times.size:
        return NotReady("no sample yet that can be learnt from")
    if times.size == 1:
        return NotReady(f"1 of {LEAST_POINTS} points")
    span, least, step = float(times[-1] - times[0]), LEAST_SPAN.total_seconds(), float(np.median(np.diff(times)))
    # A day at one sample each minute ends a minute before the day does.
    enough_time, enough_points = span + step >= least, times.size >= LEAST_POINTS
    if enough_time and enough_points:
        return None
    at = max(float(times[0]) + least, float(times[-1]) + max(LEAST_POINTS - times.size, 0) * step)
    reason = f"{times.size} of {LEAST_POINTS} points, {span / 3_600:.1f} of {least / 3_600:.0f} h"
    return NotReady(reason, at + LEFT_OUT.total_seconds())


def only_grows(kind: MetricKind, values: Floats) -> bool:
    """Is it a counter: never below 0, rising in most steps, and falling only to begin anew near 0?"""
    if kind not in _NEVER_ONLY_GROWS:
        return False
    steps = np.diff(values)
    falls = steps < 0
    resets = values[1:][falls] <= 0.1 * values[:-1][falls]
    return bool(
        values.min() >= 0 and (steps > 0).mean() >= _GROWS_SHARE and resets.all() and falls.sum() <= 0.01 * steps.size
    )
