"""The ledger of model calls: the real store and its stand-in keep the same contract."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest

from domain.advice.ledger import Admission
from domain.advice.money import Spent
from integrations.ports import ModelLedger
from integrations.store.model_calls import PostgresModelCalls
from tests.advice import TERMS
from tests.fakes import FakeModelCalls
from tests.incidents import NOON

ONE, OTHER = "INC-20260131-000001", "INC-20260131-000002"


@pytest.fixture(params=["postgres", "fake"])
def ledger(request: pytest.FixtureRequest) -> ModelLedger:
    return FakeModelCalls() if request.param == "fake" else PostgresModelCalls(request.getfixturevalue("store_pool"))


def test_an_answer_that_was_paid_for_is_kept_and_not_asked_for_again(ledger: ModelLedger) -> None:
    assert ledger.begin("a", ONE, NOON, 0.1, TERMS).admission is Admission.NEW
    ledger.end("a", 0.02, "its answer\x00")
    again = ledger.begin("a", ONE, NOON, 0.1, TERMS)
    assert again.admission is Admission.ANSWERED
    assert again.kept.startswith("its answer")
    assert ledger.spent(ONE, NOON) == Spent(incident_usd=0.02, hour_usd=0.02)


def test_a_call_whose_worker_died_counts_as_paid_and_is_not_made_again(ledger: ModelLedger) -> None:
    ledger.begin("a", ONE, NOON, 0.1, TERMS)
    assert ledger.begin("a", ONE, NOON, 0.1, TERMS).admission is Admission.LOST
    assert ledger.spent(ONE, NOON).incident_usd == pytest.approx(0.1)


def test_a_call_that_failed_may_be_made_again_and_what_it_may_have_cost_stays(ledger: ModelLedger) -> None:
    ledger.begin("a", ONE, NOON, 0.1, TERMS)
    ledger.end("a", 0.1, None)
    assert ledger.begin("a", ONE, NOON, 0.1, TERMS).admission is Admission.NEW
    ledger.end("a", 0.02, "its answer")
    assert ledger.spent(ONE, NOON).incident_usd == pytest.approx(0.12)


def test_an_incident_has_its_own_limit_and_all_share_that_of_an_hour(ledger: ModelLedger) -> None:
    terms = TERMS.model_copy(update={"usd_per_incident": 0.2, "usd_per_hour": 0.3})
    assert ledger.begin("a", ONE, NOON, 0.15, terms).admission is Admission.NEW
    refused = ledger.begin("b", ONE, NOON, 0.15, terms)
    assert (refused.admission, "this incident" in refused.objection) == (Admission.OVER_BUDGET, True)
    assert ledger.begin("c", OTHER, NOON, 0.15, terms).admission is Admission.NEW
    assert "of an hour" in ledger.begin("d", "INC-20260131-000003", NOON, 0.15, terms).objection
    later = NOON + timedelta(minutes=61)
    assert ledger.begin("d", "INC-20260131-000003", later, 0.15, terms).admission is Admission.NEW
    assert ledger.begin("b", ONE, later, 0.15, terms).admission is Admission.OVER_BUDGET, "an incident's never passes"


def test_many_that_ask_at_once_do_not_pass_the_limit_together(ledger: ModelLedger) -> None:
    terms = TERMS.model_copy(update={"usd_per_hour": 0.35})

    def ask(number: int) -> Admission:
        return ledger.begin(f"call {number}", f"incident {number}", NOON, 0.1, terms).admission

    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(ask, range(8)))
    assert answers.count(Admission.NEW) == 3
