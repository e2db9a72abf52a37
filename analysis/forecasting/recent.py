"""By how much a forecast was off within the last hour, and whether a series leaves it steadily.

A forecast knows hours of a day and days of a week; between deployments, or on a quiet weekend, it may be off by the
same amount for hours. What it was off by lately is how it is off now: an intercept correction (Clements and Hendry,
"Forecasting Economic Time Series", 1998). The last ten minutes have no say in that, as they may be trouble.
"""

import math
from array import array
from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from dataclasses import dataclass, field
from operator import mul
from typing import Any

_EVERY_S = 60.0
_FIRST_S, _LAST_S = 3_600.0, 600.0
_LEAST = 20
_CLIMB = 10
# The places of ten samples, about their middle, and the root of the sum of their squares.
_PLACES = tuple(place - (_CLIMB - 1) / 2 for place in range(_CLIMB))
_ACROSS = math.hypot(*_PLACES)
# Pearson's r of the last ten samples with their time. A jump has 0.87 at most, wherever among them it lies.
_STEADY = 0.9
# Scrapes are not quite even.
_SLACK_S = 1.0


@dataclass(frozen=True)
class Correction:
    """`level`: the mean of value minus forecast, `spread` its standard deviation, in the series' unit.

    `rise`: by how much the line through the last ten minutes ends above `level` where they rise steadily; else 0.
    """

    level: float
    spread: float
    rise: float


@dataclass
class Recent:
    """The misses (value minus forecast) of the last hour, one a minute, and their unix times, oldest first, by the
    forecast that was `trained` at this unix time.

    It is asked of every sample: what goes over the whole hour is one call, and numbers lie in arrays.
    """

    trained: float = math.nan
    times: "array[float]" = field(default_factory=lambda: array("d"))
    misses: "array[float]" = field(default_factory=lambda: array("d"))

    def judge(self, at: float, miss: float, trained: float, *, learn: bool = True) -> Correction | None:
        """What is to be corrected for a sample at unix time `at`; None while too little is known of this forecast.

        `learn` False: the sample belongs to a known incident, and must not become what the forecast is usually off by.
        """
        if trained != self.trained:
            self.trained = trained
            self._forget(0, len(self.times))
        self._forget(0, bisect_left(self.times, at - _FIRST_S))
        if learn and math.isfinite(miss) and (not self.times or at - self.times[-1] >= _EVERY_S - _SLACK_S):
            self.times.append(at)
            self.misses.append(miss)
        count = bisect_right(self.times, at - _LAST_S)
        if count < _LEAST:
            return None
        before = tuple(self.misses[:count])
        level = sum(before) / count
        return Correction(level, _norm(before, level) / math.sqrt(count), self._rise(at, level))

    def disown(self, since: float) -> None:
        """Forget what was learnt from this unix time on: it turned out to be trouble."""
        self._forget(bisect_left(self.times, since), len(self.times))

    def _forget(self, first: int, end: int) -> None:
        if first < end:
            del self.times[first:end], self.misses[first:end]

    def _rise(self, at: float, level: float) -> float:
        # Of a sample between two minutes nothing new is known, nor where samples are missing.
        if self.times[-1] != at or at - self.times[-_CLIMB] > _LAST_S + _SLACK_S:
            return 0.0
        return max(_line_s_end(tuple(self.misses[-_CLIMB:])) - level, 0.0)

    def state(self) -> list[Any]:
        """All that it knows, as plain lists and numbers that JSON can hold."""
        pairs = list(zip(self.times, self.misses, strict=True))
        return [None if math.isnan(self.trained) else self.trained, pairs]

    @classmethod
    def restore(cls, state: Sequence[Any]) -> "Recent":
        trained, pairs = state
        times, misses = (array("d", [pair[place] for pair in pairs]) for place in (0, 1))
        return cls(math.nan if trained is None else float(trained), times, misses)


def _norm(values: Sequence[float], mean: float) -> float:
    """The root of the sum of squared deviations from the mean."""
    return math.dist(values, (mean,) * len(values))


def _line_s_end(values: Sequence[float]) -> float:
    """Where the least-squares line through ten values at even steps ends; -inf where they do not rise steadily."""
    mean = sum(values) / _CLIMB
    along = sum(map(mul, _PLACES, values))
    norm = _ACROSS * _norm(values, mean)
    if norm <= 0 or along < _STEADY * norm:
        return -math.inf
    return mean + along / _ACROSS**2 * _PLACES[-1]
