"""By how much a forecast was off within the last hour, and whether a series leaves it steadily.

A forecast knows hours of a day and days of a week; between deployments, or on a quiet weekend, it may be off by the
same amount for hours. What it was off by lately is how it is off now: an intercept correction (Clements and Hendry,
"Forecasting Economic Time Series", 1998). The last ten minutes have no say in that, as they may be trouble.
"""

import math
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import islice
from operator import mul
from typing import Any

_EVERY_S = 60.0
_FIRST_S, _LAST_S = 3_600.0, 600.0
_LEAST = 20
_CLIMB = 10
# The places of ten samples, about their middle, and the sum of their squares.
_PLACES = tuple(place - (_CLIMB - 1) / 2 for place in range(_CLIMB))
_ACROSS = sum(place * place for place in _PLACES)
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
    """The misses (value minus forecast) of the last hour, (unix time, miss), one a minute, by the forecast that was
    `trained` at this unix time.
    """

    trained: float = math.nan
    misses: deque[tuple[float, float]] = field(default_factory=deque[tuple[float, float]])

    def judge(self, at: float, miss: float, trained: float, *, learn: bool = True) -> Correction | None:
        """What is to be corrected for a sample at unix time `at`; None while too little is known of this forecast.

        `learn` False: the sample belongs to a known incident, and must not become what the forecast is usually off by.
        """
        if trained != self.trained:
            self.trained = trained
            self.misses.clear()
        while self.misses and self.misses[0][0] < at - _FIRST_S:
            self.misses.popleft()
        if learn and math.isfinite(miss) and (not self.misses or at - self.misses[-1][0] >= _EVERY_S - _SLACK_S):
            self.misses.append((at, miss))
        before = [miss for then, miss in self.misses if then <= at - _LAST_S]
        if len(before) < _LEAST:
            return None
        level = sum(before) / len(before)
        spread = math.sqrt(sum([(miss - level) ** 2 for miss in before]) / len(before))
        return Correction(level, spread, self._rise(at, level))

    def disown(self, since: float) -> None:
        """Forget what was learnt from this unix time on: it turned out to be trouble."""
        while self.misses and self.misses[-1][0] >= since:
            self.misses.pop()

    def _rise(self, at: float, level: float) -> float:
        last = list(islice(reversed(self.misses), _CLIMB))[::-1]
        # Of a sample between two minutes nothing new is known, nor where samples are missing.
        if last[-1][0] != at or at - last[0][0] > _LAST_S + _SLACK_S:
            return 0.0
        return max(_line_s_end([miss for _, miss in last]) - level, 0.0)

    def state(self) -> list[Any]:
        """All that it knows, as plain lists and numbers that JSON can hold."""
        return [None if math.isnan(self.trained) else self.trained, list(self.misses)]

    @classmethod
    def restore(cls, state: Sequence[Any]) -> "Recent":
        trained, misses = state
        found = deque((float(at), float(miss)) for at, miss in misses)
        return cls(math.nan if trained is None else float(trained), found)


def _line_s_end(values: Sequence[float]) -> float:
    """Where the least-squares line through values at even steps ends; -inf where they do not rise steadily.

    In plain Python: ten numbers are fewer than what an array costs, and it is asked of every sample.
    """
    if len(values) < _CLIMB:
        return -math.inf
    mean = sum(values) / _CLIMB
    along = sum(map(mul, _PLACES, values))
    norm = math.sqrt(_ACROSS * sum([(value - mean) ** 2 for value in values]))
    if norm <= 0 or along < _STEADY * norm:
        return -math.inf
    return mean + along / _ACROSS * _PLACES[-1]
