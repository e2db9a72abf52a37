"""A series around the onset as a small chart. Gaps stay gaps: what nobody measured is not drawn."""

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from xml.etree import ElementTree as ET

from markupsafe import Markup

from analysis.charts import runs, ticks
from domain.exhibits import Curve
from domain.finding import Finding
from domain.quantity import quantity
from starter import words
from starter.console.drawing.svg import add, markup, picture, write

_WIDTH, _HEIGHT = 340, 132
_LEFT, _RIGHT, _TOP, _BOTTOM = 6, 6, 20, 20
_STEPS = 3
# A label nearer than this to an end of the axis would be written over the one that is there.
_ROOM = 64


def draw_curve(finding: Finding, now: datetime) -> Markup:
    """The finding's series, since when it is other than usual, what is usual, and from where people call it broken."""
    curve = finding.curve
    if curve is None:
        return Markup()
    root = picture(_WIDTH, _HEIGHT, "curve", finding.title, _reading(finding, curve, now))
    plot = _Plot(curve)
    _since(root, plot, finding, now)
    for value, look, said in _levels(finding, curve):
        add(root, "line", look, x1=_LEFT, x2=_WIDTH - _RIGHT, y1=plot.y(value), y2=plot.y(value))
        write(root, said, _LEFT, plot.y(value) - 3, "small")
    for run in runs([(n, v) for n, v in enumerate(curve.values) if v is not None], 1):
        _stretch(root, [(plot.x(n), plot.y(v)) for n, v in run])
    _axes(root, plot, finding, curve, now)
    return markup(root)


def numbers(finding: Finding, now: datetime) -> Sequence[tuple[str, str]]:
    """The same as rows of moment and value."""
    if finding.curve is None:
        return ()
    return [
        (f"{at.astimezone(now.tzinfo):%H:%M:%S}", "no data" if v is None else quantity(v, finding.unit))
        for at, v in moments(finding.curve)
    ]


def moments(curve: Curve) -> Iterator[tuple[datetime, float | None]]:
    """Each step with the moment at which it begins."""
    for number, value in enumerate(curve.values):
        yield curve.start + timedelta(seconds=number * curve.step_s), value


class _Plot:
    """From steps and values to places. The axis begins at 0, so that a small change looks small."""

    def __init__(self, curve: Curve) -> None:
        values = [v for v in (*curve.values, curve.usual, curve.bound) if v is not None]
        self.ticks = ticks(min([0.0, *values]), max([0.0, *values]), _STEPS)
        self._curve = curve

    def x(self, step: float) -> float:
        """The middle of a step."""
        return _LEFT + (step + 0.5) / len(self._curve.values) * (_WIDTH - _LEFT - _RIGHT)

    def at(self, moment: datetime) -> float:
        share = (moment - self._curve.start).total_seconds() / self._curve.step_s / len(self._curve.values)
        return _LEFT + min(1.0, max(0.0, share)) * (_WIDTH - _LEFT - _RIGHT)

    def y(self, value: float) -> float:
        share = (value - self.ticks[0]) / (self.ticks[-1] - self.ticks[0])
        return _HEIGHT - _BOTTOM - share * (_HEIGHT - _TOP - _BOTTOM)


def _reading(finding: Finding, curve: Curve, now: datetime) -> str:
    seen = [v for v in curve.values if v is not None]
    if not seen:
        return "no data"
    usual = f"usually {quantity(curve.usual, finding.unit)}, " if curve.usual is not None else ""
    least, most = (quantity(v, finding.unit) for v in (min(seen), max(seen)))
    since = f", otherwise since {words.absolute(finding.onset, now)}" if finding.onset else ""
    return f"{usual}between {least} and {most} from {words.absolute(curve.start, now)} on{since}"


def _levels(finding: Finding, curve: Curve) -> Iterator[tuple[float, str, str]]:
    if curve.usual is not None:
        yield curve.usual, "usual", "usual" if curve.bound is None else ""
    if curve.bound is not None:
        yield curve.bound, "bound", f"broken from {quantity(curve.bound, finding.unit)}"


def _since(root: ET.Element, plot: _Plot, finding: Finding, now: datetime) -> None:
    if finding.onset is None:
        return
    x = plot.at(finding.onset)
    add(root, "rect", "trouble", x=x, y=_TOP, width=_WIDTH - _RIGHT - x, height=_HEIGHT - _TOP - _BOTTOM)
    add(root, "line", "onset", x1=x, x2=x, y1=_TOP, y2=_HEIGHT - _BOTTOM)
    anchor = "middle" if x < _WIDTH - _ROOM else "end"
    write(root, f"since {finding.onset.astimezone(now.tzinfo):%H:%M:%S}", x, _TOP - 7, "strong", anchor)


def _stretch(root: ET.Element, places: Sequence[tuple[float, float]]) -> None:
    if len(places) == 1:
        add(root, "circle", "dot", cx=places[0][0], cy=places[0][1], r=1.5)
        return
    add(root, "polyline", "line", points=" ".join(f"{x:.1f},{y:.1f}" for x, y in places))


def _axes(root: ET.Element, plot: _Plot, finding: Finding, curve: Curve, now: datetime) -> None:
    add(root, "line", "axis", x1=_LEFT, x2=_WIDTH - _RIGHT, y1=_HEIGHT - _BOTTOM, y2=_HEIGHT - _BOTTOM)
    top = plot.ticks[-1]
    add(root, "line", "grid", x1=_LEFT, x2=_WIDTH - _RIGHT, y1=plot.y(top), y2=plot.y(top))
    write(root, quantity(top, finding.unit), _LEFT, _TOP - 7, "small")
    end = curve.start + timedelta(seconds=curve.step_s * len(curve.values))
    for moment, x, anchor in ((curve.start, _LEFT, "start"), (end, _WIDTH - _RIGHT, "end")):
        write(root, f"{moment.astimezone(now.tzinfo):%H:%M:%S}", x, _HEIGHT - 5, "small", anchor)
