"""The obvious way to check a sample: ask the series' Prophet model what it expects."""

# Neither Prophet nor pandas has complete types.
# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false

import logging
import time
from collections.abc import Sequence

from analysis.forecasting.history import History


def predict_s(histories: Sequence[History], at: float) -> float:
    """Seconds of one call of `predict` for one sample, the mean over models of these histories."""
    import pandas as pd  # noqa: PLC0415 - seconds
    from prophet import Prophet  # noqa: PLC0415 - seconds

    logging.getLogger("cmdstanpy").disabled = True
    spent = 0.0
    for history in histories:
        model = Prophet(changepoint_prior_scale=0.05, interval_width=0.95, yearly_seasonality=False)
        model.fit(pd.DataFrame({"ds": pd.to_datetime(history.times, unit="s"), "y": history.values}))
        sample = pd.DataFrame({"ds": pd.to_datetime([at], unit="s")})
        model.predict(sample)  # the first call is slower
        began = time.perf_counter()
        model.predict(sample)
        spent += time.perf_counter() - began
    return spent / len(histories)
