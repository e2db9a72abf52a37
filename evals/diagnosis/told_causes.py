"""What runs of `eval withheld` wrote, read again: each ranking with so many of a fault's sources, and was it right."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from analysis.calibration import Coefficients
from analysis.confidence import stated


@dataclass(frozen=True)
class ToldCause:
    """One ranking. `right`: its first cause is, in service *and* kind; in a normal window none is.

    `looks`: the features of confidence.py, None where nothing was found; `place` the confidence in its service, `left`
    what sources that were not seen leave. `whole`: no source that had answered is away. `weight`: see `told_causes`.
    """

    dataset: str
    part: str
    fault: bool
    right: bool
    looks: tuple[float, float] | None
    place: float
    left: float
    kindless: bool
    whole: bool
    weight: float

    def sure(self, by: Coefficients) -> float:
        """The confidence by this map; 0 where there is no cause."""
        if self.looks is None:
            return 0.0
        return stated(self.looks, by, self.place, self.left, kindless=self.kindless)


def told_causes(runs: Sequence[dict[str, Any]]) -> list[ToldCause]:
    """The rankings of all runs.

    Every data set weighs the same, in it faults as much as normal windows, every case as much as another, and what is
    said of it with all its sources as much as with all choices of fewer together. The mean weight is 1.
    """
    rows = [(run["dataset"], row) for run in runs for row in run["rows"]]
    cases = Counter((d, row["fault"]) for d, row in rows if row["whole"])
    fewer = Counter((d, row["part"], row["name"]) for d, row in rows if not row["whole"])
    weights = [_share(row, fewer[d, row["part"], row["name"]]) / cases[d, row["fault"]] for d, row in rows]
    mean = sum(weights) / max(1, len(weights))
    return [_told(dataset, row, weight / mean) for (dataset, row), weight in zip(rows, weights, strict=True)]


def _share(row: dict[str, Any], fewer: int) -> float:
    """Of its case's weight."""
    if not fewer:
        return 1.0
    return 0.5 if row["whole"] else 0.5 / fewer


def _told(dataset: str, row: dict[str, Any], weight: float) -> ToldCause:
    score, lead = row["looks"]
    return ToldCause(
        dataset, row["part"], row["fault"], row["right"], (score, lead) if row["said"] else None,
        row["place"], row["left"], row["kindless"], row["whole"], weight,
    )  # fmt: skip
