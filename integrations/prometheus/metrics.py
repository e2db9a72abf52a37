"""Prometheus: values now, series over a window, and whether an alert fires."""

import logging
import math
from collections.abc import Mapping, Sequence
from datetime import UTC
from functools import cached_property
from typing import TYPE_CHECKING, TypeVar
from urllib.parse import urlencode

from pydantic import BaseModel, TypeAdapter, ValidationError

from domain.finding import Window
from integrations.login import Login
from integrations.ports import Instant, PortError, Rejected, Series, Unavailable
from integrations.prometheus.rules import RuleGroups, fires

if TYPE_CHECKING:
    from integrations.prometheus.api import PrometheusApi

T = TypeVar("T")
_log = logging.getLogger(__name__)


class _Element(BaseModel):
    """An element of a vector: `value` in an instant one, `values` in a range; a native histogram has neither.

    Each is (unix seconds, value); Prometheus writes values as text, NaN and +Inf among them.
    """

    metric: dict[str, str]
    value: tuple[float, float] | None = None
    values: list[tuple[float, float]] | None = None


_ELEMENTS = TypeAdapter(list[_Element])
_INSTANT = TypeAdapter(list[_Element] | tuple[float, float])
_RULES = TypeAdapter(RuleGroups)


class PrometheusMetrics:
    """Asks one Prometheus at `url`. A question lasts `timeout_s` seconds at most and is asked once.

    An answer of more than `max_series` series is refused: nobody reads that many.
    """

    def __init__(
        self, url: str, *, login: Login | None = None, timeout_s: float = 10.0, max_series: int = 1000
    ) -> None:
        self._url = url.rstrip("/")
        self._login = login
        self._timeout_s = timeout_s
        self._max_series = max_series

    @cached_property
    def _api(self) -> "PrometheusApi":
        from integrations.prometheus.api import PrometheusApi  # noqa: PLC0415 - it is slow to import

        return PrometheusApi(self._url, self._timeout_s, self._login)

    def query(self, query: str) -> Sequence[Instant]:
        """Values now; a scalar is one series without labels. Raises Rejected for a range selector."""
        found = _read(_INSTANT, self._api.instant(query, self._max_series + 1))
        if isinstance(found, tuple):
            return [Instant(labels={}, value=_finite(found[1]))]
        if any(element.values is not None for element in found):
            raise Rejected(f"{query!r} selects a range of time: an instant query wants one value for each series")
        self._check_size(query, len(found))
        return [Instant(labels=e.metric, value=_finite(e.value[1]) if e.value else None) for e in found]

    def query_range(self, query: str, window: Window, step_s: float) -> Sequence[Series]:
        """Series from the window's start on, a point each `step_s` seconds, its end excluded."""
        found = _read(_ELEMENTS, self._api.over_time(query, window, step_s, self._max_series + 1))
        self._check_size(query, len(found))
        series = [Series(labels=e.metric, points=_points(e, window.end.timestamp())) for e in found]
        return [one for one in series if one.points]

    def firing(self, labels: Mapping[str, str]) -> bool | None:
        """Does an alert with these labels fire now? None, with the reason in the log: nobody can tell."""
        name = labels.get("alertname")
        try:
            groups = _read(_RULES, self._api.alert_rules()).groups
        except PortError as error:
            _log.warning("cannot tell whether %r fires: %s", name, error)
            return None
        found = fires([rule for group in groups for rule in group.rules], labels)
        if found is None:
            _log.warning("cannot tell whether %r fires: its rule is unknown, not evaluated yet, or fails", name)
        return found

    def link(self, query: str, window: Window) -> str:
        """The query in Prometheus' own pages, as a graph over the window."""
        seconds = max(math.ceil((window.end - window.start).total_seconds()), 1)
        end = window.end.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S")
        graph = {"g0.expr": query, "g0.tab": 0, "g0.range_input": f"{seconds}s", "g0.end_input": end}
        return f"{self._url}/graph?{urlencode(graph)}"

    def _check_size(self, query: str, series: int) -> None:
        if series > self._max_series:
            raise Rejected(f"{query!r} gives at least {series} series, {self._max_series} are allowed: aggregate it")


def _read(shape: TypeAdapter[T], answer: object) -> T:
    try:
        return shape.validate_python(answer)
    except ValidationError as error:
        raise Unavailable(f"Prometheus answered in a shape that is not its own: {error.errors()[0]['msg']}") from error


def _finite(value: float) -> float | None:
    return value if math.isfinite(value) else None


def _points(element: _Element, end: float) -> tuple[tuple[float, float], ...]:
    return tuple((at, value) for at, value in element.values or () if at < end and math.isfinite(value))
