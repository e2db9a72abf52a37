"""The history of an expression, in as few questions as a server answers: it sends 11,000 points of a series at most."""

from collections.abc import Sequence

from activities.metric_queries import RANGE, filled
from activities.windows import moment
from domain import forest
from domain.finding import Window
from domain.forecast import LONGEST_HISTORY, Question
from domain.services import Expression, ServiceMap
from integrations.ports import MetricSource, Series

# 30 days at ten minutes are 4,320 points (forests take all, forecasts 28 days of them), 2.8 days at one are 4,032.
# Samples are left out, not averaged: the scale of a deviation is that of single samples.
_COARSE_S, _FINE_S = 600.0, 60.0
_FINE_SPAN_S = LONGEST_HISTORY.total_seconds() * _FINE_S / _COARSE_S


def questions(services: ServiceMap) -> list[tuple[Question, Expression]]:
    """Every expression of every service that is not evidence only: what nobody is told of needs no forecast."""
    return [
        (
            Question(
                service=service.name, expression=expression.name, query=filled(expression.query, service.name, RANGE)
            ),
            expression,
        )
        for service in services.services
        for expression in services.expressions_of(service.name)
        if expression.harmful is not None
    ]


def history(metrics: MetricSource, query: str, now: float) -> Sequence[Series]:
    """The series of a query over the longest history, those that are young minute by minute.

    Raises Unavailable, and Rejected for a query that the server refuses.
    """
    coarse = _ask(metrics, query, now, forest.LONGEST_HISTORY.total_seconds(), _COARSE_S)
    old = {_name(s): s for s in coarse if s.points[0][0] < now - _FINE_SPAN_S}
    if len(old) == len(coarse) and coarse:
        return coarse
    fine = _ask(metrics, query, now, _FINE_SPAN_S, _FINE_S)
    return [*old.values(), *(series for series in fine if _name(series) not in old)]


def _ask(metrics: MetricSource, query: str, now: float, span_s: float, step_s: float) -> Sequence[Series]:
    last = now // step_s * step_s
    window = Window(start=moment(last - span_s), end=moment(last + step_s / 2))
    return metrics.query_range(query, window, step_s)


def _name(series: Series) -> tuple[tuple[str, str], ...]:
    return tuple(sorted(series.labels.items()))
