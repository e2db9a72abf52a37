"""From a chat completion to a reply. Whatever came was paid for, so that nothing here raises."""

from typing import Annotated

import openai
from pydantic import BaseModel, BeforeValidator, Field, TypeAdapter, ValidationError

from domain.advice.opinion import Opinion
from domain.advice.talk import Reply, ToolUse, Usage
from integrations.http_answers import one_line

LARGEST_ANSWER = 256 * 1024
"""Bytes. The longest answer that is asked for has 1,500 tokens, some 10 kB."""
_MOST_USES = 8
_LONGEST_ARGUMENTS = 500
_LONGEST_NAME = 64
_MOST_COUNTED = 10_000_000
"""Tokens. No model takes as many in one call: whoever counts more counts wrong."""
_OBJECT = TypeAdapter(dict[str, object])


class TooLong(openai.OpenAIError):
    """An answer, and so paid for, that nobody reads to its end."""

    def __init__(self) -> None:
        super().__init__(f"its answer is longer than {LARGEST_ANSWER} bytes")


def _none_as_empty(value: object) -> object:
    return () if value is None else value


class _Function(BaseModel):
    name: str
    arguments: str


class _Call(BaseModel):
    id: str
    function: _Function


class _Message(BaseModel):
    content: str | None = None
    refusal: str | None = None
    tool_calls: Annotated[tuple[_Call, ...], BeforeValidator(_none_as_empty)] = ()


class _Choice(BaseModel):
    finish_reason: str | None = None
    message: _Message


class _Counted(BaseModel):
    prompt_tokens: int = Field(ge=0, le=_MOST_COUNTED)
    completion_tokens: int = Field(ge=0, le=_MOST_COUNTED)


class _Completion(BaseModel):
    choices: tuple[_Choice, ...] = Field(min_length=1)


def read(body: bytes) -> dict[str, object]:
    """The JSON object in it; empty for whatever else it is: not JSON, nested without end, no UTF-8."""
    try:
        return _OBJECT.validate_json(body)
    except ValidationError:
        return {}


def reply_of(answer: dict[str, object], most: Usage, *, may_use: bool) -> Reply:
    """`most`: what the request may come to, which counts where nobody counted. `may_use`: tools were offered."""
    usage = _usage(answer.get("usage"), most)
    try:
        choice = _Completion.model_validate(answer).choices[0]
    except ValidationError:
        return Reply(useless="its answer is no chat completion", usage=usage)
    useless = _useless(choice, may_use=may_use)
    if useless is not None:
        return Reply(useless=useless, usage=usage)
    if choice.message.tool_calls:
        return Reply(uses=tuple(_use(c) for c in choice.message.tool_calls[:_MOST_USES]), usage=usage)
    try:
        return Reply(opinion=Opinion.model_validate_json(choice.message.content or ""), usage=usage)
    except ValidationError as error:
        return Reply(useless=f"its answer does not have the form that was asked for ({_first(error)})", usage=usage)


def _useless(choice: _Choice, *, may_use: bool) -> str | None:
    """Why nothing of it can be used, as far as the other side says so."""
    if choice.message.refusal:
        return f"it refused to answer: {one_line(choice.message.refusal)[:120]}"
    if choice.finish_reason == "content_filter":
        return "its answer was held back by a content filter"
    if choice.finish_reason == "length":
        return "its answer was cut off at the limit of tokens"
    if choice.message.tool_calls and not may_use:
        return "it asked to look at more when it had to answer"
    return None


def _use(call: _Call) -> ToolUse:
    return ToolUse(
        id=call.id[:_LONGEST_NAME], name=call.function.name[:_LONGEST_NAME],
        arguments=call.function.arguments[:_LONGEST_ARGUMENTS],
    )  # fmt: skip


def _usage(said: object, most: Usage) -> Usage:
    """As the other side counted; one that does not say is counted as the most that it can be."""
    try:
        counted = _Counted.model_validate(said)
    except ValidationError:
        return most
    return Usage(input_tokens=counted.prompt_tokens, output_tokens=counted.completion_tokens)


def _first(error: ValidationError) -> str:
    detail = error.errors(include_input=False, include_url=False)[0]
    where = ".".join(str(part) for part in detail["loc"])
    return f"{where}: {detail['type']}" if where else detail["type"]
