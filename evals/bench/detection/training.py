"""Training: the pool of processes against a plain loop, over the same histories."""

import time
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from activities.training.pool import pool, processes
from analysis.forecasting.fitting import Failed, Fitted, fit
from analysis.forecasting.history import History


class FitFailedError(Exception):
    """Prophet could not fit one of the made-up series; the text is its own."""


@dataclass(frozen=True)
class Trained:
    """Seconds of `fits` by a loop and by the pool. `same`: both gave the same forecasts.

    `start_s`: until every process of the pool had fitted once. It is paid once a round, however many series are due;
    the loop had its Prophet imported and warm as well.
    """

    fits: int
    processes: int
    loop_s: float
    start_s: float
    pool_s: float
    same: bool

    @property
    def ratio(self) -> float:
        """How many times the loop's throughput."""
        return self.loop_s / self.pool_s


def compare(histories: Sequence[History], until: float) -> tuple[Trained, Sequence[Fitted]]:
    """The figures, and what was fitted. Raises FitFailedError."""
    _fitted(fit(histories[0], until))  # Prophet's import is not the loop's
    began = time.perf_counter()
    by_loop = [_fitted(fit(history, until)) for history in histories]
    loop_s = time.perf_counter() - began
    began = time.perf_counter()
    with pool() as executor:
        # Two for each, so that one that is up first does not take the other's.
        warming = [executor.submit(fit, histories[0], until) for _ in range(2 * processes())]
        for one in warming:
            _fitted(one.result())
        start_s = time.perf_counter() - began
        began = time.perf_counter()
        by_pool = [_fitted(found) for found in executor.map(fit, histories, [until] * len(histories))]
    pool_s = time.perf_counter() - began
    same = all(
        np.allclose(one.band.table, other.band.table, rtol=1e-6) for one, other in zip(by_loop, by_pool, strict=True)
    )
    return Trained(len(histories), processes(), loop_s, start_s, pool_s, same), by_loop


def _fitted(found: Fitted | Failed) -> Fitted:
    if isinstance(found, Failed):
        raise FitFailedError(found.reason)
    return found
