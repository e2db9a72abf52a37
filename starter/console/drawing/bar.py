"""Bars that stand beside their numbers: where a span lies in its request, how much a finding gave."""

from markupsafe import Markup

from domain.exhibits import Bar, Waterfall
from starter.console.drawing.svg import add, markup, ornament

_WIDTH, _HEIGHT = 100, 12
# What is shorter would not be seen at all.
_LEAST = 1


def draw_span(bar: Bar, request: Waterfall) -> Markup:
    """When it ran within the request; a thin line below shows how long it takes usually."""
    root = ornament(_WIDTH, _HEIGHT, "span-bar")
    whole = max(request.duration_s, 1e-9)
    add(root, "rect", "track", x=0, y=0, width=_WIDTH, height=_HEIGHT)
    start, width = _cut(bar.start_s / whole, bar.duration_s / whole)
    add(root, "rect", "failed" if bar.error else "ran", x=start, y=1, width=width, height=7)
    if bar.usual_s is not None:
        start, width = _cut(bar.start_s / whole, bar.usual_s / whole)
        add(root, "rect", "usually", x=start, y=9, width=width, height=2)
    return markup(root)


def draw_share(share: float, *, against: bool = False) -> Markup:
    """A share of 0 to 1."""
    root = ornament(_WIDTH, _HEIGHT, "share-bar")
    add(root, "rect", "track", x=0, y=2, width=_WIDTH, height=8)
    width = min(1.0, max(0.0, share)) * _WIDTH
    add(root, "rect", "against" if against else "ran", x=0, y=2, width=width, height=8)
    return markup(root)


def _cut(start: float, length: float) -> tuple[float, float]:
    """Within the picture, and wide enough to be seen."""
    left = min(max(0.0, start) * _WIDTH, _WIDTH - _LEAST)
    return left, min(max(_LEAST, length * _WIDTH), _WIDTH - left)
