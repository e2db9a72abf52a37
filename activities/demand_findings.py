"""Findings of demand from logs: a service at the door that writes its usual lines more often than usual."""

import logging
import time

from activities import windows
from analysis.demand import Stretch, factor, strength, stretch
from analysis.explaining import MORE_LINES
from analysis.redaction import name as clean
from analysis.redaction import template
from domain.finding import Category, Finding, Source, Window
from domain.question import Question
from integrations.ports import LogSource, PortError, Unavailable

LEVELS = ("INFO", "INFORMATION", "NOTICE")
_SAMPLE = 200
_MOST_DOORS = 2
_LEAST_BITS = 0.5
_ASKED_UNTIL_S = 8.0
"""After the first question to the source. The error lines are what it is asked for, and are read by then: what it has
not been asked by now is left, so that a search which hangs (10 s) ends before the activity does (20 s).
"""
_log = logging.getLogger(__name__)


def findings_of(logs: LogSource, question: Question, began: float) -> list[Finding]:
    """One finding for each service at the door whose usual lines became more, if any did. A source that is slow or does
    not answer this costs nobody the lines that it has given before: nothing is said of demand then. `began`: when it
    was first asked, by the monotonic clock.
    """
    over = began + _ASKED_UNTIL_S
    found: list[Finding] = []
    for service in _doors(question)[:_MOST_DOORS]:
        try:
            found += _of_door(logs, question, service, over)
        except PortError as error:
            _log.warning("demand at %s is not known: %s", clean(service), error)
            break
    return found


def _of_door(logs: LogSource, question: Question, service: str, over: float) -> list[Finding]:
    """Raises PortError, and Unavailable where the time is over."""
    window = windows.present(question)
    stretches: list[Stretch] = []
    for part in (window, *windows.calm_stretches(question)):
        if time.monotonic() > over:
            raise Unavailable(f"its lines took more than {_ASKED_UNTIL_S:g} s")
        stretches.append(_read(logs, service, part))
    now, *calm = stretches
    times = factor(now, calm)
    if times is None or (bits := strength(times)) < _LEAST_BITS:
        return []
    return [_finding(logs, service, window, times, bits)]


def _doors(question: Question) -> list[str]:
    """Services that call others and are called by none: what they are asked nobody here has asked twice."""
    graph = question.graph
    return [s for s in question.services if graph.get(s).depends_on and not graph.callers(s)]


def _read(logs: LogSource, service: str, window: Window) -> Stretch:
    page = logs.search((service,), window, LEVELS, _SAMPLE)
    return stretch(page.total, windows.seconds(window), (template(line.message) for line in page.lines))


def _finding(logs: LogSource, service: str, window: Window, times: float, bits: float) -> Finding:
    return Finding(
        source=Source.LOGS, kind=MORE_LINES, service=service, strength=bits, value=times, baseline=1.0, unit="times",
        title=f"{clean(service)} writes its usual lines {times:.3g} times as often as usual in {windows.clock(window)}",
        categories={Category.LOAD_SPIKE: 1.0}, window=window,
        query=logs.query_text((service,), window, LEVELS), link=logs.link((service,), window),
    )  # fmt: skip
