"""Who calls whom, callers above what they call, with the suspect marked in words."""

from collections.abc import Mapping, Sequence
from xml.etree import ElementTree as ET

from markupsafe import Markup

from domain.exhibits import Call, CallGraph
from domain.view import IncidentView
from starter.console.drawing.svg import add, markup, name, picture, write
from starter.console.evidence import marks

_WIDTH = 340
_IN_A_ROW = 3
_BOX_WIDTH, _BOX_HEIGHT = 104, 34
_ROW = 76
_LONGEST_NAME = 13
_ARROW, _BAD_ARROW = "arrow-of-calls", "arrow-of-failing-calls"
_LETTER = 6.3
"""About as wide as a letter of a label is."""
Place = tuple[float, float]
"""Middle of a box, and its top."""


def draw_graph(view: IncidentView) -> Markup:
    """Empty where nobody knows who calls whom."""
    graph = view.diagnosis.graph if view.diagnosis is not None else CallGraph()
    if not graph.calls:
        return Markup()
    said, rows = marks(view), _rows(graph)
    height = len(rows) * _ROW - (_ROW - _BOX_HEIGHT) + 2
    root = picture(_WIDTH, height, "graph", "Who calls whom", _reading(graph, said))
    holder = add(root, "defs")
    for arrow, look in ((_ARROW, "head"), (_BAD_ARROW, "head bad")):
        _arrow(holder, arrow, look)
    places = {service: place for n, row in enumerate(rows) for service, place in _placed(row, n)}
    said_of = [_edge(root, call, places) for call in sorted(graph.calls, key=lambda c: c.failed)]
    for words in said_of:
        _label(root, *words)
    for service, place in places.items():
        _box(root, service, place, said.get(service, ""))
    return markup(root)


def _rows(graph: CallGraph) -> Sequence[Sequence[str]]:
    """Ranks, those that are too wide in several rows."""
    return [rank[n : n + _IN_A_ROW] for rank in graph.ranks for n in range(0, len(rank), _IN_A_ROW)]


def _placed(row: Sequence[str], number: int) -> list[tuple[str, Place]]:
    share = _WIDTH / len(row)
    return [(service, ((n + 0.5) * share, 1 + number * _ROW)) for n, service in enumerate(row)]


def _reading(graph: CallGraph, said: Mapping[str, str]) -> str:
    failing = [f"{c.caller} calls {c.callee}, {c.failed} of {c.calls} failed" for c in graph.calls if c.failed]
    marked = [f"{service}: {word}" for service, word in said.items() if service in graph.services]
    return "; ".join([*marked, *failing]) or "no failing call was seen"


def _arrow(holder: ET.Element, called: str, look: str) -> None:
    marker = add(
        holder, "marker", id=called, viewBox="0 0 8 8", refX=8.0, refY=4.0, markerWidth=8.0, markerHeight=8.0,
        markerUnits="userSpaceOnUse",
        orient="auto",
    )  # fmt: skip
    add(marker, "path", look, d="M0,0 L8,4 L0,8 z")


def _edge(root: ET.Element, call: Call, places: Mapping[str, Place]) -> tuple[str, float, float]:
    """Failing calls are drawn bold; a call up or within a row goes around a side. Gives its label with the place."""
    (x1, top1), (x2, top2) = places[call.caller], places[call.callee]
    group = add(root, "g", "call failing" if call.failed else "call" if call.calls else "call declared")
    name(group, _words(call))
    if top2 > top1:
        y1, middle = top1 + _BOX_HEIGHT, (top1 + _BOX_HEIGHT + top2) / 2
        path = f"M{x1:.1f},{y1:.1f} C{x1:.1f},{middle:.1f} {x2:.1f},{middle:.1f} {x2:.1f},{top2:.1f}"
    else:
        half = _BOX_WIDTH / 2 * (1 if x1 + x2 <= _WIDTH else -1)
        y1, y2 = top1 + _BOX_HEIGHT * 2 / 3, top2 + _BOX_HEIGHT / 3
        middle, side = (y1 + y2) / 2, max(x1 + half, x2 + half) + 28 if half > 0 else min(x1 + half, x2 + half) - 28
        path = f"M{x1 + half:.1f},{y1:.1f} C{side:.1f},{y1:.1f} {side:.1f},{y2:.1f} {x2 + half:.1f},{y2:.1f}"
    add(group, "path", d=path, marker_end=f"url(#{_BAD_ARROW if call.failed else _ARROW})")
    return f"{call.failed} of {call.calls} failed" if call.failed else "", (x1 + x2) / 2, middle


def _label(root: ET.Element, said: str, x: float, y: float) -> None:
    """Over the lines, which must not run through it."""
    if said:
        width = len(said) * _LETTER
        add(root, "rect", "behind", x=x - width / 2, y=y - 8, width=width, height=15)
        write(root, said, x, y + 4, "small failed", "middle")


def _words(call: Call) -> str:
    return f"{call.caller} calls {call.callee}: {_seen(call)}"


def _seen(call: Call) -> str:
    return "declared, not seen in traces" if call.calls is None else f"{call.calls} calls seen, {call.failed} failed"


def _box(root: ET.Element, service: str, place: Place, said: str) -> None:
    middle, top = place
    look = "suspect" if said.startswith(("suspect", "first")) else "alerted" if said.startswith("alerted") else ""
    group = add(root, "g", f"service {look}".strip())
    name(group, f"{service}: {said}" if said else service)
    add(group, "rect", x=middle - _BOX_WIDTH / 2, y=top, width=_BOX_WIDTH, height=_BOX_HEIGHT, rx=5)
    write(group, _short(service), middle, top + (15 if said else 21), "name", "middle")
    if said:
        write(group, said, middle, top + 28, "small", "middle")


def _short(service: str) -> str:
    """The end of a name tells more than its middle."""
    if len(service) <= _LONGEST_NAME:
        return service
    half = (_LONGEST_NAME - 1) // 2
    return f"{service[:half]}…{service[-half:]}"


def rows(view: IncidentView) -> Sequence[tuple[Call, str]]:
    """Each call with what was seen of it, for those who read."""
    graph = view.diagnosis.graph if view.diagnosis is not None else CallGraph()
    return [(call, _seen(call)) for call in graph.calls]
