"""The picture of a series for `nightshift detect --explain`: its last day as Prometheus has it, and its forecast."""

from datetime import datetime, timedelta

from analysis.forecasting.band import Band
from analysis.forecasting.chart import Picture, png
from domain.detection import SeriesRow, series_key
from domain.finding import Window
from domain.forecast import Forecast
from domain.sign import STRANGE
from domain.thresholds import Raised
from integrations.ports import MetricSource, PortError
from starter.untrusted import without_invisible

_BACK, _AHEAD, _STEP_S = timedelta(hours=24), timedelta(hours=6), 60.0


def picture_of(
    row: SeriesRow, forecast: Forecast | None, raised: Raised | None, metrics: MetricSource | None, now: datetime
) -> tuple[bytes, str]:
    """A PNG of the day before `now` and the hours after it; and in words, if anything, what is missing in it."""
    points, missing = _points(row, metrics, now)
    band = None
    if forecast is not None and forecast.starts_at is not None and forecast.query == row.watched.query:
        band = Band.unpacked(forecast.starts_at.timestamp(), forecast.step_s, forecast.band)
    expression = row.watched.expression
    drawn = Picture(
        title=without_invisible(f"{expression.name} of {row.watched.service}"), unit=without_invisible(expression.unit),
        points=points, start=(now - _BACK).timestamp(), end=(now + _AHEAD).timestamp(), band=band,
        stretch=1.0 if forecast is None else forecast.stretch, floor=expression.floor,
        threshold=STRANGE if raised is None else raised.threshold,
    )  # fmt: skip
    return png(drawn), missing


def _points(row: SeriesRow, metrics: MetricSource | None, now: datetime) -> tuple[list[tuple[float, float]], str]:
    last = [(sign.at.timestamp(), sign.value) for sign in row.standing.signs]
    if metrics is None:
        return last, ", with its last samples only: PROMETHEUS_URL is not set"
    watched = row.watched
    try:
        answer = metrics.query_range(watched.query, Window(start=now - _BACK, end=now), _STEP_S)
    except PortError as error:
        return last, f", with its last samples only: {error}"
    same = [s for s in answer if series_key(watched.service, watched.expression, s.labels) == watched.key]
    return sorted(point for series in same for point in series.points), ""
