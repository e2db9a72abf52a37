"""The evidence of an incident in a terminal: the same as on its page, in as many columns as there are."""

from collections.abc import Iterator, Sequence
from datetime import datetime

from rich.table import Table
from rich.text import Text

from domain.exhibits import Bar, Call, CallGraph, Curve, Waterfall
from domain.finding import Finding
from domain.invisible import without_invisible
from domain.quantity import quantity
from domain.view import IncidentView
from starter import words
from starter.console.evidence import Cause, causes, charted, marks

_LEVELS = "▁▂▃▄▅▆▇█"
_NOT_MEASURED, _ONSET = "·", "│"
_BAR = 12
_SPAN = 20
_GAVE = 8
_DEEPEST = 8


def evidence(view: IncidentView, now: datetime) -> Iterator[Table]:
    """A table for each part of which there is something to show."""
    shown = charted(view)
    parts = (
        ("causes", (row for cause in enumerate(causes(view), 1) for row in _cause(*cause))),
        ("calls", _tree(view)),
        ("series", (row for f in view.findings if f.id in shown for row in _series(f, now))),
        ("logs", (row for f in view.findings if (row := _template(f)) is not None)),
        ("trace", (row for f in view.findings if f.waterfall is not None for row in _request(f, f.waterfall))),
    )
    for label, rows in parts:
        table = _table(label, list(rows))
        if table is not None:
            yield table


Row = tuple[str | Text, str | Text, str | Text]
"""What is narrow, what is wide and folds, and a note."""


def _table(label: str, rows: Sequence[Row]) -> Table | None:
    if not rows:
        return None
    table = Table(box=None, pad_edge=False, show_header=True, header_style="dim")
    table.add_column(label, no_wrap=True)
    table.add_column(overflow="fold")
    table.add_column(justify="right", overflow="fold")
    for row in rows:
        table.add_row(*(_text(cell) if isinstance(cell, str) else cell for cell in row))
    return table


def _cause(number: int, cause: Cause) -> Iterator[Row]:
    one = cause.hypothesis
    where = f" ({_line(one.category.replace('_', ' '))} at {_line(one.service)}), weight {one.weight:.2f}"
    sentence = Text(_line(one.sentence), style="bold").append(where, style="not bold")
    yield f"{number}. {_filled(one.weight, _BAR)}", sentence, ""
    for given in cause.gave[:_GAVE]:
        said = given.finding.title if given.finding is not None else "not shown here"
        yield f"   {given.bits:+.1f} bits", f"{given.id} {said}", ""
    if len(cause.gave) > _GAVE:
        yield "", f"and {len(cause.gave) - _GAVE} findings more", ""


def _tree(view: IncidentView) -> Iterator[Row]:
    """Callers above what they call; a service that was shown with what it calls is not unfolded again."""
    graph = view.diagnosis.graph if view.diagnosis is not None else CallGraph()
    said, shown = marks(view), set[str]()

    def rows(service: str, depth: int, call: Call | None) -> Iterator[Row]:
        mark = said.get(service, "")
        mark = f"-> {mark.upper()}" if mark.startswith(("suspect", "first")) else mark
        again = service in shown and any(c.caller == service for c in graph.calls)
        shown.add(service)
        name = Text(f"{'  ' * depth}{_line(service)}", style="bold" if mark.startswith("->") else "")
        yield mark, name, _seen(call) + (" (above)" if again else "")
        if not again:
            for below in graph.calls:
                if below.caller == service and below.callee != service:
                    yield from rows(below.callee, depth + 1, below)

    for service in graph.services:
        if service not in shown:
            yield from rows(service, 0, None)
    if graph.left_out:
        yield "", f"{graph.left_out} more services are not shown", ""


def _seen(call: Call | None) -> str:
    if call is None:
        return ""
    return "declared" if call.calls is None else f"{call.calls} calls, {call.failed} failed"


def _series(finding: Finding, now: datetime) -> Iterator[Row]:
    if finding.curve is None:
        return
    curve = finding.curve
    seen = [v for v in curve.values if v is not None]
    top = f"top {quantity(max(seen), finding.unit)}" if seen else "no data"
    since = f", {_ONSET} since {finding.onset.astimezone(now.tzinfo):%H:%M:%S}" if finding.onset is not None else ""
    yield finding.id, f"{finding.title} ({top}{since})", ""
    yield "", sparkline(curve, finding.onset), ""


def sparkline(curve: Curve, onset: datetime | None) -> str:
    """One character a step from 0 up, a dot where nobody measured, a line at the onset."""
    seen = [v for v in curve.values if v is not None]
    low, high = min([0.0, *seen]), max([0.0, *seen])
    marks = [_level(v, low, high) for v in curve.values]
    if onset is not None:
        place = int((onset - curve.start).total_seconds() / curve.step_s)
        marks.insert(min(len(marks), max(0, place)), _ONSET)
    return "".join(marks)


def _level(value: float | None, low: float, high: float) -> str:
    if value is None:
        return _NOT_MEASURED
    return _LEVELS[round((value - low) / (high - low) * (len(_LEVELS) - 1))] if high > low else _LEVELS[0]


def _template(finding: Finding) -> Row | None:
    text = finding.facts.get("template")
    if text is None:
        return None
    new = "new" if finding.facts.get("new") else "bursting" if finding.facts.get("bursting") else ""
    return f"{finding.id} {new}".strip(), f"{finding.service}: {text}", f"{finding.value or 0:.0f} times"


def _request(finding: Finding, request: Waterfall) -> Iterator[Row]:
    yield finding.id, "one such request", f"{words.took(request.duration_s)} (usually)"
    for bar in request.bars:
        what = ("failed here" if bar.error else "slow here") if bar.origin else "failed" if bar.error else ""
        usual = f" ({words.took(bar.usual_s)})" if bar.usual_s is not None else ""
        said = f"{'  ' * min(bar.depth, _DEEPEST)}{_line(f'{bar.service} {bar.operation}')}"
        name = Text(said, style="bold" if bar.origin else "")
        yield _ran(bar, request), name, f"{words.took(bar.duration_s)}{usual} {what}".strip()
    left_out = f", {request.left_out} more spans of it are not shown" if request.left_out else ""
    yield "", f"trace {request.trace_id}{left_out}", ""


def _ran(bar: Bar, request: Waterfall) -> str:
    """Where it lies in the request."""
    whole = max(request.duration_s, 1e-9)
    start = min(_SPAN - 1, int(bar.start_s / whole * _SPAN))
    length = min(_SPAN - start, max(1, round(bar.duration_s / whole * _SPAN)))
    return f"{'·' * start}{'█' * length}{'·' * (_SPAN - start - length)}"


def _filled(share: float, width: int) -> str:
    full = round(min(1.0, max(0.0, share)) * width)
    return "█" * full + "░" * (width - full)


def _text(said: str) -> Text:
    """Indented as it came, else one line."""
    return Text(f"{' ' * (len(said) - len(said.lstrip(' ')))}{_line(said)}")


def _line(said: str) -> str:
    return without_invisible(" ".join(said.split()))
