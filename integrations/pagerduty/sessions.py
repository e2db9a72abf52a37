"""pdpyras' sessions, held to one try for each call: whoever sends a message repeats it, and keeps count.

By themselves they wait and try again: without end after a 429, some times after 5xx and broken connections. Their
words for a wrong key end with its last letters, so that ours are made from the answer.
"""

# pdpyras has no annotations.
# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false, reportUnknownArgumentType=false

import warnings
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from http import HTTPStatus
from typing import Any, cast

from pydantic import SecretStr
from requests import Response
from requests.exceptions import SSLError, Timeout

from integrations.http_answers import one_line, refusal
from integrations.ports import Rejected, Unavailable

with warnings.catch_warnings():
    # It announces its successor to everybody who imports it; the package is fixed for this project.
    warnings.simplefilter("ignore")
    from pdpyras import APISession, EventsAPISession, PDClientError, URLError

SOURCE = "PagerDuty"
TIMEOUT_S = 4.0
"""For each call. A message takes four of them at the most, and an activity has 20 s."""
_STATUSES = (429, 500, 502, 503, 504)


class BadRequest(Rejected):
    """400: PagerDuty does not like what was sent. `code` is its own, `reasons` its sentences."""

    def __init__(self, message: str, code: int | None, reasons: tuple[str, ...]) -> None:
        super().__init__(message)
        self.code = code
        self.reasons = reasons


class NotThere(Rejected):
    """404: there is nothing by that id."""


class Rest:
    """REST v2 at `url`, None: PagerDuty's own address. `sender` is the From of every change.

    Every call raises Unavailable, Rejected, BadRequest or NotThere. Entities come without their wrapper.
    """

    def __init__(self, key: SecretStr, sender: str, url: str | None, timeout_s: float) -> None:
        self._session = APISession(key.get_secret_value(), default_from=cast("Any", sender))
        self._timeout_s = timeout_s
        _only_once(self._session, url, timeout_s)

    def one(self, path: str) -> dict[str, Any]:
        with failures(self._timeout_s):
            return _entity(self._session.rget(path))

    def many(self, path: str, **params: str | int | list[str]) -> list[dict[str, Any]]:
        """The first page: what is asked for has few."""
        with failures(self._timeout_s):
            found = cast("Any", self._session.rget(path, params=params))
            return [_entity(one) for one in found]

    def create(self, path: str, **entity: Any) -> dict[str, Any]:  # noqa: ANN401 - by its wrapper's name
        with failures(self._timeout_s):
            return _entity(self._session.rpost(path, json=entity))

    def change(self, path: str, **entity: Any) -> None:  # noqa: ANN401 - by its wrapper's name
        with failures(self._timeout_s):
            self._session.rput(path, json=entity)


class Events:
    """Events v2 at `url`, None: PagerDuty's own address, for one routing key."""

    def __init__(self, key: SecretStr, url: str | None, timeout_s: float) -> None:
        self._session = EventsAPISession(key.get_secret_value())
        self._timeout_s = timeout_s
        _only_once(self._session, url, timeout_s)

    def send(self, action: str, key: str, event: Mapping[str, Any]) -> None:
        """Raises Unavailable, Rejected or BadRequest."""
        with failures(self._timeout_s):
            self._session.send_event(action, dedup_key=cast("Any", key), **event)


def _entity(answer: Any) -> dict[str, Any]:  # noqa: ANN401 - the other side's
    if not isinstance(answer, dict) or not isinstance(answer.get("id"), str):
        raise TypeError("an entity without an id")
    return cast("dict[str, Any]", answer)


def _only_once(session: APISession | EventsAPISession, url: str | None, timeout_s: float) -> None:
    if url is not None:
        session.url = url
    session.timeout = cast("Any", timeout_s)
    session.max_network_attempts = 0
    # A status with a number of tries is not tried without end, and below zero tries of all kinds it is not repeated.
    session.retry = dict.fromkeys(_STATUSES, 1)
    session.max_http_attempts = -1
    # A password in ~/.netrc would replace the key, and a proxy may still be named by the environment.
    session.auth = _as_it_is
    # Somebody else's address gets neither the key nor the message.
    session.max_redirects = 0


def _as_it_is(request: Any) -> Any:  # noqa: ANN401 - as requests calls it
    return request


@contextmanager
def failures(timeout_s: float) -> Generator[None]:
    """Turn what pdpyras raises into a port's errors: BadRequest, NotThere, Rejected or Unavailable."""
    try:
        yield
    except PDClientError as error:
        if error.response is not None:
            raise _of(error.response) from error
        cause = error.__cause__
        if isinstance(cause, Timeout):
            raise Unavailable(f"{SOURCE} did not answer within {timeout_s:g} s") from error
        if isinstance(cause, SSLError):
            raise Rejected(f"{SOURCE}'s certificate is not valid: {one_line(str(cause))}") from error
        raise Unavailable(f"{SOURCE} cannot be reached: {one_line(str(cause or error))}") from error
    except (URLError, KeyError, TypeError, ValueError) as error:
        raise Unavailable(f"{SOURCE} answered something that is not its JSON: {one_line(str(error))}") from error


def _of(response: Response) -> Rejected | Unavailable:
    """The error for an answer that is no success, or a success that cannot be read."""
    if response.ok:
        return Unavailable(f"{SOURCE} answered {response.status_code} with something that is not its JSON")
    code, reasons = _words(response)
    said = "; ".join(reasons) or one_line(response.text)
    # REST names the wait by a header of its own.
    wait = response.headers.get("retry-after") or response.headers.get("ratelimit-reset")
    error = refusal(SOURCE, response.status_code, said, wait)
    if response.status_code == HTTPStatus.BAD_REQUEST:
        return BadRequest(str(error), code, reasons)
    if response.status_code == HTTPStatus.NOT_FOUND:
        return NotThere(str(error))
    return cast("Rejected | Unavailable", error)


def _words(response: Response) -> tuple[int | None, tuple[str, ...]]:
    """The code and the sentences of {"error": {"message", "code", "errors"}} or {"message", "errors"}."""
    try:
        body: Any = response.json()
        error = body.get("error", body)
        parts = [error.get("message"), *(error.get("errors") or [])]
        code = error.get("code")
    except (ValueError, AttributeError, TypeError):
        return None, ()
    return (code if isinstance(code, int) else None), tuple(str(part) for part in parts if part)
