"""What was forecast of a series, when it has to be trained again, and when it can no longer be believed.

Pure and without a clock. The arrays themselves belong to `analysis.forecasting`.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta

from pydantic import AwareDatetime, Field

from domain.model import Model

MODEL = "prophet-1"
"""Parameters and preparation of a training. Another one is trained anew, and judges until it has been."""
RETRAINED_AFTER = timedelta(hours=24)
STALE_AFTER = timedelta(hours=48)
"""So far a forecast reaches beyond its training: nothing later is judged by it."""
LONGEST_HISTORY = timedelta(days=28)
LEAST_SPAN, LEAST_POINTS = timedelta(hours=24), 100
LEFT_OUT = timedelta(minutes=30)
"""The newest samples are not learnt: trouble that nobody has noticed yet would be in them."""
# A training that failed is tried again after this time, and so is a series whose readiness nobody can foresee.
_SOON = timedelta(hours=1)
_SOONEST = timedelta(minutes=10)


class Forecast(Model):
    """The last training of a series. Without a `band` there is no forecast, `reason` says why.

    `band`: expected, lower and upper values of the 95 % interval on a grid that begins at `starts_at`, a column each
    `step_s` seconds (analysis.forecasting.band has the form). `stretch`: by how much the scale of a deviation is wider
    than the interval says. `gap_s`: the longest silence outside of trouble. `again_at`: when it is due again.
    """

    key: str
    service: str
    expression: str
    query: str
    model: str = MODEL
    trained_at: AwareDatetime
    again_at: AwareDatetime
    ready_at: AwareDatetime | None = None
    reason: str = ""
    fitted_from: AwareDatetime | None = None
    fitted_to: AwareDatetime | None = None
    points: int = 0
    gap_s: float = 0.0
    starts_at: AwareDatetime | None = None
    step_s: float = Field(default=0.0, ge=0)
    stretch: float = Field(default=1.0, ge=1)
    band: bytes = b""

    @property
    def ready(self) -> bool:
        return self.starts_at is not None

    def stale(self, now: datetime) -> bool:
        return self.ready and now > self.trained_at + STALE_AFTER

    def fresh(self, query: str, now: datetime) -> bool:
        """Is there nothing to train? What was trained for another query is not of this series."""
        return self.query == query and self.model == MODEL and now < self.again_at


class Trouble(Model):
    """When these services were in trouble, by an incident that nobody called a false positive. `end` None: they are."""

    services: tuple[str, ...]
    start: AwareDatetime
    end: AwareDatetime | None = None


class Question(Model):
    """An expression of a service that can be trained."""

    service: str
    expression: str
    query: str


def due(
    questions: Iterable[Question], watched: Iterable[tuple[str, str, str]], known: Sequence[Forecast], now: datetime
) -> list[Question]:
    """The questions whose history has to be asked for: one of their series is not fresh, or none of them is known.

    `watched`: (key, service, expression) of each series that detection has seen.
    """
    by_name: dict[tuple[str, str], dict[str, Forecast | None]] = {}
    for key, service, expression in watched:
        by_name.setdefault((service, expression), {})[key] = None
    for forecast in known:
        by_name.setdefault((forecast.service, forecast.expression), {})[forecast.key] = forecast
    found: list[Question] = []
    for question in questions:
        series = by_name.get((question.service, question.expression), {})
        if not series or not all(one is not None and one.fresh(question.query, now) for one in series.values()):
            found.append(question)
    return found


def troubled(troubles: Iterable[Trouble], service: str, now: datetime) -> list[tuple[float, float]]:
    """The intervals of a service, in unix seconds, that must not become what is known to be healthy."""
    return [
        (trouble.start.timestamp(), (trouble.end or now).timestamp())
        for trouble in troubles
        if service in trouble.services
    ]


def again_at(now: datetime, ready_at: datetime | None) -> datetime:
    """When a series that was not ready, or could not be trained, is looked at again."""
    return now + _SOON if ready_at is None else max(ready_at, now + _SOONEST)
