"""What a cycle asks Prometheus: the expressions that are due, each for the samples since its last ones."""

import time
from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from activities.metric_queries import RANGE, filled
from activities.windows import moment
from domain.finding import Window
from domain.services import Expression, ServiceMap
from integrations.ports import MetricSource, Rejected, Series, Unavailable

SLOW_S = 60.0
"""How often expressions that are not fast are looked at, and the step of their samples."""
# How far back a series is read that was never seen or was left alone for long: enough to be ready at once.
HISTORY = 720
# So many samples may a series be behind its sisters after a restart: it is written down every 20 (kept._WRITE_EVERY),
# and some may have been missing.
_BEHIND = 40
_AT_ONCE = 4
# Half of what a cycle may take (workflows.options.SWEEP): whatever is slow, the answers of the others are judged.
_ASKED_FOR_S = 45.0


@dataclass(frozen=True)
class Asked:
    """One expression of one service, its query, and the samples that are wanted: from `start` to `end`, by `step_s`."""

    service: str
    expression: Expression
    query: str
    start: float
    end: float
    step_s: float

    @property
    def name(self) -> tuple[str, str]:
        return self.service, self.expression.name


class NotAsked(Unavailable):
    """The time of the cycle was over before its turn."""


@dataclass(frozen=True)
class Answered:
    """`refused`: why the source will not answer it; `away`: why there was no answer this time."""

    asked: Asked
    series: tuple[Series, ...] = ()
    refused: str | None = None
    away: Unavailable | None = None

    @property
    def slow(self) -> bool:
        """Was it asked, and did not answer?"""
        return self.away is not None and not isinstance(self.away, NotAsked)

    @property
    def unanswered(self) -> str | None:
        """Why nothing is known of its series; None: there is an answer, if an empty one."""
        return self.refused if self.away is None else str(self.away)[:300]


def due(
    services: ServiceMap, seen: Mapping[tuple[str, str], Sequence[float]], now: float, every_s: float
) -> list[Asked]:
    """What there is to ask at unix time `now`. `seen`: the last sample of each series, by (service, expression)."""
    found: list[Asked] = []
    for service in services.services:
        for expression in services.expressions_of(service.name):
            step = every_s if expression.fast else max(SLOW_S, every_s)
            last = now // step * step
            common = _common(seen.get((service.name, expression.name), ()), step)
            start = max(common + step, last - HISTORY * step)
            # On the grid of the step, so that a restart asks for the very same samples.
            start = -(-start // step) * step
            if start <= last:
                query = filled(expression.query, service.name, RANGE)
                found.append(Asked(service.name, expression, query, start, last, step))
    return found


def _common(untils: Sequence[float], step_s: float) -> float:
    """Up to when all series of an expression were judged, but those that have had no samples for long; 0: none was."""
    newest = max(untils, default=0.0)
    return min((until for until in untils if newest - until <= _BEHIND * step_s), default=0.0)


def ask(metrics: MetricSource, wanted: Iterable[Asked]) -> Sequence[Answered]:
    """All of them, a few at once, until the time for asking is over.

    One slow query must not blind the looks at all others: what was not answered is noted. Raises Unavailable where
    nothing was.
    """
    over = time.monotonic() + _ASKED_FOR_S

    def one(asked: Asked) -> Answered:
        if time.monotonic() > over:
            return Answered(asked, away=NotAsked(f"others took {_ASKED_FOR_S:g} s: it was not asked"))
        # The source leaves the end of a window out.
        window = Window(start=moment(asked.start), end=moment(asked.end + asked.step_s / 2))
        try:
            return Answered(asked, tuple(metrics.query_range(asked.query, window, asked.step_s)))
        except Rejected as error:
            return Answered(asked, refused=str(error)[:300])
        except Unavailable as error:
            return Answered(asked, away=error)

    with ThreadPoolExecutor(_AT_ONCE, thread_name_prefix="detection") as pool:
        answers = list(pool.map(one, wanted))
    away = [answer.away for answer in answers if answer.away is not None]
    if away and len(away) == len(answers):
        raise away[0]
    return answers
