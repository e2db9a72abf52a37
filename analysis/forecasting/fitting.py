"""Prophet: from the history of a series to its table of forecasts. The only module that knows Prophet.

Importing it takes seconds, so it is imported by the process that fits and by no other.
"""

# Neither Prophet nor pandas has complete types.
# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false, reportUnknownArgumentType=false

import logging
from dataclasses import dataclass

import numpy as np

from analysis.forecasting.band import Band
from analysis.forecasting.history import History
from analysis.series import Floats
from domain.sign import STRANGE

STEP_S = 600.0
"""The grid of a forecast: the shortest wave that Prophet's seasons hold is two hours and 24 minutes long."""
# The interval is drawn by chance (1,000 paths of the trend): the same history gives the same forecast.
_SEED = 42
# In a history that was healthy, three sigma are to be as rare as in a normal distribution, or rarer.
_RARE = 0.997


@dataclass(frozen=True)
class Fitted:
    """A forecast. `stretch`: by how much deviations are wider than the interval says, at least 1."""

    band: Band
    stretch: float


@dataclass(frozen=True)
class Failed:
    """Prophet could not fit this history; the text is its own."""

    reason: str


def fit(history: History, until: float) -> Fitted | Failed:
    """The forecast from the end of the history to unix time `until`.

    Parameters as in spec: changepoint prior 0.05, seasonality prior 10, interval 95 %, seasons where they are covered.
    """
    _be_quiet("prophet.plot")
    import pandas as pd  # noqa: PLC0415 - seconds
    from prophet import Prophet  # noqa: PLC0415 - seconds

    _be_quiet("cmdstanpy", "prophet")
    np.random.seed(_SEED)  # Prophet draws from this generator
    model = Prophet(
        changepoint_prior_scale=0.05, seasonality_prior_scale=10.0, interval_width=0.95, yearly_seasonality=False,
        daily_seasonality=history.daily, weekly_seasonality=history.weekly,
    )  # fmt: skip
    times = pd.to_datetime(history.times, unit="s")
    start = float(history.times[-1])
    grid = start + STEP_S * np.arange(np.ceil((until - start) / STEP_S) + 1)
    try:
        model.fit(pd.DataFrame({"ds": times, "y": history.values}), seed=_SEED)
        ahead = model.predict(pd.DataFrame({"ds": pd.to_datetime(grid, unit="s")}))
        model.uncertainty_samples = 0
        behind = model.predict(pd.DataFrame({"ds": times}))
    except (RuntimeError, ValueError) as error:
        return Failed(f"{type(error).__name__}: {error}"[:300])
    table = ahead[["yhat", "yhat_lower", "yhat_upper"]].to_numpy(dtype=np.float64).T
    if not np.isfinite(table).all():
        return Failed("the forecast is not finite")
    band = Band(start, STEP_S, table)
    misses = np.abs(history.values - behind["yhat"].to_numpy(dtype=np.float64))
    return Fitted(band, _stretch(misses, max(band.scales()[0], history.floor)))


def _stretch(misses: Floats, scale: float) -> float:
    """How far the history itself left the forecast, against what it would have as a normal distribution."""
    return max(1.0, float(np.quantile(misses, _RARE)) / (STRANGE * scale))


def _be_quiet(*loggers: str) -> None:
    """Each fit would say on stderr that it began and ended, and the first one that there is no plotly. Disabled, not
    set to a level: cmdstanpy sets its own at its first fit.
    """
    for name in loggers:
        logging.getLogger(name).disabled = True
