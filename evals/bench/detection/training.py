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
    """Seconds of `fits` by a loop and by the pool, its start included. `same`: both gave the same forecasts."""

    fits: int
    processes: int
    loop_s: float
    pool_s: float
    same: bool


def compare(histories: Sequence[History], until: float) -> tuple[Trained, Sequence[Fitted]]:
    """The figures, and what was fitted. Raises FitFailedError."""
    _fitted(fit(histories[0], until))  # Prophet's import is not the loop's
    began = time.perf_counter()
    by_loop = [_fitted(fit(history, until)) for history in histories]
    loop_s = time.perf_counter() - began
    began = time.perf_counter()
    with pool() as executor:
        by_pool = [_fitted(found) for found in executor.map(fit, histories, [until] * len(histories))]
    pool_s = time.perf_counter() - began
    same = all(
        np.allclose(one.band.table, other.band.table, rtol=1e-6) for one, other in zip(by_loop, by_pool, strict=True)
    )
    return Trained(len(histories), processes(), loop_s, pool_s, same), by_loop


def _fitted(found: Fitted | Failed) -> Fitted:
    if isinstance(found, Failed):
        raise FitFailedError(found.reason)
    return found
