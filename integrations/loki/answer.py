"""Lines and counts as Loki writes them, and as Nightshift reads them."""

import json
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, Literal, cast

from pydantic import BaseModel, Field, ValidationError

from integrations.http_answers import one_line
from integrations.log_fields import LogFields, Names, read_field
from integrations.loki.query import LokiLabels
from integrations.ports import LogLine, Unavailable

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
# As labels or structured metadata: names of OpenTelemetry's, as Loki writes them, then those of people.
_LOGGER: Names = ("scope_name", "logger")
_ERROR_TYPE: Names = ("exception_type", "error_type")
_TRACE_ID: Names = ("trace_id", "traceID")
_IN_JSON = LogFields()


class _Stream(BaseModel):
    """`stream` are the labels with structured metadata among them; a value is (nanoseconds as text, line, ...)."""

    stream: dict[str, str]
    values: list[list[Any]]


class _Sample(BaseModel):
    value: tuple[float, float]


class _Streams(BaseModel):
    kind: Literal["streams"] = Field(alias="resultType")
    result: list[_Stream]


class _Vector(BaseModel):
    kind: Literal["vector"] = Field(alias="resultType")
    result: list[_Sample] = Field(max_length=1)


class _Answer(BaseModel):
    """The body of every success."""

    status: Literal["success"]
    data: _Streams | _Vector = Field(discriminator="kind")
    warnings: list[str] = []


def read_streams(body: bytes, labels: LokiLabels) -> tuple[tuple[LogLine, ...], int, list[str]]:
    """Lines newest first, how many cannot be read, and what Loki warns of. Raises Unavailable for another shape."""
    answer = _read(body)
    if not isinstance(answer.data, _Streams):
        raise _odd(body)
    lines = [_line(one.stream, value, labels) for one in answer.data.result for value in one.values]
    good = [line for line in lines if line is not None]
    return tuple(sorted(good, key=lambda line: line.at, reverse=True)), len(lines) - len(good), answer.warnings


def read_count(body: bytes) -> int:
    """The one number of a sum; an empty vector is none found. Raises Unavailable for another shape."""
    answer = _read(body)
    if not isinstance(answer.data, _Vector):
        raise _odd(body)
    return sum(round(sample.value[1]) for sample in answer.data.result)


def _read(body: bytes) -> _Answer:
    try:
        return _Answer.model_validate_json(body)
    except ValidationError as error:
        raise _odd(body) from error


def _odd(body: bytes) -> Unavailable:
    return Unavailable(f"Loki answered something that is not its JSON: {one_line(body.decode(errors='replace'))}")


def _line(stream: Mapping[str, str], value: list[Any], labels: LokiLabels) -> LogLine | None:
    match value:
        case [str() as at, str() as text, *_]:
            pass
        case _:
            return None
    try:
        moment = _EPOCH + timedelta(microseconds=int(at) // 1000)
    except (ValueError, OverflowError):
        return None
    document: Mapping[str, Any] = _document(text) if labels.message else {}
    message = read_field(document, (labels.message,)) if labels.message else None
    return LogLine(
        at=moment,
        service=stream.get(labels.service, ""),
        level=stream.get(labels.level, ""),
        message=text if message is None else message,
        logger=read_field(stream, _LOGGER) or read_field(document, _IN_JSON.logger) or "",
        error_type=read_field(stream, _ERROR_TYPE) or read_field(document, _IN_JSON.error_type),
        trace_id=read_field(stream, _TRACE_ID) or read_field(document, _IN_JSON.trace_id),
    )


def _document(text: str) -> Mapping[str, Any]:
    """The line as JSON; one that is none has no fields, and is its own message."""
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):
        return {}
    return cast("dict[str, Any]", found) if isinstance(found, dict) else {}
