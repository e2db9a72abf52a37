"""Findings of demand from logs: a service at the door that writes its usual lines more often than usual."""

from activities import windows
from analysis.demand import Stretch, factor, strength, stretch
from analysis.explaining import MORE_LINES
from analysis.redaction import name as clean
from analysis.redaction import template
from domain.finding import Category, Finding, Source, Window
from domain.question import Question
from integrations.ports import LogSource

LEVELS = ("INFO", "INFORMATION", "NOTICE")
_SAMPLE = 200
_MOST_DOORS = 2
_LEAST_BITS = 0.5


def findings_of(logs: LogSource, question: Question) -> list[Finding]:
    """One finding for each service at the door whose usual lines became more, if any did."""
    window = windows.present(question)
    found: list[Finding] = []
    for service in _doors(question)[:_MOST_DOORS]:
        calm = [_read(logs, service, part) for part in windows.calm_stretches(question)]
        times = factor(_read(logs, service, window), calm)
        if times is not None and (bits := strength(times)) >= _LEAST_BITS:
            found.append(_finding(logs, service, window, times, bits))
    return found


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
