"""One call of a chat model. It is never repeated here: who calls knows what was paid, and how long to wait."""

from functools import cached_property
from typing import Protocol, cast

import openai
from pydantic import BaseModel, SecretStr, ValidationError

from domain.advice.talk import Reply, Usage
from integrations.http_answers import one_line, refusal
from integrations.language_model.answer import TooLong, read, reply_of
from integrations.language_model.request import Request, request_of
from integrations.ports import Inquiry, PortError, Rejected, Unanswered, Unavailable

OPENAI = "https://api.openai.com/v1"
"""Said here, so that the address is the one of our settings and not what the SDK finds in the environment."""
_SOURCE = "language model"
_NO_KEY = "none"  # the SDK wants one; a server of one's own wants none
# By name: the SDK brings its own copy of the HTTP client that defines them.
_NEVER_SENT = frozenset({"ConnectError", "ConnectTimeout", "PoolTimeout"})
# No money left: nothing that a minute would mend, although it is a 429.
_FOR_GOOD = frozenset({"insufficient_quota", "billing_hard_limit_reached"})


class _Raw(Protocol):
    """An answer as it came."""

    @property
    def content(self) -> bytes: ...


class _Named(BaseModel):
    id: str


class _Listed(BaseModel):
    data: tuple[_Named, ...]


class ChatModel:
    """LanguageModel over HTTP. `url`: base address of a compatible server, None: OpenAI's own."""

    def __init__(self, key: SecretStr | None, url: str | None = None) -> None:
        self._key = key
        self._url = url or OPENAI

    @cached_property
    def _client(self) -> openai.OpenAI:
        """Made when it is first needed: it takes half a second."""
        from integrations.language_model.wire import Wire  # noqa: PLC0415 - it is what takes that long

        key = self._key.get_secret_value() if self._key is not None else _NO_KEY
        return openai.OpenAI(api_key=key, base_url=self._url, max_retries=0, http_client=Wire(self._url))

    def most(self, inquiry: Inquiry) -> Usage:
        return self._request(inquiry).most

    def ask(self, inquiry: Inquiry) -> Reply:
        request = self._request(inquiry)
        try:
            raw = self._client.chat.completions.with_raw_response
            answer = cast("_Raw", raw.create(**request.arguments, timeout=inquiry.seconds))
        except TooLong as error:
            return Reply(useless=str(error), usage=request.most)
        except openai.OpenAIError as error:
            raise self._translated(error) from error
        return reply_of(read(answer.content), request.most, may_use=bool(inquiry.offers))

    def models(self, seconds: float) -> tuple[str, ...]:
        try:
            answer = self._client.models.with_raw_response.list(timeout=seconds)
            return tuple(model.id for model in _Listed.model_validate_json(answer.content).data)
        except openai.OpenAIError as error:
            raise self._translated(error) from error
        except ValidationError as error:
            raise Rejected(f"{_SOURCE}: what it answers is no list of models") from error

    def _request(self, inquiry: Inquiry) -> Request:
        return request_of(inquiry, newer_limit=self._url == OPENAI)

    def _translated(self, error: openai.OpenAIError) -> PortError:
        """Is a retry worth it, and may it have been paid for?"""
        if isinstance(error, openai.APIStatusError):
            said = self._without_key(error.message)
            if error.code in _FOR_GOOD:
                return Rejected(f"{_SOURCE} answered {error.status_code}: {error.code}")
            if error.status_code == openai.ConflictError.status_code:
                return Unavailable(f"{_SOURCE} answered {error.status_code}: {one_line(said)}")
            return refusal(_SOURCE, error.status_code, said, error.response.headers.get("retry-after"))
        if isinstance(error, openai.APIConnectionError):
            cause = type(error.__cause__).__name__
            if cause in _NEVER_SENT:
                return Unavailable(f"{_SOURCE}: no connection ({cause})")
            late = isinstance(error, openai.APITimeoutError)
            return Unanswered(f"{_SOURCE}: {'no answer in time' if late else f'the connection broke ({cause})'}")
        return Rejected(f"{_SOURCE}: {one_line(self._without_key(str(error)))}")

    def _without_key(self, said: str) -> str:
        """Some servers repeat what they were sent, and these words go to people and records."""
        return said.replace(self._key.get_secret_value(), "<token>") if self._key is not None else said
