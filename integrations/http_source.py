"""Questions to a source that speaks HTTP and has no client package: in time, bounded, failures as port errors."""

from collections.abc import Callable, Mapping
from functools import cached_property

import httpx

from integrations.access import Access
from integrations.http_answers import bounded, one_line, refusal
from integrations.ports import Unavailable

Parameters = Mapping[str, str | int]


def plain(body: bytes) -> str:
    """The words of a refusal, for a source that writes them as plain text."""
    return body.decode(errors="replace")


class HttpSource:
    """One attempt at each question, which waits `timeout_s` seconds at most for each part of an answer.

    `name` is the source's in messages; `words` finds its own in the body of a refusal.
    `rarely`: it is asked so rarely that no connection is kept for the next question.
    """

    def __init__(
        self, name: str, url: str, *, access: Access, timeout_s: float, words: Callable[[bytes], str] = plain,
        rarely: bool = False,
    ) -> None:  # fmt: skip
        self._name = name
        self._access = access
        self._timeout_s = timeout_s
        self._words = words
        self._limits = httpx.Limits(max_keepalive_connections=0 if rarely else 20)  # 20 is httpx's own
        self.url = url.rstrip("/")

    @cached_property
    def _client(self) -> httpx.Client:
        login = self._access.login
        headers = {"Accept": "application/json", **self._access.headers}
        return httpx.Client(
            timeout=self._timeout_s, auth=login.pair if login else None, headers=headers, limits=self._limits
        )

    def get(self, path: str, parameters: Parameters) -> bytes:
        """The body of a success. Raises Unavailable or Rejected for anything else, also for a redirect."""
        try:
            with self._client.stream("GET", self.url + path, params=parameters) as response:
                body = bounded(self._name, response.iter_bytes())
        except httpx.TimeoutException as error:
            raise Unavailable(f"{self._name} did not answer within {self._timeout_s:g} s") from error
        except httpx.HTTPError as error:
            words = one_line(str(error)) or type(error).__name__
            raise Unavailable(f"{self._name} cannot be reached: {words}") from error
        if not response.is_success:
            raise refusal(self._name, response.status_code, self._words(body), response.headers.get("Retry-After"))
        return body
