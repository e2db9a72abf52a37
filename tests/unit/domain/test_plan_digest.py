"""A decision is bound to a digest: whatever decides what happens changes it, words for people do not."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from domain.levels import Risk
from domain.plan import Plan
from tests.unit.domain.examples import plan

DECISIVE: dict[str, object] = {
    "incident": "INC-20260204-OTHER1",
    "attempt": 2,
    "service": "payments",
    "category": "memory_leak",
    "target": "database/payments",
    "parameters": {"role": "reporter", "application": "report", "idle_age_s": 300.0, "cap": 51},
    "risk": Risk.MEDIUM,
    "undo": "start them again",
    "timeout_s": 61,
}
PROSE = {"sentence": "Something else.", "expected_effect": "something better"}


@pytest.mark.parametrize("field", DECISIVE)
def test_what_is_decisive_changes_the_digest(field: str) -> None:
    assert plan(**{field: DECISIVE[field]}).digest != plan().digest


@pytest.mark.parametrize("field", PROSE)
def test_words_for_people_do_not(field: str) -> None:
    assert plan(**{field: PROSE[field]}).digest == plan().digest


def test_every_field_is_either_decisive_or_words() -> None:
    """A field that is added later has to be put on one of the two lists. `action` has a single value so far."""
    assert set(Plan.model_fields) == {*DECISIVE, *PROSE, "action"}


def test_a_digest_is_that_of_sha256_and_shown_by_its_first_8_characters() -> None:
    assert re.fullmatch(r"[0-9a-f]{64}", plan().digest)
    assert plan().short_digest == plan().digest[:8]


PARAMETERS = st.dictionaries(
    st.text(max_size=8),
    st.text(max_size=8) | st.integers(-(2**53), 2**53) | st.floats(allow_nan=False, allow_infinity=False),
)


@given(PARAMETERS)
def test_a_plan_that_was_written_reads_back_with_the_same_digest(parameters: dict[str, str | int | float]) -> None:
    written = plan(parameters=parameters)
    assert Plan.model_validate_json(written.model_dump_json()).digest == written.digest


@given(PARAMETERS, PARAMETERS)
def test_two_sets_of_parameters_have_two_digests(
    one: dict[str, str | int | float], other: dict[str, str | int | float]
) -> None:
    if one != other:
        assert plan(parameters=one).digest != plan(parameters=other).digest


@given(PARAMETERS)
def test_the_order_of_the_parameters_does_not_matter(parameters: dict[str, str | int | float]) -> None:
    backwards = dict(reversed(parameters.items()))
    assert plan(parameters=parameters).digest == plan(parameters=backwards).digest


def test_an_attempt_is_counted_from_one() -> None:
    with pytest.raises(ValidationError, match="attempt"):
        plan(attempt=0)
