"""What the incident page draws: SVG within the page, coloured by its style sheet, readable without seeing it."""

from starter.console.drawing.bar import draw_share, draw_span
from starter.console.drawing.curve import draw_curve, numbers
from starter.console.drawing.graph import draw_graph, rows

__all__ = ["draw_curve", "draw_graph", "draw_share", "draw_span", "numbers", "rows"]
