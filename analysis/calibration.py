"""How often a ranking's first place is right, from what the ranking looks like: a map that was fitted, not set. The one
for the first *cause*, a place and a kind, is in confidence.py; both are kept in the same form.

p = sigmoid(a + b log2(1 + S1 + 3 E) + c (1 - S2 / (S1 + 0.25))): S1 the score of the first service in bits, S2 of the
second, E the share of the alerted symptom that the first explains, by how sure that is. (Platt 1999: a logistic map of
a classifier's margin.) The coefficients are in calibration.json, with what they were fitted on; evals/diagnosis/fit.py
makes it.

What the first place calls and nobody could see (unseen.py) leaves a share of p; it has no coefficient, as the data that
the map was fitted on are whole.

E counts as evidence, three bits for all of the symptom, and has no coefficient of its own: a map that was fitted where
nobody was alerted would not know what to make of it. Between 3 and 6 bits next to nothing changes.
"""

import math
from collections.abc import Sequence
from functools import cache
from pathlib import Path

from domain.diagnosis import Place
from domain.model import Model

_OF_PLACES, _OF_CAUSES = (Path(__file__).with_name(name) for name in ("calibration.json", "cause_calibration.json"))
# Keeps a lead over next to nothing small.
_HALF_A_STEP = 0.25
_WHOLE_SYMPTOM = 3.0


class Coefficients(Model):
    """a, b and c."""

    offset: float
    score: float
    lead: float


class Calibration(Model):
    """The map in use; `without`: for each data set, and for each of its parts (`DATASET/PART`), the one that never saw
    it; `how` all were obtained.
    """

    how: str
    all: Coefficients
    without: dict[str, Coefficients]

    def that_never_saw(self, key: str | None) -> Coefficients:
        """For a data set or a part of one. Where nothing of it was fitted, and for None, the map in use."""
        return self.all if key is None else self.without.get(key, self.all)


@cache
def calibration() -> Calibration:
    """Of places, as it was committed."""
    return Calibration.model_validate_json(_OF_PLACES.read_bytes())


@cache
def cause_calibration() -> Calibration:
    """Of causes, as it was committed."""
    return Calibration.model_validate_json(_OF_CAUSES.read_bytes())


def features(places: Sequence[Place]) -> tuple[float, float]:
    """log2(1 + S1 + 3 E), and the lead over the second as a share (0 to 1); nothing found: zeros."""
    if not places:
        return 0.0, 0.0
    first, second = places[0].score, places[1].score if len(places) > 1 else 0.0
    return math.log2(1 + first + _WHOLE_SYMPTOM * places[0].symptom), 1 - second / (first + _HALF_A_STEP)


def place_confidence(places: Sequence[Place], by: Coefficients | None = None) -> float:
    """How sure we are that the first place is right, 0 to 1; `by` other coefficients than those in use."""
    if not places:
        return 0.0
    return mapped(features(places), by or calibration().all) * places[0].sight


def mapped(looks: tuple[float, float], by: Coefficients) -> float:
    """The confidence that goes with such features."""
    score, lead = looks
    return 1 / (1 + math.exp(-(by.offset + by.score * score + by.lead * lead)))
