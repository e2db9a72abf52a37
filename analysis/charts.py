"""A chart of one series around an incident, as SVG text. Gaps stay gaps: what nobody measured is not drawn."""

import math
import re
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from xml.etree import ElementTree as ET

from domain.finding import Window
from domain.model import Model

Point = tuple[float, float]
"""(unix seconds, value)"""

WIDTH, HEIGHT = 720, 240
_LEFT, _RIGHT, _TOP, _BOTTOM = 64, 12, 28, 28
_GAP = 1.5
"""Two points further apart than this many steps have a gap between them."""
_TICKS = 4
# XML 1.0 has no way to write these characters.
_UNPRINTABLE = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


class Chart(Model):
    """What is drawn. `incident` is shaded; `bound` is the value from which it counts as broken, in `unit`.

    `step_s` is the distance of two points in seconds; `points` are by time.
    """

    title: str
    reading: str
    unit: str
    window: Window
    incident: Window
    step_s: float
    points: tuple[Point, ...]
    bound: float | None = None


def svg(chart: Chart) -> str:
    """The chart as a document of its own. Text and lines take the colour of the text around them."""
    root = ET.Element("svg", {
        "xmlns": "http://www.w3.org/2000/svg", "viewBox": f"0 0 {WIDTH} {HEIGHT}", "width": f"{WIDTH}",
        "height": f"{HEIGHT}", "role": "img", "fill": "currentColor", "font-family": "sans-serif", "font-size": "12",
    })  # fmt: skip
    ET.SubElement(root, "title").text = _plain(chart.title)
    ET.SubElement(root, "desc").text = _plain(chart.reading)
    scale = _Scale(chart)
    _shade(root, chart, scale)
    _axes(root, chart, scale)
    _curve(root, chart, scale)
    _bound(root, chart, scale)
    _text(root, _LEFT, 16, f"{chart.title} ({chart.unit})" if chart.unit else chart.title, weight="bold")
    return ET.tostring(root, encoding="unicode")


def runs(points: Sequence[Point], step_s: float) -> Iterator[list[Point]]:
    """The stretches without a gap, in order."""
    run: list[Point] = []
    for point in points:
        if run and point[0] - run[-1][0] > _GAP * step_s:
            yield run
            run = []
        run.append(point)
    if run:
        yield run


def ticks(low: float, high: float, count: int = _TICKS) -> list[float]:
    """Round values (1, 2 or 5 times a power of ten apart) that cover low to high, about `count` steps."""
    if high <= low:
        high = low + 1
    raw = (high - low) / count
    power = 10 ** math.floor(math.log10(raw))
    step = next(factor * power for factor in (1, 2, 5, 10) if factor * power >= raw)
    first, last = math.floor(low / step), math.ceil(high / step)
    return [number * step for number in range(first, last + 1)]


class _Scale:
    """From values and times to places on the page."""

    def __init__(self, chart: Chart) -> None:
        values = [value for _, value in chart.points] + ([] if chart.bound is None else [chart.bound])
        self.ticks = ticks(min([0.0, *values]), max([0.0, *values]))
        self._start, self._end = chart.window.start.timestamp(), chart.window.end.timestamp()

    def x(self, seconds: float) -> float:
        share = (min(max(seconds, self._start), self._end) - self._start) / max(1.0, self._end - self._start)
        return round(_LEFT + share * (WIDTH - _LEFT - _RIGHT), 1)

    def y(self, value: float) -> float:
        share = (value - self.ticks[0]) / (self.ticks[-1] - self.ticks[0])
        return round(HEIGHT - _BOTTOM - share * (HEIGHT - _TOP - _BOTTOM), 1)


def _shade(root: ET.Element, chart: Chart, scale: _Scale) -> None:
    left, right = scale.x(chart.incident.start.timestamp()), scale.x(chart.incident.end.timestamp())
    _add(
        root, "rect", x=left, y=_TOP, width=max(1.0, round(right - left, 1)), height=HEIGHT - _TOP - _BOTTOM,
        fill="#d97706", fill_opacity=0.15,
    )  # fmt: skip


def _axes(root: ET.Element, chart: Chart, scale: _Scale) -> None:
    for value in scale.ticks:
        y = scale.y(value)
        _line(root, (_LEFT, y), (WIDTH - _RIGHT, y), faint=True)
        _text(root, _LEFT - 6, y + 4, f"{value:g}" if abs(value) > 1e-12 else "0", anchor="end")  # noqa: PLR2004
    start, end = chart.window.start.timestamp(), chart.window.end.timestamp()
    for number in range(_TICKS + 1):
        seconds = start + (end - start) * number / _TICKS
        anchor = "start" if number == 0 else "end" if number == _TICKS else "middle"
        label = f"{datetime.fromtimestamp(seconds, UTC):%H:%M:%S}" + (" UTC" if number == _TICKS else "")
        _text(root, scale.x(seconds), HEIGHT - 10, label, anchor=anchor)


def _curve(root: ET.Element, chart: Chart, scale: _Scale) -> None:
    if not chart.points:
        _text(root, WIDTH / 2, HEIGHT / 2, "no data", anchor="middle")
    for run in runs(chart.points, chart.step_s):
        places = [(scale.x(seconds), scale.y(value)) for seconds, value in run]
        if len(places) == 1:
            _add(root, "circle", cx=places[0][0], cy=places[0][1], r=2, fill="#2563eb")
        else:
            line = " ".join(f"{x},{y}" for x, y in places)
            _add(root, "polyline", points=line, fill="none", stroke="#2563eb", stroke_width=1.5)


def _bound(root: ET.Element, chart: Chart, scale: _Scale) -> None:
    if chart.bound is None:
        return
    y = scale.y(chart.bound)
    _line(root, (_LEFT, y), (WIDTH - _RIGHT, y), colour="#dc2626", dashes="6 4")
    _text(root, WIDTH - _RIGHT, y - 4, f"broken from {chart.bound:g}", anchor="end")


def _line(
    root: ET.Element, start: Point, end: Point, *, faint: bool = False, colour: str = "currentColor", dashes: str = "",
) -> None:  # fmt: skip
    (x1, y1), (x2, y2) = start, end
    opacity = 0.15 if faint else 1
    _add(root, "line", x1=x1, y1=y1, x2=x2, y2=y2, stroke=colour, stroke_opacity=opacity, stroke_dasharray=dashes)


def _text(root: ET.Element, x: float, y: float, said: str, *, anchor: str = "start", weight: str = "normal") -> None:
    _add(root, "text", x=x, y=y, text_anchor=anchor, font_weight=weight).text = _plain(said)


def _add(root: ET.Element, tag: str, **attributes: str | float) -> ET.Element:
    """A new element; an underscore in a name stands for SVG's hyphen, and an empty value leaves it out."""
    written = {name.replace("_", "-"): str(value) for name, value in attributes.items() if value != ""}
    return ET.SubElement(root, tag, written)


def _plain(said: str) -> str:
    """One line that XML can hold; ElementTree escapes the rest."""
    return _UNPRINTABLE.sub("\N{REPLACEMENT CHARACTER}", " ".join(said.split()))
