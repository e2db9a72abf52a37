"""One sample, judged: one score of what forecast and streaming detector say of it. Pure."""

from datetime import datetime

from pydantic import AwareDatetime

from domain.model import Model
from domain.services import Expression

STRANGE = 3.0
"""What is strange, in sigma."""
FORECAST = "forecast"
"""As the forecast is called beside the looks of the streaming detector."""
_NO_SIGMA = 0.0


class Sign(Model):
    """One sample, judged. `sigma` counts in the harmful direction only: a better value is 0.

    It is the greater one of what the streaming detector (`novelty`) and the forecast (`by_forecast`; 0 where it is not
    believed) say. `look` is the look that said so, `usual` what it compared with. `expected`, `scale` and `deviation`,
    which counts in either direction, are the forecast's, None where there is none.
    """

    at: AwareDatetime
    value: float
    usual: float
    sigma: float
    look: str = ""
    novelty: float = 0.0
    by_forecast: float = 0.0
    expected: float | None = None
    scale: float | None = None
    deviation: float | None = None


class Look(Model):
    """What the streaming detector says of a sample: its strongest look, what that compares with, and how strange.

    `knows_a_day`: it has seen every hour of a day.
    """

    channel: str
    usual: float
    sigma: float
    knows_a_day: bool = True


class Deviation(Model):
    """What the forecast says of a sample: the expected value, one sigma, and how many of them it is away."""

    expected: float
    scale: float
    sigma: float


def harmful_sigma(expression: Expression, value: float, usual: float, sigma: float) -> float:
    """The sigma that counts: none for a better value, and none for an expression that is evidence only."""
    if expression.harmful is None:
        return _NO_SIGMA
    worse = value > usual if expression.harmful == "up" else value < usual
    return sigma if worse else _NO_SIGMA


def sign(
    expression: Expression, at: datetime, value: float, look: Look | None, forecast: Deviation | None, *, believed: bool
) -> Sign:
    """One score for a sample, of what both say: the greater deviation in the harmful direction.

    `believed`: the forecast still fits the series. None: that one cannot say anything. Of an hour that the streaming
    detector has not seen yet and that the forecast, which knows days, finds usual, the novelty says nothing.
    """
    expected = forecast is not None and believed and forecast.sigma < STRANGE
    new = look is not None and (look.knows_a_day or not expected)
    novelty = harmful_sigma(expression, value, look.usual, look.sigma) if look is not None and new else 0.0
    by_forecast = 0.0
    if forecast is not None and believed:
        by_forecast = harmful_sigma(expression, value, forecast.expected, forecast.sigma)
    usual, said = (value, "") if look is None else (look.usual, look.channel)
    if forecast is not None and (look is None or by_forecast > novelty):
        usual, said = forecast.expected, FORECAST
    return Sign(
        at=at, value=value, usual=usual, sigma=max(novelty, by_forecast), look=said, novelty=novelty,
        by_forecast=by_forecast, deviation=None if forecast is None else forecast.sigma,
        expected=None if forecast is None else forecast.expected, scale=None if forecast is None else forecast.scale,
    )  # fmt: skip
