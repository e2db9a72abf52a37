"""Logs from Datadog."""

import logging
from collections.abc import Sequence
from functools import cached_property
from typing import TYPE_CHECKING
from urllib.parse import urlencode

from domain.finding import Window
from integrations.datadog.answer import CountAnswer, LogsAnswer, read, read_line, whole
from integrations.datadog.place import DatadogPlace
from integrations.datadog.query import log_query, log_times
from integrations.ports import LogLine, LogPage

if TYPE_CHECKING:
    from integrations.datadog.api import DatadogApi

_LARGEST_PAGE = 1000
_log = logging.getLogger(__name__)


class DatadogLogs:
    """Searches all indexes that the keys reach. Each request lasts `timeout_s` seconds at most and is made once."""

    def __init__(self, place: DatadogPlace, *, timeout_s: float = 10.0) -> None:
        self._place = place
        self._timeout_s = timeout_s

    @cached_property
    def _api(self) -> "DatadogApi":
        from integrations.datadog.api import DatadogApi  # noqa: PLC0415 - it is slow to import

        return DatadogApi(self._place, self._timeout_s)

    def search(self, services: Sequence[str], window: Window, levels: Sequence[str], limit: int) -> LogPage:
        """Lines of these services at these levels, newest first; a request for each thousand of them.

        When there are more than `limit`, a further request counts them.
        """
        query, at = log_query(services, levels), log_times(window)
        lines: list[LogLine | None] = []
        cursor: str | None = None
        while len(lines) < limit:
            size = min(limit - len(lines), _LARGEST_PAGE)
            answer = read(LogsAnswer, self._api.logs(query, at, size, cursor))
            for warning in whole(answer.meta):
                _log.warning("Datadog warns: %s", warning)
            lines += map(read_line, answer.data)
            cursor = answer.meta.page.after
            if cursor is None or not answer.data:
                break
        good = tuple(line for line in lines if line is not None)
        if len(good) < len(lines):
            _log.warning("%d of %d lines from Datadog cannot be read", len(lines) - len(good), len(lines))
        cut = cursor is not None and len(lines) >= limit
        return LogPage(total=max(len(lines), self._count(query, at)) if cut else len(lines), lines=good)

    def query_text(self, services: Sequence[str], window: Window, levels: Sequence[str]) -> str:
        """The query as the Log Explorer takes it."""
        return f"{log_query(services, levels)}\nfrom {window.start.isoformat()} to {window.end.isoformat()}"

    def link(self, services: Sequence[str], window: Window) -> str:
        """These services in the Log Explorer, at any level."""
        start, end = (round(at.timestamp() * 1000) for at in (window.start, window.end))
        asked = {"query": log_query(services, None), "from_ts": start, "to_ts": end, "live": "false"}
        return f"{self._place.pages}/logs?{urlencode(asked)}"

    def _count(self, query: str, at: tuple[str, str]) -> int:
        answer = read(CountAnswer, self._api.count(query, at))
        whole(answer.meta)
        return answer.total
