"""One call of a chat model. It is never repeated here: who calls knows what was paid, and how long to wait."""

from functools import cached_property
from typing import cast

import openai
from pydantic import BaseModel, SecretStr

from domain.advice.talk import Reply, Usage
from integrations.http_answers import one_line, refusal
from integrations.language_model.answer import reply_of
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


class ChatModel:
    """LanguageModel over HTTP. `url`: base address of a compatible server, None: OpenAI's own."""

    def __init__(self, key: SecretStr | None, url: str | None = None) -> None:
        self._key = key
        self._url = url or OPENAI

    @cached_property
    def _client(self) -> openai.OpenAI:
        """Made when it is first needed: it takes half a second."""
        key = self._key.get_secret_value() if self._key is not None else _NO_KEY
        return openai.OpenAI(api_key=key, base_url=self._url, max_retries=0)

    def most(self, inquiry: Inquiry) -> Usage:
        return self._request(inquiry).most

    def ask(self, inquiry: Inquiry) -> Reply:
        request = self._request(inquiry)
        answer = self._send(request, inquiry.seconds)
        return reply_of(answer, request.most, may_use=bool(inquiry.offers))

    def models(self, seconds: float) -> tuple[str, ...]:
        try:
            return tuple(model.id for model in self._client.models.list(timeout=seconds).data)
        except openai.OpenAIError as error:
            raise _translated(error) from error

    def _request(self, inquiry: Inquiry) -> Request:
        return request_of(inquiry, newer_limit=self._url == OPENAI)

    def _send(self, request: Request, seconds: float) -> dict[str, object]:
        try:
            answer = cast("object", self._client.chat.completions.create(**request.arguments, timeout=seconds))
        except openai.OpenAIError as error:
            raise _translated(error) from error
        # The SDK hands on whatever came, of whatever shape; what is no JSON comes as text.
        return answer.model_dump(mode="json", warnings=False) if isinstance(answer, BaseModel) else {}


def _translated(error: openai.OpenAIError) -> PortError:
    """Is a retry worth it, and may it have been paid for?"""
    if isinstance(error, openai.APIStatusError):
        if error.code in _FOR_GOOD:
            return Rejected(f"{_SOURCE} answered {error.status_code}: {error.code}")
        if error.status_code == openai.ConflictError.status_code:
            return Unavailable(f"{_SOURCE} answered {error.status_code}: {one_line(error.message)}")
        return refusal(_SOURCE, error.status_code, error.message, error.response.headers.get("retry-after"))
    if isinstance(error, openai.APIConnectionError):
        cause = type(error.__cause__).__name__
        if cause in _NEVER_SENT:
            return Unavailable(f"{_SOURCE}: no connection ({cause})")
        return Unanswered(f"{_SOURCE}: {'no answer in time' if _is_late(error) else f'the connection broke ({cause})'}")
    return Rejected(f"{_SOURCE}: {one_line(str(error))}")


def _is_late(error: openai.APIConnectionError) -> bool:
    return isinstance(error, openai.APITimeoutError)
