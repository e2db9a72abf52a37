"""One sample, judged: one score of what forecast and streaming detector say of it. Pure."""

from datetime import datetime

from pydantic import AwareDatetime

from domain.model import Model
from domain.services import Expression

STRANGE = 3.0
"""What is strange, in sigma."""
FORECAST = "forecast"
"""As the forecast is called beside the looks of the streaming detector."""
CORRECTED = "corrected forecast"
"""As the forecast is called where what it was off by lately is added to it."""
CLIMB = "climb"
"""As a series' steady rise away from its forecast is called."""
# What fills up: a steady rise ends at a limit, whatever it has shown before.
_FILLS = frozenset({"memory", "disk", "connections"})
_NO_SIGMA = 0.0


class Sign(Model):
    """One sample, judged. `sigma` counts in the harmful direction only: a better value is 0.

    It is the greatest one of what the streaming detector (`novelty`), the forecast (`by_forecast`, by itself or as it
    is corrected; 0 where it is not believed) and a steady rise of what fills up (`climb`) say. `look` is the look that
    said so, `usual` what it compared with. `expected`, `scale` and `deviation`, which counts in either direction, are
    the forecast's own, None where there is none.
    """

    at: AwareDatetime
    value: float
    usual: float
    sigma: float
    look: str = ""
    novelty: float = 0.0
    by_forecast: float = 0.0
    climb: float = 0.0
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
    """What the forecast says of a sample: the expected value, one sigma, and how many of them it is away.

    `corrected`: the same by the forecast as it was off lately; None: too little is known of that. `climb`: how many
    sigma beyond that the series has risen, steadily; 0: it has not.
    """

    expected: float
    scale: float
    sigma: float
    corrected: "Deviation | None" = None
    climb: float = 0.0


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
    usual, said = (value, "") if look is None else (look.usual, look.channel)
    by_forecast, climb, by = 0.0, 0.0, forecast
    if forecast is not None and believed:
        by_forecast, climb, by = _by_forecast(expression, value, forecast)
    if by is not None and (look is None or max(by_forecast, climb) > novelty):
        usual, said = by.expected, CLIMB if climb > by_forecast else FORECAST if by is forecast else CORRECTED
    return Sign(
        at=at, value=value, usual=usual, sigma=max(novelty, by_forecast, climb), look=said, novelty=novelty,
        by_forecast=by_forecast, climb=climb, deviation=None if forecast is None else forecast.sigma,
        expected=None if forecast is None else forecast.expected, scale=None if forecast is None else forecast.scale,
    )  # fmt: skip


def _by_forecast(expression: Expression, value: float, forecast: Deviation) -> tuple[float, float, Deviation]:
    """The sigma by the forecast, by itself or as corrected, that of a climb, and by which of the two.

    The correction has a say only beyond what the forecast itself expects: what comes back to that from a better value
    is no trouble, nor is memory that fills again after a deployment.
    """
    own = harmful_sigma(expression, value, forecast.expected, forecast.sigma)
    corrected = forecast.corrected
    if corrected is None or own <= 0:
        return own, 0.0, forecast
    lately = harmful_sigma(expression, value, corrected.expected, corrected.sigma)
    climb = forecast.climb if expression.kind in _FILLS and expression.harmful == "up" else 0.0
    return max(own, lately), climb, corrected if max(lately, climb) > own else forecast
