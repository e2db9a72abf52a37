"""A streaming detector of what a series has never shown before: one score in sigma for each point, from the past only.

It stands beside the forecast, for what a forecast cannot see: young series, level shifts, drifts and changes of
variance. `Detector` is the whole of it; `state` and `restore` carry it over a restart.
"""

from analysis.novelty.detector import CALM, MOST_SIGMA, READY_AFTER, THRESHOLD, Detector, Judgement

__all__ = ["CALM", "MOST_SIGMA", "READY_AFTER", "THRESHOLD", "Detector", "Judgement"]
