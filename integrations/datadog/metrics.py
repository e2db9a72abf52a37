"""Metrics from Datadog, as far as the port's meaning reaches: PromQL does not run there.

Asked are the queries that the services file gives to its services, in Datadog's language, and no others: neither the
default expressions nor the rule of an alert, which are PromQL, nor any with the name of a service that is not listed,
which comes with an alert and could hold anything.
"""

import logging
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from functools import cached_property
from typing import TYPE_CHECKING
from urllib.parse import urlencode

from domain.finding import Window
from integrations.datadog.answer import SeriesAnswer, read, read_series
from integrations.datadog.place import DatadogPlace
from integrations.datadog.query import allowed
from integrations.ports import Instant, Rejected, Series

if TYPE_CHECKING:
    from integrations.datadog.api import DatadogApi

_NOW = timedelta(minutes=5)
_log = logging.getLogger(__name__)


class DatadogMetrics:
    """`queries` are (service, query with its blanks) pairs. Each request lasts `timeout_s` seconds at most."""

    def __init__(
        self, place: DatadogPlace, queries: Iterable[tuple[str, str]], *, timeout_s: float = 10.0,
        max_series: int = 1000,
    ) -> None:  # fmt: skip
        self._place = place
        self._allowed = allowed(queries)
        self._timeout_s = timeout_s
        self._max_series = max_series

    @cached_property
    def _api(self) -> "DatadogApi":
        from integrations.datadog.api import DatadogApi  # noqa: PLC0415 - it is slow to import

        return DatadogApi(self._place, self._timeout_s)

    def query(self, query: str) -> Sequence[Instant]:
        """The newest value of each series, of the last five minutes: Datadog has no question for this moment."""
        end = datetime.now(UTC)
        found = self.query_range(query, Window(start=end - _NOW, end=end), _NOW.total_seconds())
        return [Instant(labels=series.labels, value=series.points[-1][1]) for series in found]

    def query_range(self, query: str, window: Window, step_s: float) -> Sequence[Series]:
        """Series over the window, at most a point each `step_s` seconds, fewer where Datadog keeps fewer."""
        if not self._allowed.fullmatch(query):
            raise Rejected(f"{query[:150]!r} is no Datadog query that the services file gives to a service")
        found = read_series(read(SeriesAnswer, self._api.series(query, window)), window, step_s)
        if len(found) > self._max_series:
            raise Rejected(f"{query[:150]!r} gives {len(found)} series, {self._max_series} are allowed: aggregate it")
        return found

    def firing(self, labels: Mapping[str, str]) -> bool | None:
        """Nobody can tell: Datadog's monitors are not asked."""
        _log.warning("cannot tell whether %r fires: Datadog's monitors are not asked", labels.get("alertname"))
        return None

    def link(self, query: str, window: Window) -> str:  # noqa: ARG002 - the explorer takes no whole query
        """The Metrics Explorer at that time; the query is for people to paste."""
        start, end = (round(at.timestamp() * 1000) for at in (window.start, window.end))
        return f"{self._place.pages}/metric/explorer?{urlencode({'from_ts': start, 'to_ts': end, 'live': 'false'})}"
