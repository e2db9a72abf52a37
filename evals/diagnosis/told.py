"""What runs of `eval diagnosis` wrote, read again: from there on no data set is needed."""

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from analysis.calibration import Coefficients, mapped


@dataclass(frozen=True)
class Told:
    """One case: what its ranking looked like, and whether its first place was right.

    `place` and `both`: the stated confidence in the place, and in place and kind together. `kind_right`: is the first
    cause of the right kind; None where the data set does not tell. `kindless`: it has none. `sight`: the share of the
    confidence that callees leave which nobody could see.
    """

    dataset: str
    part: str
    fault: bool
    right: bool
    looks: tuple[float, float] | None
    place: float = 0.0
    both: float = 0.0
    kind_right: bool | None = None
    kindless: bool = False
    sight: float = 1.0

    def sure(self, by: Coefficients) -> float:
        """The confidence in the place by this map; 0 where there is no place."""
        return 0.0 if self.looks is None else mapped(self.looks, by) * self.sight


def read(files: Iterable[Path]) -> list[dict[str, Any]]:
    """The runs, one of each file."""
    return [json.loads(file.read_text(encoding="utf-8")) for file in files]


def told(runs: Sequence[dict[str, Any]]) -> list[Told]:
    """The cases of all runs."""
    return [_case(run["dataset"], case) for run in runs for case in run["cases"]]


def _case(dataset: str, case: dict[str, Any]) -> Told:
    said, looks = case["said"], case["looks"]
    return Told(
        dataset, case["part"], bool(case["truth"]), bool(said) and said[0]["service"] in case["truth"],
        (float(looks[0]), float(looks[1])) if said else None, float(case["place_confidence"]),
        float(case["confidence"]), case["kind"] in case["kinds"] if case["kinds"] else None, case["kind"] == "unknown",
        float(case["sight"]),
    )  # fmt: skip
