"""Prometheus' HTTP API through the `prometheus-api-client` package, with answers judged before it reads them.

The client turns every failure into one exception without status or headers, and reads bodies of any size. Importing
it costs most of a second, so nothing imports this module before the first question.
"""

# The client's annotations are partial, and some are wrong.
# pyright: reportUnknownMemberType=false, reportArgumentType=false

import io
import json
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from typing import Any, cast

from prometheus_api_client.exceptions import PrometheusApiClientException
from prometheus_api_client.prometheus_connect import PrometheusConnect
from requests import RequestException, Response, Session, Timeout
from urllib3 import Retry
from urllib3.exceptions import HTTPError
from urllib3.exceptions import TimeoutError as ReadTimeout

from domain.finding import Window
from integrations.http_answers import bounded, one_line, refusal
from integrations.login import Login
from integrations.ports import Rejected, Unavailable

SOURCE = "Prometheus"
_CHUNK = 65_536
# The server gives up a little before we do, so that its own words arrive.
_SERVER_SHARE = 0.9
Params = Mapping[str, str | int | float]


class PrometheusApi:
    """One attempt at each question. Answers are JSON as it came; raises Unavailable or Rejected."""

    def __init__(self, url: str, timeout_s: float, login: Login | None = None) -> None:
        self._url = url
        self._timeout_s = timeout_s
        self._session = Session()
        self._session.hooks["response"] = [_judge]
        self._session.auth = login.pair if login else None
        once = Retry(total=0, read=False)
        self._client = PrometheusConnect(url, session=self._session, retry=once, timeout=timeout_s)

    def instant(self, query: str, limit: int) -> object:
        """The `result` of /api/v1/query."""
        with self._failures():
            return self._client.custom_query(query, params=self._params(limit))

    def over_time(self, query: str, window: Window, step_s: float, limit: int) -> object:
        """The `result` of /api/v1/query_range."""
        # The client rounds times to seconds: the parameters replace its own values.
        exact = {"start": window.start.timestamp(), "end": window.end.timestamp()}
        params = {**self._params(limit), **exact}
        with self._failures():
            return self._client.custom_query_range(query, window.start, window.end, str(step_s), params=params)

    def alert_rules(self) -> object:
        """The `data` of /api/v1/rules, which the client has no method for."""
        with self._failures():
            url = f"{self._url}/api/v1/rules"
            return self._session.get(url, params={"type": "alert"}, timeout=self._timeout_s).json()["data"]

    def _params(self, limit: int) -> dict[str, Any]:
        """Older servers do not know `limit` and send everything; newer ones cut there."""
        return {"timeout": f"{self._timeout_s * _SERVER_SHARE:.3f}", "limit": limit}

    @contextmanager
    def _failures(self) -> Generator[None]:
        try:
            yield
        except (Timeout, ReadTimeout) as error:
            raise Unavailable(f"{SOURCE} did not answer within {self._timeout_s:g} s") from error
        except (ValueError, KeyError, TypeError, PrometheusApiClientException) as error:
            raise Unavailable(f"{SOURCE} answered something that is not its JSON: {one_line(str(error))}") from error
        except (RequestException, HTTPError) as error:
            raise Unavailable(f"{SOURCE} cannot be reached: {one_line(str(error))}") from error


def _judge(response: Response, **_: object) -> Response:
    if response.is_redirect:
        return response
    body = _body(response)
    if not response.ok:
        raise refusal(SOURCE, response.status_code, _words(body), response.headers.get("Retry-After"))
    response.raw = io.BytesIO(body)  # the client reads the body again, from here
    return response


def _body(response: Response) -> bytes:
    try:
        return bounded(SOURCE, response.raw.stream(_CHUNK, decode_content=True))
    except Rejected:
        response.close()  # the rest of it stays unread, so the connection cannot be used again
        raise


def _words(body: bytes) -> str:
    """Prometheus' own error text, or what a proxy before it said."""
    text = body.decode(errors="replace")
    try:
        answer = cast("dict[str, str]", json.loads(text))
        return str(answer["error"])
    except (ValueError, KeyError, TypeError):
        return text
