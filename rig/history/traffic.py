"""The traffic of past days: when samples were taken and how many requests of each kind came between them."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from rig.shop.load import REQUESTS_PER_SECOND, SHARES

Floats = NDArray[np.float64]
Counts = NDArray[np.int64]

# A rate over a minute, as detection asks for, needs two samples in every window; so does, near the end of the history,
# one over 30 s, as the shop's alerts ask for.
COARSE_STEP_SECONDS = 30.0
FINE_STEP_SECONDS = 15.0
FINE_HOURS = 2.0
_DAY_SECONDS = 86_400.0
_BUSIEST_HOUR_UTC = 14.0
_DAILY_SWING = 0.35


@dataclass(frozen=True)
class Traffic:
    """`times` are seconds since the epoch, rising; `requests[kind][i]` came between sample i-1 and sample i."""

    times: Floats
    requests: Mapping[str, Counts]


def sample_times(end: float, hours: float) -> Floats:
    """Every 30 s, in the last two hours every 15 s, up to and including `end`."""
    fine_hours = min(hours, FINE_HOURS)
    fine = np.arange(round(fine_hours * 3600 / FINE_STEP_SECONDS), -1, -1) * -FINE_STEP_SECONDS
    coarse_steps = round((hours - fine_hours) * 3600 / COARSE_STEP_SECONDS)
    coarse = fine[0] + np.arange(coarse_steps, 0, -1) * -COARSE_STEP_SECONDS
    return np.concatenate([coarse, fine]).astype(np.float64) + end


def daily_factor(times: Floats, end: float) -> Floats:
    """Load as a multiple of the load at `end`: a cosine over the day with its peak at 14:00 UTC."""

    def curve(moments: Floats) -> Floats:
        phase = (moments / _DAY_SECONDS - _BUSIEST_HOUR_UTC / 24.0) * 2.0 * np.pi
        return 1.0 + _DAILY_SWING * np.cos(phase)

    return curve(times) / curve(np.array([end]))


def make_traffic(rng: np.random.Generator, end: float, hours: float) -> Traffic:
    """Poisson arrivals around a daily curve that meets the live load's rate at `end`."""
    times = sample_times(end, hours)
    elapsed = np.diff(times, prepend=times[0])
    expected = REQUESTS_PER_SECOND * elapsed * daily_factor(times, end)
    return Traffic(times, {kind: rng.poisson(expected * share) for kind, share in SHARES.items()})
