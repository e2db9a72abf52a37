"""How often a ranking's first place is right, from what the ranking looks like: a map that was fitted, not set.

p = sigmoid(a + b log2(1 + S1) + c (1 - S2 / (S1 + 0.25))): S1 the score of the first service in bits, S2 of the second.
(Platt 1999: a logistic map of the margin.) How the coefficients were obtained stands beside them in calibration.json.
"""

import json
import math
from collections.abc import Sequence
from functools import cache
from pathlib import Path

from pydantic import ConfigDict

from domain.diagnosis import Place
from domain.model import Model

_FILE = Path(__file__).with_name("calibration.json")
_HALF_A_STEP = 0.25


class Coefficients(Model):
    """a, b and c."""

    offset: float
    score: float
    lead: float


class Calibration(Model):
    """The map that is used, those that never saw one part, and in words how all were obtained."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    all: Coefficients
    without: dict[str, Coefficients] = {}


@cache
def calibration() -> Calibration:
    """As it was committed."""
    return Calibration.model_validate(json.loads(_FILE.read_text(encoding="utf-8")))


def features(places: Sequence[Place]) -> tuple[float, float]:
    """log2(1 + S1), and the lead over the second as a share (0 to 1); nothing found: (0, 0)."""
    if not places:
        return 0.0, 0.0
    first, second = places[0].score, places[1].score if len(places) > 1 else 0.0
    return math.log2(1 + first), 1 - second / (first + _HALF_A_STEP)


def place_confidence(places: Sequence[Place], by: Coefficients | None = None) -> float:
    """How sure we are that the first place is right, 0 to 1; `by` other coefficients than those in use."""
    if not places:
        return 0.0
    known, (score, lead) = by or calibration().all, features(places)
    return 1 / (1 + math.exp(-(known.offset + known.score * score + known.lead * lead)))
