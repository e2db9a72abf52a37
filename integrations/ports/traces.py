"""Traces: requests as they went from service to service."""

from collections.abc import Sequence
from typing import Protocol

from pydantic import AwareDatetime

from domain.finding import Window
from domain.model import Model


class Span(Model):
    """One span. `kind` is server, client, internal, producer or consumer; `duration_s` in seconds."""

    span_id: str
    parent_id: str | None
    service: str
    operation: str
    kind: str
    start: AwareDatetime
    duration_s: float
    error: bool
    attributes: dict[str, str] = {}


class Trace(Model):
    """One trace with all its spans, in no particular order."""

    trace_id: str
    spans: tuple[Span, ...]


class TraceSource(Protocol):
    """Distributed traces."""

    def traces(self, service: str, window: Window, limit: int, *, errors_only: bool = False) -> Sequence[Trace]:
        """Traces that pass through a service, newest first."""
        ...

    def link(self, trace_id: str) -> str:
        """Where a person sees the trace."""
        ...
