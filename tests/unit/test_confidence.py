"""How sure: only what says something else takes from a lead."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from analysis.calibration import Coefficients, cause_calibration
from analysis.confidence import Seen, confidence, stated
from domain.diagnosis import Hypothesis
from domain.finding import Category, Source

_ALL_SEEN = Seen(missing=(), in_part=())


def _speaks(service: str, category: Category, score: float, of_kind: float | None = None) -> Hypothesis:
    return Hypothesis(
        service=service, category=category, score=score, weight=0.5, sentence="told", of_kind=of_kind
    )  # fmt: skip


_FIRST = _speaks("orders", Category.DEPENDENCY, 10.4)
_NEARLY_A_TIE = 0.54


def _sure(*others: Hypothesis) -> float:
    return confidence([_FIRST, *others], [Source.TRACES], _ALL_SEEN, 1.0).value


def test_trouble_of_whatever_kind_at_the_same_service_is_no_other_cause() -> None:
    """It is what the first one explains; the next that says something else counts."""
    unknown, pool = _speaks("orders", Category.UNKNOWN, 10.2), _speaks("orders", Category.CONNECTION_POOL, 9.0)
    assert _sure(unknown) == _sure()
    assert _sure(unknown, pool) == _sure(pool) < _sure()


@pytest.mark.parametrize(
    "rival", [_speaks("orders", Category.NETWORK, 10.2), _speaks("gateway", Category.UNKNOWN, 10.2)]
)
def test_another_kind_and_another_place_are(rival: Hypothesis) -> None:
    assert _sure(rival) < _NEARLY_A_TIE < 0.9 < _sure()


@given(st.floats(0, 30), st.floats(0, 30), st.floats(0.01, 5))
def test_more_evidence_and_a_larger_lead_never_make_it_less_sure(score: float, lead: float, more: float) -> None:
    def said(score: float, lead: float) -> float:
        looks = math.log2(1 + score), math.log2(1 + min(lead, score))
        return stated(looks, cause_calibration().all, place=1.0, kind=1.0, left=1.0)

    assert said(score + more, lead) >= said(score, lead)
    assert said(score + more, lead + more) >= said(score + more, lead)


def test_a_tie_is_a_coins_toss_however_much_speaks_for_both() -> None:
    sure = Coefficients(offset=50, score=0, lead=0)
    even, one_bit = ((10.0, math.log2(1 + lead)) for lead in (0.0, 1.0))
    assert stated(even, sure, place=1.0, kind=1.0, left=1.0) == 0.5
    assert stated(one_bit, sure, place=1.0, kind=1.0, left=1.0) == pytest.approx(2 / 3)


def test_the_reason_says_which_other_cause_is_next() -> None:
    others = [_speaks("orders", Category.UNKNOWN, 10.2), _speaks("gateway", Category.NETWORK, 6.4)]
    reason = confidence([_FIRST, *others], [Source.TRACES, Source.LOGS], _ALL_SEEN, 1.0).reason
    assert reason == "dependency at orders: 10.4 bits from traces and logs, ahead of network at gateway by 4.0"
    alone = confidence([_FIRST], [Source.TRACES], _ALL_SEEN, 1.0).reason
    assert alone == "dependency at orders: 10.4 bits from traces, and no other cause has any"


def test_a_first_that_names_no_kind_stays_below_what_is_named() -> None:
    nameless = [_speaks("orders", Category.UNKNOWN, 20.0)]
    assert confidence(nameless, [Source.LOGS], _ALL_SEEN, 1.0).value == 0.45


@given(st.floats(0, 30), st.floats(0, 30))
def test_nobody_is_surer_of_a_kind_than_what_speaks_for_it_alone_allows(score: float, of_kind: float) -> None:
    told = confidence([_speaks("orders", Category.DISK, score, of_kind)], [Source.LOGS], _ALL_SEEN, 1.0)
    assert told.value <= 1 - 2**-of_kind


def test_the_reason_says_so_where_most_of_it_speaks_for_any_kind() -> None:
    def said(of_kind: float) -> str:
        return confidence([_speaks("orders", Category.DISK, 9.8, of_kind)], [Source.LOGS], _ALL_SEEN, 1.0).reason

    assert said(1.5) == "disk at orders: 9.8 bits from logs (1.5 of this very kind), and no other cause has any"
    assert said(6.0) == "disk at orders: 9.8 bits from logs, and no other cause has any"
