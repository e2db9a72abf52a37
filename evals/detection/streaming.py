"""The product's detector over a recorded series: point by point, as it would have come in."""

from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass

import numpy as np

from analysis.novelty import Detector
from evals.detection.nab_data import Floats, Labelled
from evals.detection.nab_score import Judged, probation

_WEEK_S = 7 * 86_400.0


@dataclass(frozen=True)
class Streamed:
    """A series and the sigma of each point that was news; 0 for all others, which the detector would not report."""

    series: Labelled
    sigma: Floats

    @property
    def judged(self) -> Judged:
        return Judged(self.series.name, self.sigma, self.series.windows)


@dataclass(frozen=True)
class Alarms:
    """What a threshold gives: `delays` in seconds from what is labelled to the first alarm in its window (0 where
    that came before), the windows without an alarm, alarms outside of all windows, and the weeks that were judged.
    """

    delays: tuple[float, ...]
    missed: int
    false: int
    weeks: float


def stream(series: Sequence[Labelled]) -> tuple[Streamed, ...]:
    """Every series through a detector of its own; they share the machine's cores, and nothing else."""
    with ProcessPoolExecutor() as processes:
        return tuple(processes.map(_streamed, series))


def _streamed(series: Labelled) -> Streamed:
    detector = Detector()
    sigma = np.zeros(len(series.values))
    for place, (at, value) in enumerate(zip(series.at.tolist(), series.values.tolist(), strict=True)):
        judged = detector.judge(at, value)
        if judged is not None and judged.news:
            sigma[place] = judged.sigma
    return Streamed(series, sigma)


def alarms(streamed: Streamed, threshold: float) -> Alarms:
    """The alarms of one series after its probation."""
    series, start = streamed.series, probation(len(streamed.sigma))
    places = [int(p) for p in np.flatnonzero(streamed.sigma >= threshold) if p >= start]
    delays: list[float] = []
    judged = [(window, at) for window, at in zip(series.windows, series.labels, strict=True) if window[1] >= start]
    for (first, last), labelled in judged:
        inside = [place for place in places if first <= place <= last]
        if inside:
            delays.append(max(float(series.at[inside[0]]) - labelled, 0.0))
    false = sum(not any(first <= place <= last for first, last in series.windows) for place in places)
    weeks = float(series.at[-1] - series.at[start]) / _WEEK_S
    return Alarms(tuple(delays), len(judged) - len(delays), false, weeks)
