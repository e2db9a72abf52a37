"""The map from a ranking to how often its first place is right."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from analysis.calibration import Coefficients, calibration, features, place_confidence
from domain.diagnosis import Diagnosis, Place
from domain.finding import Source
from evals.diagnosis.fit import fitted
from evals.diagnosis.told import Told


def places(first: float, second: float = 0.0, symptom: float = 0.0) -> tuple[Place, ...]:
    return (Place(service="a", score=first, symptom=symptom), Place(service="b", score=second))


def test_nothing_found_is_no_confidence() -> None:
    assert place_confidence(()) == 0


@given(st.floats(0, 20), st.floats(0, 20), st.floats(0.01, 5))
def test_more_evidence_and_a_larger_lead_never_make_it_less_sure(score: float, second: float, more: float) -> None:
    low = min(score, second)
    assert place_confidence(places(score + more, low)) >= place_confidence(places(score, low))
    assert place_confidence(places(score + more, low)) >= place_confidence(places(score + more, min(low + more, score)))


def test_what_explains_the_alerted_symptom_is_more_likely_than_what_does_not() -> None:
    assert place_confidence(places(1, symptom=1.0)) > place_confidence(places(1)) + 0.3


def test_the_committed_map_says_what_it_was_fitted_on_and_has_one_without_each_part_and_each_data_set() -> None:
    known = calibration()
    assert "sockshop" in known.how
    assert {key.split("/")[0] for key in known.without} >= {"sockshop", "petshop", "nezha"}
    assert {"sockshop", "petshop", "nezha", "opensre", "sockshop/carts"} <= known.without.keys()


def test_the_fit_finds_the_score_that_tells_right_from_wrong() -> None:
    """Rankings above two bits are right, those below are wrong: one in the middle is even odds."""
    seen = [
        Told("d", "p", fault=n % 2 == 0, right=n >= 20, looks=features(places(n / 10))) for n in range(41)
    ]  # fmt: skip
    by = fitted(seen)
    assert by.score > 0
    assert place_confidence(places(0.1), by) < 0.3
    assert place_confidence(places(4.0), by) > 0.7
    assert place_confidence(places(2.0), by) == pytest.approx(0.5, abs=0.15)


def test_a_map_that_was_fitted_where_nobody_was_alerted_knows_what_an_explained_alert_is_worth() -> None:
    without = calibration().without["petshop"]
    assert place_confidence(places(0.25, symptom=1.0), without) > 0.5 > place_confidence(places(0.25), without)


def test_no_sign_of_a_fault_is_said_only_where_everything_was_looked_at() -> None:
    calm = Diagnosis(confidence_reason="", place_confidence=0.02)
    assert calm.cause == "no sign of a fault"
    assert calm.model_copy(update={"not_seen": (Source.LOGS,)}).cause == "cause not determined"
    assert calm.model_copy(update={"place_confidence": 0.4}).cause == "cause not determined"


def test_other_coefficients_can_be_asked() -> None:
    assert place_confidence(places(5), Coefficients(offset=0, score=0, lead=0)) == 0.5
