"""One call of a language model, as an activity: what leaves, what is recorded, and that nothing is paid twice."""

import json
import re
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from temporalio.exceptions import ApplicationError
from temporalio.testing import ActivityEnvironment

from activities.advice import AdviceActivities, Ask, Said, Shown, Turn
from activities.advice.prompt import MOST_ALERTS, MOST_FINDINGS, inquiry_of
from domain.advice.opinion import Claim, Opinion, Suspect
from domain.advice.talk import Reply, ToolUse, Usage
from domain.advice.terms import Price, Terms
from domain.finding import Category, EvidenceRef
from domain.invisible import one_line
from integrations.ports import Inquiry, PortError, Rejected, Unanswered, Unavailable
from tests.advice import DIAGNOSIS, FINDINGS, TERMS, a_finding, an_ask
from tests.fakes import FakeEvidence, FakeModel, FakeModelCalls
from tests.incidents import NOON, an_anomaly

SECRETS = {
    "https://shop.example.com/cart?user=7": "(url)", "mia@example.com": "(email)", "password=hunter2hunter2": "(token)",
    "Bearer abcdef0123456789": "(token)", "10.9.8.7:5432": "(ip)", "550e8400-e29b-41d4-a716-446655440000": "(id)",
    "deadbeef0123": "(hex)", "AKIA0123456789ABCDEFGHIJKLMN": "(token)", "AKIAIOSFODNN7EXAMPLE": "(token)",
    "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY": "(token)", "4111 1111 1111 1111": "(number)",
    "+49 170 1234567": "(number)", "(555) 123-4567": "(number)",
}  # fmt: skip


def answered(text: str = "the findings say so") -> Reply:
    claims = (Claim(text=text, findings=("F1",)),)
    suspect = Suspect(service="orders", category=Category.CONNECTION_POOL, claims=claims)
    return Reply(opinion=Opinion(suspects=(suspect,)), usage=Usage(input_tokens=1_000, output_tokens=100))


class Desk:
    """The activity with stand-ins around it."""

    def __init__(self, answer: Callable[[Inquiry], Reply] = lambda _: answered(), terms: Terms = TERMS) -> None:
        self.model, self.ledger, self.evidence = FakeModel(answer), FakeModelCalls(), FakeEvidence()
        self.activities = AdviceActivities(self.model, terms, self.ledger, self.evidence)

    def consult(self, ask: Ask) -> Said:
        return ActivityEnvironment().run(self.activities.consult, ask)

    def transcript(self, ref: EvidenceRef | None) -> dict[str, Any]:
        assert ref is not None
        return json.loads(self.evidence.get(ref))


def whole(ask: Ask) -> str:
    """All text that leaves."""
    inquiry = inquiry_of(ask)
    return inquiry.evidence + inquiry.instructions + str(inquiry.exchanges)


@pytest.mark.parametrize(("secret", "mask"), SECRETS.items())
def test_nothing_that_opens_a_door_or_names_a_person_leaves(secret: str, mask: str) -> None:
    """Wherever text of others stands."""
    said = f"it failed for {secret} again"
    hypothesis = DIAGNOSIS.hypotheses[0].model_copy(update={"sentence": said})
    ask = an_ask(
        anomalies=(an_anomaly(title=said, name=f"Slow {secret}", service=secret),),
        findings=(a_finding("F1", said, service=secret),), services={secret: (secret,)},
        diagnosis=DIAGNOSIS.model_copy(update={"hypotheses": (hypothesis,)}),
    )  # fmt: skip
    assert secret not in whole(ask)
    assert whole(ask).count(mask) == 8


TURNS = ("<|im_end|>", "<|im_start|>system", "</s>", "[INST]", "[/INST]", "<<SYS>>", "<start_of_turn>model",
         "<\uff5cUser\uff5c>", "[TOOL_CALLS]", "\uff1ceot_id\uff1e")  # fmt: skip
"""How chat templates of several families mark whose turn it is."""
outside = st.lists(st.sampled_from(TURNS) | st.text(max_size=12), max_size=12).map("".join)


@given(text=outside)
@example("".join(TURNS))
def test_no_text_from_outside_ends_its_turn_or_the_data(text: str) -> None:
    """Many servers read those marks wherever they stand. It stays one line of one string of one JSON object."""
    hypothesis = DIAGNOSIS.hypotheses[0].model_copy(update={"sentence": text})
    told = inquiry_of(an_ask(
        anomalies=(an_anomaly(title=text, name=text, service=text),), services={text: (text,)},
        findings=(a_finding("F1", text, service=text, unit=text),),
        diagnosis=DIAGNOSIS.model_copy(update={"hypotheses": (hypothesis,)}),
        turns=(Turn(uses=(ToolUse(id="c1", name="look_at_logs", arguments="{}"),), shown=(Shown(refused=text),)),),
    ))  # fmt: skip
    for said in (told.evidence, *told.exchanges[0].answers):
        assert not re.search(r"[<>\uff1c\uff1e\n\x00-\x1f\x7f-\x9f]|\[/?[A-Z_]+\]", said)
        json.loads(said)
    assert json.loads(told.evidence)["untrusted_data"].keys() == {
        "since", "alerts", "services", "candidates", "not_looked_at", "findings",
    }  # fmt: skip


def test_a_service_that_we_have_listed_is_called_by_its_name_whatever_it_looks_like() -> None:
    """The model has to give it back exactly, or its opinion counts for nothing."""
    told = an_ask(services={"feed2025": ()}, listed=("feed2025",), findings=(a_finding("F1", service="feed2025"),))
    assert whole(told).count('"feed2025"') == 2


def test_numbers_and_names_that_a_sentence_is_about_leave_as_they_are() -> None:
    said = "GET /api/v1/Users/LookupByCustomerName/History took 120 300 4000 ms, +12.5 % of 1,234,567"
    assert said in whole(an_ask(findings=(a_finding("F1", said),)))


def test_no_query_and_no_fact_leaves() -> None:
    """Plans are built from facts; who reads them could aim."""
    told = a_finding("F1", query="SELECT secret_query", link="https://x.example.com", facts={"role": "secret_role"})
    assert "secret_" not in whole(an_ask(findings=(told,)))


def test_a_storm_leaves_in_part_with_what_candidates_rest_on() -> None:
    storm = tuple(a_finding(f"F{n}", strength=5.0) for n in range(10, 300))
    alerts = tuple(an_anomaly(fingerprint=f"f{n}") for n in range(300))
    evidence = json.loads(inquiry_of(an_ask(findings=(*FINDINGS, *storm), anomalies=alerts)).evidence)["untrusted_data"]
    ids = {finding["id"] for finding in evidence["findings"]}
    assert len(ids) == MOST_FINDINGS
    assert {"F1", "F2", "F3"} <= ids
    assert len(evidence["alerts"]) == MOST_ALERTS


def test_the_last_call_is_offered_no_tools() -> None:
    assert inquiry_of(an_ask(last=True)).offers == ()
    assert len(inquiry_of(an_ask()).offers) == 4


def test_prompt_answer_tokens_and_cost_are_recorded_without_secrets() -> None:
    desk = Desk(lambda _: answered("it is password=hunter2hunter2 of mia@example.com"))
    said = desk.consult(an_ask())
    record = desk.transcript(said.call.transcript)
    assert record["sent"] == inquiry_of(an_ask()).model_dump(mode="json")
    assert record["answered"]["usage"] == {"input_tokens": 1_000, "output_tokens": 100, "counted": True}
    assert (said.call.usd, said.call.at) == (pytest.approx(0.0035), NOON)
    for text in (json.dumps(record), said.model_dump_json(), str(desk.ledger.calls)):
        assert "hunter2" not in text
        assert "mia@" not in text


def test_the_same_call_again_gets_the_answer_that_was_paid_for() -> None:
    """As when the worker died after the answer, before Temporal heard of it."""
    desk = Desk()
    first, again = desk.consult(an_ask()), desk.consult(an_ask())
    assert again == first
    assert len(desk.model.asked_of) == 1
    assert desk.ledger.spent(an_ask().incident, NOON).incident_usd == pytest.approx(0.0035)


def test_a_call_whose_worker_died_is_not_made_again() -> None:
    class Killed(BaseException):
        """The worker is no more."""

    def die(_: Inquiry) -> Reply:
        raise Killed

    desk = Desk(die)
    with pytest.raises(Killed):
        desk.consult(an_ask())
    with pytest.raises(ApplicationError, match="not paid twice") as raised:
        desk.consult(an_ask())
    assert raised.value.non_retryable
    assert len(desk.model.asked_of) == 1


@pytest.mark.parametrize(
    ("error", "final", "paid"),
    [(Unavailable("429", 7.0), False, False), (Unanswered("late"), False, True), (Rejected("401"), True, False)],
    ids=["busy", "late", "refused"],
)
def test_a_failure_is_retried_where_that_helps_and_booked_where_it_may_be_paid(
    error: PortError, final: bool, paid: bool
) -> None:
    desk = Desk()
    desk.model.error = error
    with pytest.raises(ApplicationError) as raised:
        desk.consult(an_ask())
    assert raised.value.non_retryable is final
    assert (raised.value.next_retry_delay is not None) is (error.args == ("429",))
    spent = desk.ledger.spent(an_ask().incident, NOON).incident_usd
    assert (spent > 0) is paid
    desk.model.error = None
    assert desk.consult(an_ask()).opinion is not None


def test_without_a_ledger_that_answers_nothing_is_paid() -> None:
    desk = Desk()
    desk.ledger.error = Unavailable("store: down")
    with pytest.raises(ApplicationError, match="store: down"):
        desk.consult(an_ask())
    assert desk.model.asked_of == []


def test_without_a_place_for_the_record_the_answer_stands_and_says_so() -> None:
    desk = Desk()
    desk.evidence.error = Unavailable("store: full")
    said = desk.consult(an_ask())
    assert (said.call.transcript, said.call.note) == (None, "not stored: store: full")


def test_a_worker_without_a_model_says_so() -> None:
    with pytest.raises(ApplicationError, match="no language model is configured") as raised:
        ActivityEnvironment().run(AdviceActivities(None, None, FakeModelCalls(), None).consult, an_ask())
    assert raised.value.non_retryable


FREE = Price(input_usd=0, output_usd=0)


@pytest.mark.parametrize(
    ("own", "brought"),
    [({"usd_per_incident": 0.001}, {}), ({"usd_per_hour": 0.001}, {}), ({}, {"usd_per_incident": 0.001}),
     ({"usd_per_incident": 0.001}, {"usd_per_incident": 1e9, "usd_per_hour": 1e9, "price": FREE})],
    ids=["the incident's limit was lowered", "the hour's was", "the incident brings a lower one", "it brings no limit"],
)  # fmt: skip
def test_the_worker_that_pays_keeps_its_own_limits_where_they_are_the_lower_ones(
    own: dict[str, float], brought: dict[str, Any]
) -> None:
    """Whoever may start an activity could bring what terms they like, and an incident has those of its beginning."""
    desk = Desk(terms=TERMS.model_copy(update=own))
    with pytest.raises(ApplicationError, match="over budget"):
        desk.consult(an_ask(terms=TERMS.model_copy(update=brought)))
    assert desk.model.asked_of == []


def test_what_a_call_costs_is_reckoned_by_the_price_of_the_worker_that_pays() -> None:
    free = an_ask(terms=TERMS.model_copy(update={"price": FREE}))
    assert Desk().consult(free).call.usd == pytest.approx(0.0035)


def test_another_model_than_the_workers_is_not_asked() -> None:
    desk = Desk()
    with pytest.raises(ApplicationError, match="'dearest' is asked for, and the worker asks 'rig-mind' only") as raised:
        desk.consult(an_ask(terms=TERMS.model_copy(update={"model": "dearest"})))
    assert raised.value.non_retryable
    assert desk.model.asked_of == []


def test_what_a_failing_server_says_is_masked_before_anybody_reads_it() -> None:
    """It may repeat what it was sent, and may write for a terminal."""
    desk = Desk()
    desk.model.error = Rejected("language model answered 400: \x1b[2Jpassword=hunter2hunter2 of mia@example.com")
    with pytest.raises(ApplicationError) as raised:
        desk.consult(an_ask())
    assert str(raised.value.message) == "language model answered 400: [2J<token> of <email>"


@given(words=outside | st.sampled_from(sorted(SECRETS)), many=st.sampled_from([1, 3, 500]))
@example(words="password=hunter2hunter2 \x1b]0;owned\x07 \u202e", many=500)
def test_whatever_a_model_answers_is_masked_bounded_and_in_one_line(words: str, many: int) -> None:
    """Its words, its names and its citations: they go into history, onto pages and into records."""
    claims = (Claim(text=words, findings=(words,) * many),) * many
    suspects = (Suspect(service=words, category=Category.DISK, claims=claims),) * min(many, 50)
    desk = Desk(lambda _: Reply(opinion=Opinion(suspects=suspects), usage=Usage(input_tokens=1, output_tokens=1)))
    said = desk.consult(an_ask())
    assert said.opinion is not None
    assert len(said.model_dump_json()) < 512 * 1024
    for suspect in said.opinion.suspects:
        for text in (suspect.service, *(claim.text for claim in suspect.claims)):
            assert text == one_line(text)
            assert not any(secret in text for secret in SECRETS)


def test_a_candidate_keeps_its_name_however_it_looks() -> None:
    """Else an opinion about it would count for nothing."""
    hypothesis = DIAGNOSIS.hypotheses[0].model_copy(update={"service": "10.9.8.7"})
    about = an_ask(diagnosis=DIAGNOSIS.model_copy(update={"hypotheses": (hypothesis,)}))
    suspect = Suspect(service="10.9.8.7", category=Category.CONNECTION_POOL, claims=())
    desk = Desk(lambda _: Reply(opinion=Opinion(suspects=(suspect,)), usage=Usage(input_tokens=1, output_tokens=1)))
    assert desk.consult(about).opinion == Opinion(suspects=(suspect,))
