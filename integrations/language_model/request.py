"""From an inquiry to the arguments of a chat completion."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from domain.advice.money import most_usage
from domain.advice.opinion import Opinion
from domain.advice.talk import Exchange, Usage
from integrations.ports import Inquiry, Offer

Message = dict[str, Any]


@dataclass(frozen=True)
class Request:
    """Arguments by the names of the API; `most`: what they may come to, schemas of tools and of the answer included."""

    arguments: dict[str, Any]
    most: Usage


def request_of(inquiry: Inquiry, *, newer_limit: bool) -> Request:
    """`newer_limit`: the name of the limit that OpenAI's newer models insist on, and that other servers do not know."""
    limit = "max_completion_tokens" if newer_limit else "max_tokens"
    arguments: dict[str, Any] = {
        "model": inquiry.model,
        "temperature": inquiry.temperature,
        limit: inquiry.most_output_tokens,
        "messages": list(_messages(inquiry)),
        "response_format": {
            "type": "json_schema",
            "json_schema": {"name": "opinion", "strict": True, "schema": Opinion.model_json_schema()},
        },
    }
    if inquiry.offers:
        arguments["tools"] = [_tool(offer) for offer in inquiry.offers]
    return Request(arguments, most_usage(json.dumps(arguments, ensure_ascii=False)))


def _messages(inquiry: Inquiry) -> Iterator[Message]:
    yield {"role": "system", "content": inquiry.instructions}
    yield {"role": "user", "content": inquiry.evidence}
    for exchange in inquiry.exchanges:
        yield from _exchange(exchange)


def _exchange(exchange: Exchange) -> Iterator[Message]:
    """What it wanted, in its own words, and an answer to each."""
    calls = [
        {"id": use.id, "type": "function", "function": {"name": use.name, "arguments": use.arguments}}
        for use in exchange.uses
    ]
    yield {"role": "assistant", "content": None, "tool_calls": calls}
    for use, answer in zip(exchange.uses, exchange.answers, strict=True):
        yield {"role": "tool", "tool_call_id": use.id, "content": answer}


def _tool(offer: Offer) -> Message:
    function = {
        "name": offer.name, "description": offer.description, "parameters": offer.parameters, "strict": True,
    }  # fmt: skip
    return {"type": "function", "function": function}
