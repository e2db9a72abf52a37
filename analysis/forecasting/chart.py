"""A picture of one series: what was measured, what was forecast, and where what is strange begins."""

# matplotlib's types are incomplete.
# pyright: reportUnknownMemberType=false

import io
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from analysis.forecasting.band import Band
from analysis.series import Floats
from domain.sign import STRANGE

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_INCHES, _DOTS = (10.0, 4.0), 120
# matplotlib counts time in days since 1970.
_DAY_S = 86_400.0
_LINE, _BAND, _STRANGE = "#1f77b4", "#ff7f0e", "#d62728"


@dataclass(frozen=True)
class Picture:
    """What is drawn, from unix time `start` to `end`: samples as (unix time, value), and the forecast if there is one.

    `stretch` and `floor` are what its scale is judged with, as in `Rules`; `threshold` is what is strange, in sigma.
    """

    title: str
    unit: str
    points: Sequence[tuple[float, float]]
    start: float
    end: float
    band: Band | None = None
    stretch: float = 1.0
    floor: float = 0.0
    threshold: float = STRANGE


def png(picture: Picture) -> bytes:
    """The picture as PNG, without any screen. Text is drawn as it is, never read as mathematics."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg  # noqa: PLC0415 - most of a second
    from matplotlib.figure import Figure  # noqa: PLC0415 - as above

    figure = Figure(figsize=_INCHES, dpi=_DOTS, layout="tight")
    canvas, axes = FigureCanvasAgg(figure), figure.add_subplot()
    if picture.band is not None:
        _draw_band(axes, picture, picture.band)
    measured = np.array([point for point in picture.points if picture.start <= point[0] <= picture.end]).reshape(-1, 2)
    axes.plot(measured[:, 0] / _DAY_S, measured[:, 1], color=_LINE, lw=1, label="measured")
    axes.set_xlim(picture.start / _DAY_S, picture.end / _DAY_S)
    axes.xaxis_date()
    axes.set_title(picture.title, parse_math=False)
    axes.set_ylabel(picture.unit, parse_math=False)
    axes.set_xlabel("UTC")
    axes.legend(loc="upper left")
    out = io.BytesIO()
    canvas.print_png(out)
    return out.getvalue()


def _draw_band(axes: "Axes", picture: Picture, band: Band) -> None:
    times: Floats = band.start + band.step_s * np.arange(band.table.shape[1], dtype=np.float64)
    inside = (times >= picture.start) & (times <= picture.end)
    days = times[inside] / _DAY_S
    expected, lower, upper = band.table[:, inside]
    strange = picture.threshold * np.maximum(band.scales()[inside], picture.floor) * picture.stretch
    axes.fill_between(days, lower, upper, color=_BAND, alpha=0.25, lw=0, label="95 % of the forecast")
    axes.plot(days, expected, color=_BAND, lw=1, label="forecast")
    for edge, label in ((expected + strange, f"{picture.threshold:.3g} sigma"), (expected - strange, None)):
        axes.plot(days, edge, color=_STRANGE, lw=0.8, ls="--", label=label)
