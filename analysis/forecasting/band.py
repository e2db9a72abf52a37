"""Forecasts as tables, and the check of samples by them: arrays against arrays, never a call of Prophet."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray

from analysis.series import Floats

# The interval is 95 % of a normal distribution.
_HALF_INTERVAL = 1.96
_ROWS = 3
_STORED = np.dtype("<f4")


@dataclass(frozen=True)
class Band:
    """Expected, lower and upper values (rows of `table`), the first column at unix time `start`, `step_s` apart."""

    start: float
    step_s: float
    table: Floats

    def scales(self) -> Floats:
        """One sigma at each column, as the interval says."""
        return np.maximum(self.table[2] - self.table[1], 0.0) / (2 * _HALF_INTERVAL)

    def packed(self) -> bytes:
        """As it is stored: seven digits are more than any forecast is worth."""
        return self.table.astype(_STORED).tobytes()

    @classmethod
    def unpacked(cls, start: float, step_s: float, packed: bytes) -> Self:
        """Raises ValueError for bytes that are no table."""
        table = np.frombuffer(packed, dtype=_STORED)
        if table.size % _ROWS or not table.size or not step_s > 0 or not np.isfinite(table).all():
            raise ValueError(f"band: {len(packed)} bytes, {step_s:g} s apart, are no table of forecasts")
        return cls(start, step_s, table.reshape(_ROWS, -1).astype(np.float64))


@dataclass(frozen=True)
class Rule:
    """How samples of one series are judged: by its band, stretched, and until which unix time."""

    band: Band
    stretch: float
    until: float


@dataclass(frozen=True)
class Judged:
    """For each sample: the expected value, one sigma and the deviation in sigma; NaN where there is no forecast."""

    expected: Floats
    scale: Floats
    sigma: Floats


class Rules:
    """The rules of many series, as one array. Series whose tables are not equally long are padded with NaN."""

    def __init__(self, rules: Mapping[str, Rule]) -> None:
        self.row = {key: number for number, key in enumerate(rules)}
        width = max((rule.band.table.shape[1] for rule in rules.values()), default=1)
        self._expected = np.full((len(rules), width), np.nan)
        self._scale = np.full((len(rules), width), np.nan)
        self._grid = np.array(
            [(rule.band.start, rule.band.step_s, rule.until, rule.stretch) for rule in rules.values()]
        )
        for number, rule in enumerate(rules.values()):
            columns = rule.band.table.shape[1]
            self._expected[number, :columns] = rule.band.table[0]
            self._scale[number, :columns] = rule.band.scales()

    def judge(self, rows: NDArray[np.int64], times: Floats, values: Floats, floors: Floats) -> Judged:
        """Judge samples of all series at once: the series' row, unix time, value and least scale of each.

        sigma = |actual - expected| / max((upper - lower) / (2 * 1.96), floor) / stretch, between two columns the
        straight line.
        """
        if not rows.size:
            return Judged(np.empty(0), np.empty(0), np.empty(0))
        start, step, until, stretch = self._grid[rows].T
        place = (times - start) / step
        outside = (place < 0) | (place > self._expected.shape[1] - 1) | (times > until)
        place = np.where(outside, 0.0, place)
        left = np.floor(place).astype(np.int64)
        right = np.minimum(left + 1, self._expected.shape[1] - 1)
        share: Floats = place - left.astype(np.float64)
        expected = _between(self._expected, rows, left, right, share)
        scale = np.maximum(_between(self._scale, rows, left, right, share), floors) * stretch
        expected[outside] = np.nan
        return Judged(expected, scale, np.abs(values - expected) / scale)


def _between(
    table: Floats, rows: NDArray[np.int64], left: NDArray[np.int64], right: NDArray[np.int64], share: Floats
) -> Floats:
    # On a column itself the next one, which may not be there, has no say.
    step = np.where(share > 0, table[rows, right] - table[rows, left], 0.0)
    return table[rows, left] + share * step
