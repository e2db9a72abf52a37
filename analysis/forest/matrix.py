"""From the series of a service to training rows: what is left out, and whether what is left is enough."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from analysis.forecasting.history import NotReady, only_grows
from analysis.series import Floats
from domain.forecast import LEAST_SPAN, LEFT_OUT
from domain.forest import LEAST_FEATURES, LEAST_ROWS, LONGEST_HISTORY, MOST_FEATURES, MOST_ROWS, Feature
from domain.services import MetricKind

Times = NDArray[np.int64]
# Series that are old are asked for each ten minutes, young ones each minute (activities.training.asking): where the two
# meet, the minutes between have no row.
_COARSE_S = 600


@dataclass(frozen=True)
class Column:
    """A series that may become a feature: whole unix seconds, rising, with a value each."""

    feature: Feature
    kind: MetricKind
    floor: float
    times: Times
    values: Floats

    @property
    def moves(self) -> bool:
        """Did it ever move by more than what its expression calls nothing?"""
        return bool(self.values.size) and float(np.ptp(self.values)) > self.floor


@dataclass(frozen=True)
class Aligned:
    """Rows at which every feature has a value. `left_out`: the series that are no feature, each with why."""

    features: tuple[Feature, ...]
    times: Times
    rows: Floats
    left_out: tuple[str, ...]


def column(
    feature: Feature, kind: MetricKind, floor: float, points: Sequence[tuple[float, float]],
    left_out: Iterable[tuple[float, float]], now: float,
) -> Column:  # fmt: skip
    """A series at unix time `now`: without NaN and infinity, the newest half hour and the intervals `left_out`
    (unix times, both ends included). Of two samples within a second the first one counts.
    """
    array = np.asarray(points, dtype=np.float64).reshape(-1, 2)
    times, values = array[:, 0], array[:, 1]
    first, last = now - LONGEST_HISTORY.total_seconds(), now - LEFT_OUT.total_seconds()
    kept = np.isfinite(values) & (times >= first) & (times <= last)
    for begin, end in left_out:
        kept &= (times < begin) | (times > end)
    seconds, first_of_each = np.unique(times[kept].astype(np.int64), return_index=True)
    return Column(feature, kind, floor, seconds, values[kept][first_of_each])


def align(columns: Sequence[Column]) -> Aligned | NotReady:
    """Rows of as many features over as long a time as there are: those features that together have the most values.

    A row without a value of one of them is left out, never filled. The order of `columns` does not matter.
    """
    left_out = {one.feature: why for one in columns if (why := _unfit(one)) is not None}
    fit = sorted((c for c in columns if c.feature not in left_out), key=lambda c: (c.times[0], c.feature.key))
    left_out |= {c.feature: f"one of more than {MOST_FEATURES}" for c in fit[MOST_FEATURES:]}
    fit = fit[:MOST_FEATURES]
    if len(fit) < LEAST_FEATURES:
        return NotReady(f"{len(fit)} of {LEAST_FEATURES} series that move{_listed(_named(left_out))}")
    young = [c for c in fit if (c.times % _COARSE_S).any()]
    together, by_the_minute = _most_values(fit, _COARSE_S), _most_values(young, 1)
    chosen, times = max(together, by_the_minute, key=lambda found: len(found[0]) * found[1].size)
    missing = missing_rows(times)
    if missing is not None:
        return missing
    left_out |= {c.feature: "too many gaps, or too young" for c in fit if c not in chosen}
    ranked, times = sorted(chosen, key=lambda c: (c.feature.expression, c.feature.key)), times[-MOST_ROWS:]
    rows = np.stack([c.values[np.searchsorted(c.times, times)] for c in ranked], axis=1)
    return Aligned(tuple(c.feature for c in ranked), times, rows, _named(left_out))


def _unfit(one: Column) -> str | None:
    if not one.moves:
        return "never moved by more than its floor"
    return "only grows, as a counter does" if only_grows(one.kind, one.values) else None


def _most_values(columns: Sequence[Column], step_s: int) -> tuple[Sequence[Column], Times]:
    """Those of `columns` (two at least) which together have the most values, and the times that they share, at whole
    multiples of `step_s`: the longest one, then the next.
    """
    on_grid = {c.feature.key: c.times[c.times % step_s == 0] for c in columns}
    longest = sorted(columns, key=lambda c: (-on_grid[c.feature.key].size, c.feature.key))
    best: tuple[Sequence[Column], Times] = ((), np.empty(0, dtype=np.int64))
    shared = on_grid[longest[0].feature.key] if longest else best[1]
    for count, one in enumerate(longest[1:], LEAST_FEATURES):
        shared = np.intersect1d(shared, on_grid[one.feature.key], assume_unique=True)
        if count * shared.size >= len(best[0]) * best[1].size:
            best = (longest[:count], shared)
    return best


def missing_rows(times: Times) -> NotReady | None:
    """What is missing until there are enough rows over a day; None: nothing."""
    if times.size < LEAST_FEATURES:
        return NotReady("its series have no sample in common that can be learnt from")
    span, step = float(times[-1] - times[0]), float(np.median(np.diff(times)))
    least = LEAST_SPAN.total_seconds()
    if times.size >= LEAST_ROWS and span + step >= least:
        return None
    at = max(float(times[0]) + least, float(times[-1]) + max(LEAST_ROWS - times.size, 0) * step)
    reason = f"{times.size} of {LEAST_ROWS} rows, {span / 3_600:.1f} of {least / 3_600:.0f} h"
    return NotReady(reason, at + LEFT_OUT.total_seconds())


def _named(left_out: dict[Feature, str]) -> tuple[str, ...]:
    """In words, each kind once."""
    return tuple(sorted({f"{feature.expression}: {why}" for feature, why in left_out.items()}))


def _listed(left_out: tuple[str, ...]) -> str:
    return f" ({'; '.join(left_out)})" if left_out else ""
