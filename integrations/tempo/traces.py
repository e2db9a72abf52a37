"""Distributed traces from Tempo's query API. It has no client package: this speaks HTTP."""

import logging
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar
from urllib.parse import quote

from pydantic import BaseModel, ValidationError

from domain.finding import Window
from integrations.access import Access
from integrations.http_answers import one_line
from integrations.http_source import HttpSource
from integrations.ports import Rejected, Trace, Unavailable
from integrations.tempo.answer import Found, SearchAnswer, TraceAnswer, read_trace
from integrations.tempo.query import trace_query, whole_seconds

SOURCE = "Tempo"
_AT_ONCE = 4
# Tempo looks only into what it stored around these times: spans of one request lie no further apart.
_LONGEST_TRACE_S = 600
_log = logging.getLogger(__name__)
Shape = TypeVar("Shape", bound=BaseModel)


class TempoTraces:
    """Asks the query API at `url`. A question waits `timeout_s` seconds at most for each answer and is asked once.

    A search finds ids only, so each trace is a question of its own: `most` bounds them, whatever limit is asked for.
    """

    def __init__(self, url: str, *, access: Access | None = None, timeout_s: float = 10.0, most: int = 100) -> None:
        self._http = HttpSource(SOURCE, url, access=access or Access(), timeout_s=timeout_s)
        self._most = most

    def traces(self, service: str, window: Window, limit: int, *, errors_only: bool = False) -> Sequence[Trace]:
        """Traces with a span of this service that starts in the window, newest first; none for an unknown service.

        `errors_only`: that span has failed. Where more match than the limit, Tempo gives any of them, not the newest.
        Spans that cannot be read, and traces that cannot be had (too large, gone), are left out and counted in the log.
        """
        asked = {"q": trace_query(service, errors_only=errors_only), "limit": min(limit, self._most), "spss": 1}
        found = self._read(SearchAnswer, self._http.get("/api/search", {**asked, **whole_seconds(window)})).traces

        def fetch(one: Found) -> Trace | None:
            return self._trace(one, window)

        with ThreadPoolExecutor(_AT_ONCE, thread_name_prefix="tempo") as pool:
            traces = list(pool.map(fetch, found))
        lost = traces.count(None)
        if found and lost == len(found):
            raise Rejected(f"{SOURCE} found {lost} traces of {service!r} and gave none of them: see the log")
        meant = [t for t in traces if t is not None and _is_meant(t, service, window, errors_only=errors_only)]
        return sorted(meant, key=_start, reverse=True)

    def link(self, trace_id: str) -> str:
        """The trace as Tempo's JSON: it has no pages of its own."""
        return f"{self._http.url}/api/traces/{quote(trace_id, safe='')}"

    def _trace(self, found: Found, window: Window) -> Trace | None:
        try:
            near = whole_seconds(window, wider_s=_LONGEST_TRACE_S)
            body = self._http.get(f"/api/traces/{found.trace_id}", near)
        except Rejected as error:
            _log.warning("trace %s is left out: %s", found.trace_id, error)
            return None
        trace, malformed = read_trace(found.trace_id, self._read(TraceAnswer, body))
        if malformed:
            _log.warning("%d spans of trace %s cannot be read and are left out", malformed, trace.trace_id)
        return trace

    def _read(self, shape: type[Shape], body: bytes) -> Shape:
        try:
            return shape.model_validate_json(body)
        except ValidationError as error:
            words = one_line(body.decode(errors="replace"))
            raise Unavailable(f"{SOURCE} answered something that is not its JSON: {words}") from error


def _is_meant(trace: Trace, service: str, window: Window, *, errors_only: bool) -> bool:
    """Tempo's seconds are wider than the window, and its condition holds for the trace at any time."""
    spans = (s for s in trace.spans if s.service == service and window.start <= s.start < window.end)
    return any(span.error or not errors_only for span in spans)


def _start(trace: Trace) -> float:
    return min(span.start for span in trace.spans).timestamp()
