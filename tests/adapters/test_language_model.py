"""The language model through OpenAI's SDK, against a server that speaks its protocol: answers, failures, cost."""

import json
from typing import Any

import pytest
from pydantic import SecretStr

from activities.advice.prompt import inquiry_of
from domain.advice.looks import Tool
from domain.advice.money import most_usage
from domain.advice.talk import Exchange, ToolUse
from domain.finding import Category
from integrations.language_model import ChatModel
from integrations.language_model.answer import LARGEST_ANSWER
from integrations.language_model.request import request_of
from integrations.ports import Inquiry, PortError, Rejected, Unanswered, Unavailable
from rig.servers.model import (
    KEY,
    MODEL,
    Answer,
    Breaks,
    Drips,
    Fails,
    Hangs,
    ModelServer,
    Moves,
    Says,
    Wants,
    answering,
)
from rig.servers.ports import LOOPBACK, free_port
from tests.advice import an_ask

INQUIRY = inquiry_of(an_ask())
OPINION = '{"suspects": [{"service": "orders", "category": "disk", "claims": []}]}'


@pytest.fixture
def model(mind: ModelServer) -> ChatModel:
    return ChatModel(SecretStr(KEY), mind.url)


def test_an_opinion_comes_as_a_model_with_the_tokens_that_were_counted(mind: ModelServer, model: ChatModel) -> None:
    mind.mind = answering(("orders", "connection_pool", "the pool is full", ("F1", "F2")))
    reply = model.ask(INQUIRY)
    assert reply.opinion is not None
    suspect = reply.opinion.suspects[0]
    assert (suspect.service, suspect.category) == ("orders", Category.CONNECTION_POOL)
    assert suspect.claims[0].findings == ("F1", "F2")
    assert [(reply.usage.input_tokens, reply.usage.output_tokens)] == mind.paid
    assert (reply.useless, reply.uses, reply.usage.counted) == (None, (), True)


def test_what_is_sent_is_taken_by_a_server_that_checks_strict_schemas(mind: ModelServer, model: ChatModel) -> None:
    """One that is not strict is refused there with 400; so is a tool's call without its answer."""
    use = ToolUse(id="call_1", name=Tool.LOGS, arguments='{"service": "orders", "earlier_min": 0}')
    model.ask(INQUIRY.model_copy(update={"exchanges": (Exchange(uses=(use,), answers=("nothing",)),)}))
    asked = mind.asked[0]
    assert asked.tools == tuple(Tool)
    assert (asked.shown, asked.limit, asked.body["temperature"]) == (("nothing",), INQUIRY.most_output_tokens, 0.0)
    model.ask(INQUIRY.model_copy(update={"offers": ()}))
    assert mind.asked[1].tools == ()


def test_openai_itself_is_told_the_limit_by_the_name_that_its_newer_models_insist_on() -> None:
    assert "max_completion_tokens" in request_of(INQUIRY, newer_limit=True).arguments
    assert "max_tokens" in request_of(INQUIRY, newer_limit=False).arguments


def test_wishes_come_as_they_were_written(mind: ModelServer, model: ChatModel) -> None:
    mind.always(Wants([(Tool.LOGS, {"service": "orders"}), ("drop_tables", {"really": True})]))
    reply = model.ask(INQUIRY)
    assert [(use.name, json.loads(use.arguments)) for use in reply.uses] == [
        ("look_at_logs", {"service": "orders"}), ("drop_tables", {"really": True}),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (Says(refusal="I cannot help with that."), "it refused to answer: I cannot help with that."),
        (Says(OPINION[:20], finish="length"), "its answer was cut off at the limit of tokens"),
        (Says(None, finish="content_filter"), "its answer was held back by a content filter"),
        (Says("The database is full."), "does not have the form"),
        (Says('{"suspects": [], "action": "DROP"}'), "does not have the form"),
        (Says(OPINION.replace("disk", "sabotage")), "does not have the form"),
        (Says(None), "does not have the form"),
        (Breaks('{"choices": []}'), "its answer is no chat completion"),
        (Breaks('{"choices": [{"message": {"content": 7}}]}'), "its answer is no chat completion"),
        (Breaks('[1, 2]'), "its answer is no chat completion"),
        (Breaks("<html>welcome</html>", "text/html"), "its answer is no chat completion"),
    ],
)  # fmt: skip
def test_an_answer_that_is_of_no_use_says_why_and_was_paid_for(
    mind: ModelServer, model: ChatModel, answer: Answer, said: str
) -> None:
    mind.always(answer)
    reply = model.ask(INQUIRY)
    assert said in (reply.useless or "")
    assert (reply.opinion, reply.uses) == (None, ())
    assert reply.usage.tokens > 0


def test_a_wish_where_it_had_to_answer_is_of_no_use(mind: ModelServer, model: ChatModel) -> None:
    mind.always(Wants([(Tool.LOGS, {"service": "orders"})]))
    assert "when it had to answer" in (model.ask(INQUIRY.model_copy(update={"offers": ()})).useless or "")


def test_what_a_call_may_cost_counts_all_that_is_sent(mind: ModelServer, model: ChatModel) -> None:
    """The schemas of the answer and of the tools too: they are billed like the rest."""
    model.ask(INQUIRY)
    assert model.most(INQUIRY) == most_usage(json.dumps(mind.asked[0].body, ensure_ascii=False))


def test_what_nobody_counted_is_estimated_and_not_too_low(mind: ModelServer, model: ChatModel) -> None:
    mind.always(Says(OPINION, counted=False))
    usage = model.ask(INQUIRY).usage
    assert not usage.counted
    assert usage.input_tokens >= mind.paid[0][0]
    assert usage.output_tokens == INQUIRY.most_output_tokens


@pytest.mark.parametrize(
    ("failure", "wait_s"),
    [(Fails(429, retry_after_s=7), 7), (Fails(429), None), (Fails(500), None), (Fails(503, retry_after_s=2), 2),
     (Fails(408), None), (Fails(409), None)],
)  # fmt: skip
def test_what_passes_is_worth_a_retry_and_names_its_wait(
    mind: ModelServer, model: ChatModel, failure: Fails, wait_s: float | None
) -> None:
    mind.always(failure)
    with pytest.raises(Unavailable, match=str(failure.status)) as raised:
        model.ask(INQUIRY)
    assert raised.value.retry_after_s == wait_s
    assert not isinstance(raised.value, Unanswered)
    assert len(mind.asked) == 1, "who calls decides on a retry, not the SDK"


@pytest.mark.parametrize(
    "failure", [Fails(400), Fails(403), Fails(404, "model_not_found"), Fails(422), Fails(429, "insufficient_quota")]
)
def test_what_would_be_refused_again_is_not(mind: ModelServer, model: ChatModel, failure: Fails) -> None:
    mind.always(failure)
    with pytest.raises(Rejected, match=str(failure.status)):
        model.ask(INQUIRY)


def test_a_wrong_key_is_refused_and_not_shown(mind: ModelServer) -> None:
    with pytest.raises(Rejected, match="401") as raised:
        ChatModel(SecretStr("sk-wrong-and-secret"), mind.url).ask(INQUIRY)
    assert "sk-wrong-and-secret" not in str(raised.value)
    assert "sk-wrong-and-secret" not in repr(ChatModel(SecretStr("sk-wrong-and-secret"), mind.url).__dict__)


def test_an_answer_that_does_not_come_may_have_been_paid_for(mind: ModelServer, model: ChatModel) -> None:
    mind.always(Hangs())
    with pytest.raises(Unanswered, match="no answer in time"):
        model.ask(INQUIRY.model_copy(update={"seconds": 0.2}))


def test_an_answer_that_drips_is_none_in_time(mind: ModelServer, model: ChatModel) -> None:
    """Each byte comes in time: without a limit for the whole a worker would read for ever."""
    mind.always(Drips())
    with pytest.raises(Unanswered, match="no answer in time"):
        model.ask(INQUIRY.model_copy(update={"seconds": 0.3}))


@pytest.mark.parametrize(
    ("body", "said"),
    [
        (" " * 2 * LARGEST_ANSWER, "longer than"),
        ("[" * 200_000, "no chat completion"),
        ('{"choices": ' + "[" * 100_000, "no chat completion"),
        ('{"choices": [{"message": {"content": "\\ud800"}}]}', "no chat completion"),
        ('{"choices": [{"message": {"content": ' + json.dumps("[" * 50_000) + "}}]}", "does not have the form"),
        ('{"choices": [{"message": {"content": "{}"}}], "usage": {"prompt_tokens": 1e999}}', "does not have the form"),
        ('{"choices": [{"message": {"content": "{}"}}], "usage": {"prompt_tokens": 1' + "0" * 400 + "}}", "form"),
    ],
    ids=["huge", "nested", "nested in it", "half a letter", "nested opinion", "infinitely many", "too many to count"],
)  # fmt: skip
def test_an_answer_that_would_choke_a_reader_is_of_no_use_and_booked(
    mind: ModelServer, model: ChatModel, body: str, said: str
) -> None:
    mind.always(Breaks(body))
    reply = model.ask(INQUIRY)
    assert said in (reply.useless or "")
    assert reply.usage == model.most(INQUIRY)


def test_a_failure_may_be_as_long_as_it_likes(mind: ModelServer, model: ChatModel) -> None:
    mind.always(Fails(503, "x" * 2 * LARGEST_ANSWER))
    with pytest.raises(Unavailable, match="503"):
        model.ask(INQUIRY)


def test_the_evidence_stays_with_the_server_that_we_named(mind: ModelServer, model: ChatModel) -> None:
    """One that sends us elsewhere is not followed: the evidence would go along."""
    with ModelServer() as elsewhere:
        mind.always(Moves(f"{elsewhere.url}/chat/completions"))
        with pytest.raises(Rejected, match="307"):
            model.ask(INQUIRY)
        assert elsewhere.asked == []


@pytest.mark.parametrize("name", ["HTTP_PROXY", "ALL_PROXY"])
def test_no_proxy_of_the_environment_gets_what_is_not_encrypted(
    mind: ModelServer, model: ChatModel, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    with ModelServer() as proxy:
        monkeypatch.setenv(name, proxy.url.removesuffix("/v1"))
        model.ask(INQUIRY)
        assert (len(mind.asked), proxy.asked) == (1, [])


@pytest.mark.parametrize("status", [400, 401, 409, 503])
def test_a_server_that_repeats_the_key_gives_it_to_nobody(mind: ModelServer, model: ChatModel, status: int) -> None:
    mind.always(Fails(status, said=f"wrong key {KEY}"))
    with pytest.raises(PortError, match="wrong key <token>"):
        model.ask(INQUIRY)


@pytest.mark.parametrize("body", ['{"data": [{}]}', "[" * 100_000, "<html>", '{"data": "all"}'])
def test_a_list_of_models_that_is_none_says_so(mind: ModelServer, model: ChatModel, body: str) -> None:
    mind.listed = body
    with pytest.raises(Rejected, match="no list of models"):
        model.models(5.0)


def test_nothing_was_paid_where_nobody_listens() -> None:
    with pytest.raises(Unavailable, match="no connection") as raised:
        ChatModel(None, f"http://{LOOPBACK}:{free_port()}/v1").ask(INQUIRY)
    assert not isinstance(raised.value, Unanswered)


def test_the_models_are_listed(model: ChatModel) -> None:
    assert model.models(5.0) == (MODEL,)


@pytest.fixture(autouse=True)
def _another_address_in_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """What the SDK would find in the environment must not decide where text goes."""
    monkeypatch.setenv("OPENAI_BASE_URL", f"http://{LOOPBACK}:9/elsewhere")


def test_an_inquiry_is_whole(mind: ModelServer, model: ChatModel) -> None:
    """Evidence and instructions are apart: what comes from outside is in no message of ours."""
    inquiry: Inquiry = INQUIRY
    model.ask(inquiry)
    messages: Any = mind.asked[0].messages
    assert [m["role"] for m in messages] == ["system", "user"]
    assert messages[0]["content"] == inquiry.instructions
    assert json.loads(messages[1]["content"]).keys() == {"untrusted_data"}
