"""What a client sent, as far as OpenAI's API documents it, and what the API would refuse in it."""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, cast

# No tokenizer of anybody's: words in pieces of four letters, each sign by itself. It counts what was really sent.
_PIECE = re.compile(r"\w{1,4}|[^\w\s]")


def tokens(text: str) -> int:
    return len(_PIECE.findall(text))


@dataclass(frozen=True)
class ChatRequest:
    """The body of `POST /chat/completions`."""

    body: Mapping[str, Any]

    @property
    def messages(self) -> Sequence[Mapping[str, Any]]:
        return cast("Sequence[Mapping[str, Any]]", self.body.get("messages", ()))

    @property
    def tools(self) -> tuple[str, ...]:
        """The names of the tools that are offered."""
        return tuple(tool["function"]["name"] for tool in self.body.get("tools", ()))

    @property
    def shown(self) -> tuple[str, ...]:
        """The answers of tools, in order."""
        return tuple(str(m["content"]) for m in self.messages if m["role"] == "tool")

    @cached_property
    def evidence(self) -> dict[str, Any]:
        """The untrusted data in the user's message."""
        said = next(str(m["content"]) for m in self.messages if m["role"] == "user")
        return json.loads(said)["untrusted_data"]

    @property
    def input_tokens(self) -> int:
        return tokens(json.dumps(self.body, ensure_ascii=False))

    @property
    def limit(self) -> int | None:
        """The most tokens of an answer."""
        return self.body.get("max_completion_tokens") or self.body.get("max_tokens")

    def refusal(self) -> str | None:
        """What the API would answer 400 for, None: nothing."""
        if not self.body.get("model"):
            return "you must provide a model parameter"
        if not self.messages:
            return "[] is too short - 'messages'"
        return next(iter((*_unanswered(self.messages), *self._loose_schemas())), None)

    def _loose_schemas(self) -> Iterator[str]:
        """Strict mode: each object closed, each of its properties required."""
        for name, schema in self._schemas():
            for part in _objects(schema):
                if part.get("additionalProperties") is not False:
                    yield f"Invalid schema for {name}: 'additionalProperties' is required to be false"
                if set(part.get("required", ())) != set(part.get("properties", {})):
                    yield f"Invalid schema for {name}: 'required' is required to include every key in properties"

    def _schemas(self) -> Iterator[tuple[str, object]]:
        answer: Mapping[str, Any] | None = self.body.get("response_format")
        if answer is not None and answer["type"] == "json_schema":
            yield "response_format", answer["json_schema"]["schema"]
        for tool in self.body.get("tools", ()):
            yield tool["function"]["name"], tool["function"]["parameters"]


def _unanswered(messages: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    """Each call of a tool has to be followed by its answer."""
    waiting: set[str] = set()
    for message in messages:
        if message["role"] == "tool":
            if message["tool_call_id"] not in waiting:
                yield "messages with role 'tool' must be a response to a preceding message with 'tool_calls'"
            waiting.discard(message["tool_call_id"])
        elif waiting:
            break
        waiting |= {call["id"] for call in message.get("tool_calls") or ()}
    if waiting:
        yield f"an assistant message with 'tool_calls' must be followed by tool messages: {', '.join(sorted(waiting))}"


def _objects(schema: object) -> Iterator[Mapping[str, Any]]:
    if isinstance(schema, Mapping):
        known = cast("Mapping[str, Any]", schema)
        if known.get("type") == "object":
            yield known
        for value in known.values():
            yield from _objects(value)
    elif isinstance(schema, list):
        for value in cast("list[object]", schema):
            yield from _objects(value)
