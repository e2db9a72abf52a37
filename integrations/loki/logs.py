"""Logs from Loki's query API. It has no client package for Python: this speaks HTTP."""

import logging
from collections.abc import Sequence
from urllib.parse import urlencode

from domain.finding import Window
from integrations.access import Access
from integrations.http_source import HttpSource
from integrations.loki.answer import read_count, read_streams
from integrations.loki.query import LokiLabels, count_query, counted_at, log_query, nanoseconds
from integrations.ports import LogPage

SOURCE = "Loki"
_RANGE, _INSTANT = "/loki/api/v1/query_range", "/loki/api/v1/query"
_NEWEST = 100
_log = logging.getLogger(__name__)


class LokiLogs:
    """Asks the query API at `url`. A question waits `timeout_s` seconds at most for each answer and is asked once."""

    def __init__(
        self, url: str, *, labels: LokiLabels | None = None, access: Access | None = None, timeout_s: float = 10.0
    ) -> None:
        self._labels = labels or LokiLabels()
        self._http = HttpSource(SOURCE, url, access=access or Access(), timeout_s=timeout_s)

    def search(self, services: Sequence[str], window: Window, levels: Sequence[str], limit: int) -> LogPage:
        """Lines of these services at these levels, newest first; levels in any spelling.

        When `limit` lines come there may be more, and a second question counts them. Raises Rejected for more than
        Loki gives at once (`max_entries_limit_per_query`, 5000 unless it was changed).
        """
        query = log_query(self._labels, services, levels)
        body = self._http.get(_RANGE, self._range(query, window, limit))
        lines, unread, warnings = read_streams(body, self._labels)
        if unread:
            _log.warning("%d of %d lines from Loki cannot be read and are left out", unread, unread + len(lines))
        for warning in warnings:
            _log.warning("Loki warns: %s", warning)
        found = len(lines) + unread
        return LogPage(total=found if found < limit else max(found, self._count(query, window)), lines=lines)

    def query_text(self, services: Sequence[str], window: Window, levels: Sequence[str]) -> str:
        """The LogQL, and its times as Grafana and logcli take them."""
        query = log_query(self._labels, services, levels)
        return f"{query}\nfrom {window.start.isoformat()} to {window.end.isoformat()}"

    def link(self, services: Sequence[str], window: Window) -> str:
        """The newest hundred lines of these services, at any level. Loki has no pages: it is its JSON."""
        query = log_query(self._labels, services, None)
        return f"{self._http.url}{_RANGE}?{urlencode(self._range(query, window, _NEWEST))}"

    def _count(self, query: str, window: Window) -> int:
        asked = {"query": count_query(query, window), "time": counted_at(window)}
        return read_count(self._http.get(_INSTANT, asked))

    def _range(self, query: str, window: Window, limit: int) -> dict[str, str | int]:
        start, end = nanoseconds(window.start), nanoseconds(window.end)
        return {"query": query, "start": start, "end": end, "limit": limit, "direction": "backward"}
