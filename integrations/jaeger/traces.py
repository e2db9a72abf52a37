"""Distributed traces from Jaeger's query API. It has no client package: this speaks HTTP."""

import json
import logging
from collections.abc import Mapping, Sequence
from functools import cached_property
from urllib.parse import quote

import httpx
from pydantic import ValidationError

from domain.finding import Window
from integrations.http_answers import bounded, one_line, refusal
from integrations.jaeger.answer import JaegerAnswer, read_trace
from integrations.login import Login
from integrations.ports import Trace, Unavailable

SOURCE = "Jaeger"
_MICROSECONDS = 1_000_000
_log = logging.getLogger(__name__)


class JaegerTraces:
    """Asks the query API at `url`. A question waits `timeout_s` seconds at most for each answer and is asked once."""

    def __init__(self, url: str, *, login: Login | None = None, timeout_s: float = 10.0) -> None:
        self._url = url.rstrip("/")
        self._login = login
        self._timeout_s = timeout_s

    @cached_property
    def _client(self) -> httpx.Client:
        return httpx.Client(timeout=self._timeout_s, auth=self._login.pair if self._login else None)

    def traces(self, service: str, window: Window, limit: int, *, errors_only: bool = False) -> Sequence[Trace]:
        """Traces with a span of this service that starts in the window, newest first; none for an unknown service.

        `errors_only`: that span has failed. Spans that cannot be read are left out and counted in the log.
        """
        parameters: dict[str, str | int] = {
            "service": service,
            "start": round(window.start.timestamp() * _MICROSECONDS),
            "end": round(window.end.timestamp() * _MICROSECONDS) - 1,
            "limit": limit,
        }
        if errors_only:
            parameters["tags"] = json.dumps({"error": "true"})
        return self._readable(service, self._ask(parameters))

    def link(self, trace_id: str) -> str:
        """The trace in Jaeger's own pages."""
        return f"{self._url}/trace/{quote(trace_id, safe='')}"

    def _readable(self, service: str, answer: JaegerAnswer) -> Sequence[Trace]:
        read = [read_trace(trace) for trace in answer.data or ()]
        malformed = sum(count for _, count in read)
        if malformed:
            _log.warning("%d spans in traces of %r cannot be read and are left out", malformed, service)
        return sorted((trace for trace, _ in read if trace.spans), key=_start, reverse=True)

    def _ask(self, parameters: Mapping[str, str | int]) -> JaegerAnswer:
        try:
            return self._get(parameters)
        except httpx.TimeoutException as error:
            raise Unavailable(f"{SOURCE} did not answer within {self._timeout_s:g} s") from error
        except httpx.HTTPError as error:
            raise Unavailable(f"{SOURCE} cannot be reached: {one_line(str(error)) or type(error).__name__}") from error

    def _get(self, parameters: Mapping[str, str | int]) -> JaegerAnswer:
        with self._client.stream("GET", f"{self._url}/api/traces", params=parameters) as response:
            body = bounded(SOURCE, response.iter_bytes())
        if not response.is_success:
            raise refusal(SOURCE, response.status_code, _words(body), response.headers.get("Retry-After"))
        answer = _read(body)
        for problem in answer.errors or ():
            if not answer.data:
                raise refusal(SOURCE, problem.code, problem.msg, None)
            _log.warning("Jaeger found traces, but not all: %s", one_line(problem.msg))
        return answer


def _read(body: bytes) -> JaegerAnswer:
    try:
        return JaegerAnswer.model_validate_json(body)
    except ValidationError as error:
        words = one_line(body.decode(errors="replace"))
        raise Unavailable(f"{SOURCE} answered something that is not its JSON: {words}") from error


def _words(body: bytes) -> str:
    """Jaeger's own words, or what a proxy before it said."""
    try:
        problems = JaegerAnswer.model_validate_json(body).errors
    except ValidationError:
        problems = None
    return problems[0].msg if problems else body.decode(errors="replace")


def _start(trace: Trace) -> float:
    return min(span.start for span in trace.spans).timestamp()
