"""How often a ranking's first place is right, from what the ranking looks like: a map that was fitted, not set.

p = sigmoid(a + b log2(1 + S1) + c (1 - S2 / (S1 + 0.25)) + d E): S1 the score of the first service in bits, S2 of the
second, E the share of the alerted symptom that the first explains. (Platt 1999: a logistic map of a classifier's
margin.) The coefficients are in calibration.json, with what they were fitted on; evals/diagnosis/fit.py makes it.
"""

import math
from collections.abc import Sequence
from functools import cache
from pathlib import Path

from domain.diagnosis import Place
from domain.model import Model

_FILE = Path(__file__).with_name("calibration.json")
# Keeps a lead over next to nothing small.
_HALF_A_STEP = 0.25


class Coefficients(Model):
    """a, b, c and d."""

    offset: float
    score: float
    lead: float
    symptom: float


class Calibration(Model):
    """The map in use, and for each part of the tuning data the one that never saw it; `how` both were obtained."""

    how: str
    all: Coefficients
    without: dict[str, Coefficients]


@cache
def calibration() -> Calibration:
    """As it was committed."""
    return Calibration.model_validate_json(_FILE.read_bytes())


def features(places: Sequence[Place]) -> tuple[float, float, float]:
    """log2(1 + S1), the lead over the second as a share (0 to 1), and E; nothing found: zeros."""
    if not places:
        return 0.0, 0.0, 0.0
    first, second = places[0].score, places[1].score if len(places) > 1 else 0.0
    return math.log2(1 + first), 1 - second / (first + _HALF_A_STEP), places[0].symptom


def place_confidence(places: Sequence[Place], by: Coefficients | None = None) -> float:
    """How sure we are that the first place is right, 0 to 1; `by` other coefficients than those in use."""
    if not places:
        return 0.0
    known, (score, lead, symptom) = by or calibration().all, features(places)
    return 1 / (1 + math.exp(-(known.offset + known.score * score + known.lead * lead + known.symptom * symptom)))
