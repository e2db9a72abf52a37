"""The forecasts that a worker holds, and what they say of the samples of a cycle: all of them at once."""

import logging
import math
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from datetime import datetime

import numpy as np

from analysis.forecasting.band import Band, Rule, Rules
from analysis.series import Floats
from domain.detection import Watched
from domain.forecast import STALE_AFTER, Forecast
from integrations.ports import ForecastStore

_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Expected:
    """For each sample of a series: its expected value, one sigma, and its deviation in sigma; NaN: not forecast.

    `trained`: the unix time at which what is expected of all of them was learnt; NaN: nothing was.
    """

    value: Floats
    scale: Floats
    sigma: Floats
    trained: float = field(default=math.nan, kw_only=True)


class Forecasts:
    """What training has left in the store, read again as far as it has changed."""

    def __init__(self, store: ForecastStore) -> None:
        self._store = store
        self._known: dict[str, Forecast] = {}
        self._rules = Rules({})

    def refresh(self, services: Collection[str]) -> None:
        """Those of these services. Raises PortError."""
        trained = self._store.trained(services)
        changed = [key for key, at in trained.items() if key not in self._known or self._known[key].trained_at != at]
        gone = self._known.keys() - trained.keys()
        for key in gone:
            del self._known[key]
        for forecast in self._store.load(changed) if changed else ():
            self._known[forecast.key] = forecast
        if changed or gone:
            rules = {key: rule for key, one in self._known.items() if (rule := _rule(one)) is not None}
            self._rules = Rules(rules)

    def judge(self, watched: Sequence[Watched], points: Sequence[Sequence[tuple[float, float]]]) -> list[Expected]:
        """What is expected of the samples (unix time, value) of each series."""
        sizes = [len(one) for one in points]
        times, values = np.array([pair for one in points for pair in one], dtype=np.float64).reshape(-1, 2).T
        rows = np.repeat(np.array([self._row(one) for one in watched], dtype=np.int64), sizes)
        floors = np.repeat(np.array([one.expression.floor for one in watched]), sizes)
        found = np.full((3, len(values)), np.nan)
        known = rows >= 0
        judged = self._rules.judge(rows[known], times[known], values[known], floors[known])
        found[:, known] = (judged.expected, judged.scale, judged.sigma)
        ends = np.cumsum(sizes).tolist()
        # Not np.split, which takes longer than all that is judged here.
        parts = [found[:, end - size : end] for end, size in zip(ends, sizes, strict=True)]
        return [Expected(*part, trained=self._trained(one)) for part, one in zip(parts, watched, strict=True)]

    def gap_s(self, watched: Watched) -> float | None:
        """The longest silence of a series within what was learnt; None: nothing was."""
        known = self._known.get(watched.key)
        return known.gap_s if known is not None and known.ready and known.query == watched.query else None

    def stale(self, now: datetime) -> int:
        """Series that were forecast once, and are not watched by a forecast any more."""
        return sum(forecast.stale(now) for forecast in self._known.values())

    def __len__(self) -> int:
        return len(self._rules.row)

    def _trained(self, watched: Watched) -> float:
        known = self._known.get(watched.key)
        return math.nan if known is None else known.trained_at.timestamp()

    def _row(self, watched: Watched) -> int:
        """The row of a series' rule; -1: there is none. What was trained for another query is not of this series."""
        known = self._known.get(watched.key)
        return self._rules.row.get(watched.key, -1) if known is not None and known.query == watched.query else -1


def _rule(forecast: Forecast) -> Rule | None:
    if forecast.starts_at is None:
        return None
    try:
        band = Band.unpacked(forecast.starts_at.timestamp(), forecast.step_s, forecast.band)
    except ValueError as error:
        _log.warning("%s of %s is judged without a forecast: %s", forecast.expression, forecast.service, error)
        return None
    return Rule(band, forecast.stretch, (forecast.trained_at + STALE_AFTER).timestamp())
