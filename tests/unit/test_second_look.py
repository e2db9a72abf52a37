"""What was asked too early to name a cause is asked once more."""

from datetime import UTC, datetime, timedelta

import pytest

from domain.diagnosis import Diagnosis, Hypothesis
from domain.finding import Category
from domain.second_look import FILLED, second_look_at

_ONSET = datetime(2026, 1, 31, 3, 12, tzinfo=UTC)


def _sure(confidence: float) -> Diagnosis:
    first = Hypothesis(service="orders", category=Category.CPU_SATURATION, score=9, weight=1, sentence="no time")
    return Diagnosis(hypotheses=(first,), confidence=confidence, confidence_reason="told")


@pytest.mark.parametrize(
    ("confidence", "asked_after_s", "again"),
    [
        (0.49, 20, True),
        (0.50, 20, False),  # it has a name
        (0.49, 89.9, True),
        (0.49, 90, False),  # rates over a minute have filled
        (0.49, -30, True),  # a clock that is a little behind
    ],
)
def test_only_what_was_asked_early_and_has_no_name_is_asked_again(
    confidence: float, asked_after_s: float, again: bool
) -> None:
    at = second_look_at(_sure(confidence), _ONSET, _ONSET + timedelta(seconds=asked_after_s))
    assert at == (_ONSET + FILLED if again else None)


def test_what_was_never_asked_is_not_asked_again() -> None:
    assert second_look_at(None, _ONSET, _ONSET) is None
    assert second_look_at(_sure(0.1), _ONSET, None) is None


def test_no_sign_of_a_fault_that_early_is_not_believed_either() -> None:
    quiet = Diagnosis(place_confidence=0.01, confidence_reason="nothing")
    assert quiet.quiet
    assert second_look_at(quiet, _ONSET, _ONSET + timedelta(seconds=5)) == _ONSET + FILLED
