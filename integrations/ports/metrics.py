"""Metrics: numbers over time."""

from collections.abc import Mapping, Sequence
from typing import Protocol

from domain.finding import Window
from domain.model import Model


class Series(Model):
    """One series of a range query: `points` are (unix seconds, value), by time, without NaN and Inf."""

    labels: dict[str, str]
    points: tuple[tuple[float, float], ...]


class Instant(Model):
    """One value of an instant query; NaN and Inf are None: the series exists, its value says nothing."""

    labels: dict[str, str]
    value: float | None


class MetricSource(Protocol):
    """PromQL, as Prometheus answers it."""

    def query(self, query: str) -> Sequence[Instant]:
        """Values now. An empty result is an empty list. Raises Rejected for more series than the source's cap."""
        ...

    def query_range(self, query: str, window: Window, step_s: float) -> Sequence[Series]:
        """Series over a window, a point each `step_s` seconds; series without any finite point are left out."""
        ...

    def firing(self, labels: Mapping[str, str]) -> bool | None:
        """Does an alert with all these labels fire now? None: the rules' source is not healthy, nobody can tell."""
        ...

    def link(self, query: str, window: Window) -> str:
        """Where a person sees the query."""
        ...
