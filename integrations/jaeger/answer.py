"""Traces as Jaeger's query API writes them, and as Nightshift reads them."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, Literal

from pydantic import BaseModel, Field, TypeAdapter, ValidationError

from integrations.ports import Span, Trace

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
# What an exception event says of itself (OpenTelemetry semantic conventions); its stack trace is left where it is.
_EXCEPTION = ("exception.type", "exception.message")


class _Tag(BaseModel):
    key: str
    value: str | bool | int | float


class _Reference(BaseModel):
    kind: Literal["CHILD_OF", "FOLLOWS_FROM"] = Field(alias="refType")
    span_id: str = Field(alias="spanID")
    trace_id: str = Field(alias="traceID")


class _Event(BaseModel):
    fields: list[_Tag] = []


class _Process(BaseModel):
    service: str = Field(alias="serviceName")


class _Span(BaseModel):
    """Times in microseconds, the start since 1970."""

    trace_id: str = Field(alias="traceID")
    span_id: str = Field(alias="spanID")
    operation: str = Field(alias="operationName")
    references: list[_Reference] = []
    start_us: int = Field(alias="startTime")
    duration_us: int = Field(alias="duration", ge=0)
    tags: list[_Tag] = []
    events: list[_Event] | None = Field(default=None, alias="logs")
    process: str = Field(alias="processID")


class JaegerTrace(BaseModel):
    """One trace; its spans are read one by one, so that a malformed one costs itself only."""

    trace_id: str = Field(alias="traceID")
    spans: list[Any]
    processes: dict[str, Any]


class Problem(BaseModel):
    """What Jaeger says went wrong, with an HTTP status."""

    code: int = 500
    msg: str = ""


class JaegerAnswer(BaseModel):
    """The body of every answer. `data` is null beside errors."""

    data: list[JaegerTrace] | None = None
    errors: list[Problem] | None = None


_PROCESS = TypeAdapter(_Process)


def read_trace(trace: JaegerTrace) -> tuple[Trace, int]:
    """The trace with the spans that can be read, and how many cannot."""
    spans = [_read_span(raw, trace.processes) for raw in trace.spans]
    good = tuple(span for span in spans if span is not None)
    return Trace(trace_id=trace.trace_id, spans=good), len(spans) - len(good)


def _read_span(raw: object, processes: Mapping[str, Any]) -> Span | None:
    try:
        span = _Span.model_validate(raw)
        process = _PROCESS.validate_python(processes.get(span.process))
        start = _EPOCH + timedelta(microseconds=span.start_us)
    except (ValidationError, OverflowError):
        return None
    attributes = {tag.key: _text(tag.value) for tag in span.tags}
    return Span(
        span_id=span.span_id,
        parent_id=_parent(span),
        service=process.service,
        operation=span.operation,
        kind=attributes.get("span.kind", "internal"),
        start=start,
        duration_s=span.duration_us / 1_000_000,
        error=attributes.get("error") == "true" or attributes.get("otel.status_code") == "ERROR",
        attributes={**_exception(span.events or ()), **attributes},
    )


def _parent(span: _Span) -> str | None:
    """The first span of the same trace that this one is a child of; a link to another trace is no parent."""
    parents = (r.span_id for r in span.references if r.kind == "CHILD_OF" and r.trace_id == span.trace_id)
    return next(parents, None)


def _exception(events: Sequence[_Event]) -> dict[str, str]:
    """Of the last exception that was recorded, which is the one that left the span."""
    found: dict[str, str] = {}
    for event in events:
        found |= {tag.key: _text(tag.value) for tag in event.fields if tag.key in _EXCEPTION}
    return found


def _text(value: str | float | bool) -> str:  # noqa: FBT001 - a tag's value, not a switch
    return str(value).lower() if isinstance(value, bool) else str(value)
