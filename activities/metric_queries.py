"""The questions that metrics are asked: every expression of every service, filled in and sent a few at once."""

import re
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from activities import windows
from domain.finding import Window
from domain.question import Question
from domain.services import Expression
from integrations.ports import MetricSource, Rejected, Series, Unavailable

RANGE = "1m"
"""The range of rates: long enough for scrapes every 15 s, short enough to see a fault within the first minute."""
_STEP_S = 5.0
_MOST_POINTS = 1000
_AT_ONCE = 4
# A question that is asked by then has its answer, or none, before the investigation gives up (workflows.options).
_ASKED_FOR_S = 9.0
_BLANK = re.compile(r"\{(service|window)\}")


@dataclass(frozen=True)
class Asked:
    """One expression for one service, and what came back: series, or why not (`refused` for good, `away` this time)."""

    service: str
    expression: Expression
    query: str
    series: tuple[Series, ...] = ()
    refused: str | None = None
    away: Unavailable | None = None

    @property
    def unanswered(self) -> str | None:
        """As a sentence says it: that it was refused, or that there was no answer, and why; None: it was answered."""
        if self.away is not None:
            return f"was not answered: {str(self.away)[:300]}"
        return None if self.refused is None else f"was refused: {self.refused}"


def filled(query: str, service: str, window: str) -> str:
    """The expression with `{service}` and `{window}` filled in; a service's name stays inside its PromQL string."""
    quoted = service.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
    values = {"service": quoted, "window": window}
    return _BLANK.sub(lambda match: values[match[1]], query)


def ask(metrics: MetricSource, question: Question) -> list[Asked]:
    """Every expression of every service, a few at once. What is not answered is noted: one slow query must not blind
    the looks at all others. Raises Unavailable where nothing was answered.
    """
    window = windows.metrics(question)
    step_s = max(_STEP_S, windows.seconds(window) / _MOST_POINTS)
    wanted = [
        Asked(service, expression, filled(expression.query, service, RANGE))
        for service in question.services
        for expression in question.graph.expressions_of(service)
    ]

    over = time.monotonic() + _ASKED_FOR_S

    def ask_one(one: Asked) -> Asked:
        if time.monotonic() > over:
            late = Unavailable(f"others took {_ASKED_FOR_S:g} s: it was not asked")
            return Asked(one.service, one.expression, one.query, away=late)
        return _ask_one(metrics, one, window, step_s)

    with ThreadPoolExecutor(_AT_ONCE, thread_name_prefix="metrics") as pool:
        answers = list(pool.map(ask_one, wanted))
    away = [answer.away for answer in answers if answer.away is not None]
    if away and len(away) == len(answers):
        raise away[0]
    return answers


def _ask_one(metrics: MetricSource, one: Asked, window: Window, step_s: float) -> Asked:
    try:
        series = tuple(metrics.query_range(one.query, window, step_s))
    except Rejected as error:
        return Asked(one.service, one.expression, one.query, refused=str(error)[:300])
    except Unavailable as error:
        return Asked(one.service, one.expression, one.query, away=error)
    return Asked(one.service, one.expression, one.query, series)
