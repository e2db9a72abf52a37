"""Traces as Tempo's API writes them: OTLP in JSON, but with ids in base64, as protobuf's own mapping has it."""

import base64
import binascii
import re
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from pydantic import AliasChoices, BaseModel, Field, ValidationError

from integrations.ports import Span, Trace

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_HEX = re.compile(r"[0-9a-fA-F]+")
_SPAN_ID_BYTES, _TRACE_ID_BYTES = 8, 16
_SERVICE = "service.name"
_EXCEPTION = ("exception.type", "exception.message")
# By name, as Tempo writes them, and by number, as OTLP's JSON does.
_KINDS: Mapping[str | int, str] = {
    name: kind
    for number, kind in enumerate(("internal", "internal", "server", "client", "producer", "consumer"))
    for name in (number, f"SPAN_KIND_{kind.upper()}")
}
_FAILED = {2, "STATUS_CODE_ERROR"}


class Found(BaseModel):
    """A trace in the answer of a search. Tempo leaves out leading zeros of its id, and zeros of its start."""

    trace_id: str = Field(alias="traceID", pattern=r"^[0-9a-fA-F]{1,32}$")
    start_ns: int = Field(default=0, alias="startTimeUnixNano")


class SearchAnswer(BaseModel):
    """The body of /api/search."""

    traces: list[Found] = []


class _Attribute(BaseModel):
    """`value` has one entry, by the name of its kind: {"stringValue": "a"}."""

    key: str
    value: dict[str, Any] = {}


class _Event(BaseModel):
    attributes: list[_Attribute] = []


class _Status(BaseModel):
    code: int | str = 0
    message: str = ""


class _Span(BaseModel):
    span_id: str = Field(alias="spanId")
    parent_id: str = Field(default="", alias="parentSpanId")
    name: str = ""
    kind: int | str = 0
    start_ns: int = Field(alias="startTimeUnixNano")
    end_ns: int = Field(alias="endTimeUnixNano")
    attributes: list[_Attribute] = []
    events: list[_Event] = []
    status: _Status = _Status()


class _Scope(BaseModel):
    spans: list[Any] = []


class _Resource(BaseModel):
    attributes: list[_Attribute] = []


class _Batch(BaseModel):
    """Spans of one resource; they are read one by one, so that a malformed one costs itself only."""

    resource: _Resource = _Resource()
    scopes: list[_Scope] = Field(default=[], validation_alias=AliasChoices("scopeSpans", "instrumentationLibrarySpans"))


class TraceAnswer(BaseModel):
    """The body of /api/traces/{id}."""

    batches: list[_Batch] = Field(default=[], validation_alias=AliasChoices("batches", "resourceSpans"))


def read_trace(trace_id: str, answer: TraceAnswer) -> tuple[Trace, int]:
    """The trace with the spans that can be read, and how many cannot."""
    spans: list[Span | None] = []
    for batch in answer.batches:
        service = _texts(batch.resource.attributes).get(_SERVICE, "")
        spans += [_read_span(raw, service) for scope in batch.scopes for raw in scope.spans]
    good = tuple(span for span in spans if span is not None)
    return Trace(trace_id=trace_id.zfill(2 * _TRACE_ID_BYTES), spans=good), len(spans) - len(good)


def _read_span(raw: object, service: str) -> Span | None:
    try:
        span = _Span.model_validate(raw)
        span_id, parent = _id(span.span_id), _id(span.parent_id)
        start = _EPOCH + timedelta(microseconds=span.start_ns // 1000)
    except (ValidationError, ValueError, OverflowError):
        return None
    if not span_id or span.end_ns < span.start_ns:
        return None
    said = {"otel.status_description": span.status.message} if span.status.message else {}
    return Span(
        span_id=span_id,
        parent_id=parent or None,
        service=service,
        operation=span.name,
        kind=_KINDS.get(span.kind, "internal"),
        start=start,
        duration_s=(span.end_ns - span.start_ns) / 1e9,
        error=span.status.code in _FAILED,
        attributes={**_exception(span.events), **said, **_texts(span.attributes)},
    )


def _id(text: str) -> str:
    """A span's id in hexadecimal; Tempo writes it in base64, which is never as long. Empty: there is none.

    Raises ValueError for what is neither.
    """
    if len(text) == 2 * _SPAN_ID_BYTES and _HEX.fullmatch(text):
        return text.lower()
    try:
        found = base64.b64decode(text, validate=True)
    except binascii.Error as error:
        raise ValueError(f"{text!r} is not an id of a span") from error
    if len(found) not in {0, _SPAN_ID_BYTES}:
        raise ValueError(f"{text!r} is not an id of a span")
    return found.hex() if any(found) else ""


def _exception(events: Sequence[_Event]) -> dict[str, str]:
    """Of the last exception that was recorded, which is the one that left the span."""
    found: dict[str, str] = {}
    for event in events:
        found |= {key: value for key, value in _texts(event.attributes).items() if key in _EXCEPTION}
    return found


def _texts(attributes: Sequence[_Attribute]) -> dict[str, str]:
    """Plain values as text; lists and maps say nothing that is asked for here."""
    plain = {a.key: next(iter(a.value.values()), None) for a in attributes}
    return {key: _text(value) for key, value in plain.items() if isinstance(value, str | bool | int | float)}


def _text(value: str | float | bool) -> str:  # noqa: FBT001 - an attribute's value, not a switch
    return str(value).lower() if isinstance(value, bool) else str(value)
