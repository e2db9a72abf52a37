"""What runs of `eval withheld` wrote, read again: each ranking with so many of a fault's sources, and was it right."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from analysis.calibration import Coefficients, mapped
from analysis.confidence import stated


@dataclass(frozen=True)
class ToldCause:
    """One ranking. `right`: its first cause is, in service *and* kind; in a normal window none is.

    `looks`: the features of confidence.py, None where nothing was found; `kind` the most that what speaks for the very
    kind allows, `left` what sources that were not seen leave. `place`: the features of its place (calibration.py), and
    `sight` the share that callees leave which nobody could see. `whole`: no source that had answered is away.
    """

    dataset: str
    part: str
    name: str
    fault: bool
    right: bool
    looks: tuple[float, float] | None
    place: tuple[float, float]
    sight: float
    kind: float
    kindless: bool
    left: float
    whole: bool

    def sure(self, by: Coefficients, place_by: Coefficients) -> float:
        """The confidence by these maps of causes and of places; 0 where there is no cause."""
        if self.looks is None:
            return 0.0
        return stated(self.looks, by, mapped(self.place, place_by) * self.sight, self.kind, self.left)


def told_causes(runs: Sequence[dict[str, Any]]) -> list[ToldCause]:
    """The rankings of all runs."""
    return [_told(run["dataset"], row) for run in runs for row in run["rows"]]


def _told(dataset: str, row: dict[str, Any]) -> ToldCause:
    (score, lead), (place_score, place_lead) = row["looks"], row["place_looks"]
    return ToldCause(
        dataset, row["part"], row["name"], row["fault"], row["right"], (score, lead) if row["said"] else None,
        (place_score, place_lead), row["sight"], row["kind"], row["kindless"], row["left"], row["whole"],
    )  # fmt: skip
