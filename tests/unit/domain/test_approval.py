"""An answer counts in time, for this plan, once, and from who may give it; whatever comes in is answered."""

import json
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from domain.approval import Decision, Door, Request, Verdict, judge, read_answer, read_decision
from domain.levels import Risk
from tests.unit.domain.examples import NOW, decision, minutes, plan, request, rows

DIGEST = plan().digest
OTHER = plan(attempt=2).digest
DEADLINE = NOW + minutes(15)
MOMENT = timedelta(microseconds=1)


ADA_APPROVES = decision()
WAITING = request()


@dataclass(frozen=True)
class Case:
    name: str
    said: str
    decision: Decision = ADA_APPROVES
    request: Request | None = WAITING
    at: datetime = NOW
    earlier: Decision | None = None


CLAIMED_TO_LOW = request(risk=Risk.HIGH, claimed_identity_up_to=Risk.MEDIUM)
MORE, ROOM = decision(verdict=Verdict.EXTEND), request(extends_to=DEADLINE + minutes(5))
CASES = (
    Case("an approver approves in time", "accepted: approve by ada (claimed)"),
    Case("an approver rejects in time", "accepted: reject by ada (claimed)", decision(verdict=Verdict.REJECT)),
    Case("the last moment before the deadline is in time", "accepted: approve by ada (claimed)", at=DEADLINE - MOMENT),
    Case("at the deadline it is too late", "refused: the deadline passed at 10:15:00 UTC", at=DEADLINE),
    Case("after the deadline it is too late", "refused: the deadline passed", at=DEADLINE + minutes(1)),
    Case("a rejection is late too", "refused: the deadline passed", decision(verdict=Verdict.REJECT), at=DEADLINE),
    Case("the digest of another plan is refused", f"refused: digest {OTHER[:8]} is not {DIGEST[:8]}",
         decision(digest=OTHER)),
    Case("the first 8 characters name the plan", "accepted", decision(digest=DIGEST[:8])),
    Case("the first 12 characters name the plan", "accepted", decision(digest=DIGEST[:12])),
    Case("7 characters name no plan", "refused: digest", decision(digest=DIGEST[:7])),
    Case("8 characters from within name no plan", "refused: digest", decision(digest=DIGEST[1:9])),
    Case("a digest with something behind it names no plan", "refused: digest", decision(digest=DIGEST + "0")),
    Case("a second decision is refused and says who decided", "refused: already decided: reject by grace (claimed)",
         earlier=decision(who="grace", verdict=Verdict.REJECT)),
    Case("changing one's mind is a second decision", "refused: already decided: approve by ada (claimed)",
         decision(verdict=Verdict.REJECT), earlier=decision()),
    Case("who is no approver is refused by name", "refused: 'mallory' is not an approver", decision(who="mallory")),
    Case("names are compared to the letter", "refused: 'Ada' is not an approver", decision(who="Ada")),
    Case("where nobody is listed nobody can decide", "refused: the policy lists no approvers",
         request=request(approvers=())),
    Case("a claimed name is enough up to the limit", "accepted",
         request=request(risk=Risk.MEDIUM, claimed_identity_up_to=Risk.MEDIUM)),
    Case("a claimed name is not enough above the limit", "refused: this door proves", request=CLAIMED_TO_LOW),
    Case("a proven name is enough above the limit, and has no mark", "accepted: approve by ada",
         decision(proven=True), CLAIMED_TO_LOW),
    Case("proof does not make an approver", "refused: 'mallory'", decision(who="mallory", proven=True)),
    Case("an approver asks for more time", "accepted: extend by ada (claimed): the deadline is 10:20:00 UTC now",
         MORE, ROOM),
    Case("the deadline is moved once", "refused: grace has moved the deadline already, to 10:20:00 UTC", MORE,
         ROOM.extended("grace")),
    Case("where there is no more time nobody gets it", "refused: there is no more time", MORE),
    Case("more time is asked for before the deadline", "refused: the deadline passed", MORE, ROOM, at=DEADLINE),
    Case("who may not decide gets no more time", "refused: 'mallory'",
         decision(verdict=Verdict.EXTEND, who="mallory"), ROOM),
    Case("more time after a decision is none", "refused: already decided: approve by ada (claimed)", MORE, ROOM,
         earlier=decision()),
    Case("without a waiting plan there is nothing to decide", "refused: no plan is waiting", request=None),
)  # fmt: skip


@pytest.mark.parametrize("case", rows(CASES))
def test_judge(case: Case) -> None:
    answer = judge(case.request, case.decision, case.at, case.earlier)
    assert answer.reason.startswith(case.said)
    assert ("(claimed)" in answer.reason) == ("(claimed)" in case.said or case.said == "accepted")
    assert answer.accepted == case.said.startswith("accepted")


def _read(raw: Any) -> Decision | str:
    return read_decision(raw, Verdict.APPROVE, Door.SIGNAL)


def test_an_object_is_read() -> None:
    raw = {"digest": DIGEST, "who": "ada", "comment": "go"}
    assert _read(raw) == decision(comment="go")


def test_an_object_as_json_text_is_read() -> None:
    """A person pasted the object between quotes."""
    assert _read(json.dumps({"digest": DIGEST, "who": "ada"})) == decision()


def test_blanks_around_values_do_not_matter() -> None:
    assert _read({"digest": f" {DIGEST}\n", "who": " ada "}) == decision()


def test_a_decision_read_from_a_payload_is_never_proven() -> None:
    assert _read({"digest": DIGEST, "who": "ada", "proven": "true"}) == (
        "unknown field 'proven'; allowed are digest, who, comment"
    )


def test_a_digest_that_is_too_long_stays_wrong() -> None:
    read = _read({"digest": DIGEST + "0" * 100, "who": "ada"})
    assert isinstance(read, Decision)
    assert not judge(request(), read, NOW, None).accepted


@dataclass(frozen=True)
class Unreadable:
    name: str
    raw: Any
    said: str


UNREADABLE = (
    Unreadable("nothing", None, "it came without data"),
    Unreadable("empty text", "", "it came without data"),
    Unreadable("plain text", "approve", "the data is not JSON"),
    Unreadable("text that nests too deeply", "[" * 10_000, "the data is not JSON"),
    Unreadable("text that is too long", "x" * 20_001, "the data has 20001 characters"),
    Unreadable("a list", [DIGEST], "the data is a list"),
    Unreadable("a list as text", "[1]", "the data is a list"),
    Unreadable("a number", 7, "the data is a int"),
    Unreadable("a truth value", True, "the data is a bool"),
    Unreadable("bytes", b"{}", "the data is a bytes"),
    Unreadable("an object without a digest", {"who": "ada"}, "digest is missing or empty"),
    Unreadable("an object with an empty digest", {"digest": " ", "who": "ada"}, "digest is missing or empty"),
    Unreadable("an object without a person", {"digest": DIGEST}, "who is missing or empty"),
    Unreadable("an object whose person is null", {"digest": DIGEST, "who": None}, "who is missing or empty"),
    Unreadable("a misspelt field", {"digets": DIGEST}, "unknown field 'digets'"),
    Unreadable("a person that is a number", {"digest": DIGEST, "who": 7}, "who is a int, not text"),
    Unreadable("a key that is no text", {7: "x"}, "unknown field '7'"),
)


@pytest.mark.parametrize("case", rows(UNREADABLE))
def test_what_cannot_be_read_is_answered_in_words(case: Unreadable) -> None:
    answer = _read(case.raw)
    assert isinstance(answer, str)
    assert answer.startswith(case.said)


TEXTS = st.text(st.characters(), max_size=40)
JSON: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | TEXTS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXTS, inner, max_size=4),
    max_leaves=12,
)
NEARLY: st.SearchStrategy[Any] = st.fixed_dictionaries(
    {},
    optional={
        "cap": JSON,
        "proof": TEXTS,
        "issued_at": TEXTS | st.just(NOW.isoformat()),
        "digest": TEXTS | st.just(DIGEST) | JSON,
        "who": TEXTS | JSON,
        "comment": TEXTS | JSON,
        "verdict": TEXTS,
    },
)
PAYLOADS: st.SearchStrategy[Any] = (
    JSON | NEARLY | NEARLY.map(json.dumps) | st.binary() | st.text(st.sampled_from('[{":,}]\\'))
)


@given(PAYLOADS)
def test_no_payload_ever_raises_and_none_that_is_read_can_do_harm(raw: Any) -> None:
    for read in (_read(raw), read_answer(raw, Door.UPDATE)):
        if isinstance(read, str):
            assert read
            continue
        assert judge(request(), read, NOW, None).reason
        for text in (read.digest, read.who, read.comment):
            assert text.isprintable()
            assert text.encode("utf-8").decode("utf-8") == text


def test_a_number_that_python_does_not_even_print_is_answered() -> None:
    read = read_answer({"digest": DIGEST, "who": "ada", "verdict": "change", "cap": 10**5_000}, Door.UPDATE)
    assert isinstance(read, str)


@given(PAYLOADS)
def test_an_answer_about_a_payload_can_be_shown_and_stored(raw: Any) -> None:
    for read in (_read(raw), read_answer(raw, Door.UPDATE)):
        if isinstance(read, str):
            assert read.isprintable()
            assert len(read) < 300


def test_an_update_names_its_verdict() -> None:
    raw = {"digest": DIGEST, "who": "ada", "verdict": "reject"}
    assert read_answer(raw, Door.UPDATE) == decision(verdict=Verdict.REJECT, door=Door.UPDATE)


def test_an_update_without_a_verdict_approves_as_its_data_in_the_web_ui_says() -> None:
    assert read_answer({"digest": DIGEST, "who": "ada"}, Door.UPDATE) == decision(door=Door.UPDATE)


@given(TEXTS.filter(lambda text: text.isprintable() and text.strip() not in {"", "approve", "reject", "change"}))
@example("REJECT")
@example("deny")
def test_a_misspelt_verdict_never_approves(verdict: str) -> None:
    read = read_answer({"digest": DIGEST, "who": "ada", "verdict": verdict}, Door.UPDATE)
    assert isinstance(read, str)
    assert read.startswith("verdict is ")
