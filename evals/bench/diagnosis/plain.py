"""The floor of cost: each series by its largest robust z, each service by its worst series.

The scorer of BARO (Pham, Ha and Zhang, "BARO: Robust Root Cause Analysis for Microservices via Multivariate Bayesian
Online Change Point Detection", FSE 2024, section 3.3): median and interquartile range before, the largest deviation
after.
"""

from collections.abc import Sequence

import numpy as np

from analysis.shifts import Measured

_LEAST = 1e-9


def ranked(measured: Sequence[Measured]) -> list[str]:
    """The services, most anomalous first."""
    worst: dict[str, float] = {}
    for one in measured:
        low, middle, high = np.percentile(np.asarray(one.calm), (25, 50, 75))
        z = float(np.max(np.abs(np.asarray(one.now) - middle)) / max(float(high - low), _LEAST))
        worst[one.service] = max(worst.get(one.service, 0.0), z)
    return sorted(worst, key=lambda service: -worst[service])
