"""Lines, counts and series as Datadog writes them, and as Nightshift reads them."""

import math
from collections.abc import Sequence
from typing import Any, TypeVar

from pydantic import AwareDatetime, BaseModel, Field, ValidationError

from domain.finding import Window
from integrations.http_answers import one_line
from integrations.log_fields import LogFields, read_field
from integrations.ports import LogLine, Rejected, Series, Unavailable

# Datadog's standard attributes, then the Elastic Common Schema's, then what people write by hand.
_FIELDS = LogFields(
    logger=("logger.name", "log.logger", "logger"), error_type=("error.kind", "error.type"),
    trace_id=("dd.trace_id", "trace_id", "otel.trace_id"),
)  # fmt: skip
Shape = TypeVar("Shape", bound=BaseModel)


class _Record(BaseModel):
    timestamp: AwareDatetime
    status: str = ""
    service: str = ""
    message: str = ""
    attributes: dict[str, Any] = {}


class _Event(BaseModel):
    attributes: dict[str, Any] = {}


class _Cursor(BaseModel):
    after: str | None = None


class _Warning(BaseModel):
    title: str = ""
    detail: str = ""


class _Meta(BaseModel):
    """`status` is done, or timeout: then something is missing."""

    page: _Cursor = _Cursor()
    status: str = "done"
    warnings: list[_Warning] = []


class LogsAnswer(BaseModel):
    """A page of lines."""

    data: list[_Event] = []
    meta: _Meta = _Meta()


class _Bucket(BaseModel):
    computes: dict[str, float]


class _Buckets(BaseModel):
    buckets: list[_Bucket] = Field(max_length=1)


class CountAnswer(BaseModel):
    """One number; without a bucket there was nothing to count."""

    data: _Buckets
    meta: _Meta = _Meta()

    @property
    def total(self) -> int:
        return sum(round(value) for bucket in self.data.buckets for value in bucket.computes.values())


class _Series(BaseModel):
    """Points are (milliseconds, value); the value is null where nothing was reported. Tags are `key:value`."""

    pointlist: list[tuple[float, float | None]]
    tag_set: list[str] = []


class SeriesAnswer(BaseModel):
    """`status` is ok, or error beside a success in HTTP."""

    status: str
    error: str | None = None
    series: list[_Series] = []


def read(shape: type[Shape], body: bytes) -> Shape:
    """The body in its shape. Raises Unavailable for another."""
    try:
        return shape.model_validate_json(body)
    except ValidationError as error:
        words = one_line(body.decode(errors="replace"))
        raise Unavailable(f"Datadog answered something that is not its JSON: {words}") from error


def whole(meta: _Meta) -> Sequence[str]:
    """What Datadog warns of. Raises Unavailable when it gave up on the way."""
    if meta.status == "timeout":
        raise Unavailable("Datadog did not finish the search in its own time")
    return [one_line(f"{warning.title} {warning.detail}") for warning in meta.warnings]


def read_line(event: _Event) -> LogLine | None:
    """None for one that cannot be read."""
    try:
        record = _Record.model_validate(event.attributes)
    except ValidationError:
        return None
    fields = record.attributes
    return LogLine(
        at=record.timestamp, service=record.service, level=record.status, message=record.message,
        logger=read_field(fields, _FIELDS.logger) or "", error_type=read_field(fields, _FIELDS.error_type),
        trace_id=read_field(fields, _FIELDS.trace_id),
    )  # fmt: skip


def read_series(answer: SeriesAnswer, window: Window, step_s: float) -> Sequence[Series]:
    """Those with a finite point in the window, at most one point (the last) in each step.

    Datadog chooses its own interval, from 1 s up, wider for longer windows; nothing is put between its points.
    Raises Rejected for its own error.
    """
    if answer.status != "ok":
        raise Rejected(f"Datadog refused the query: {one_line(answer.error or 'without a word')}")
    found = [Series(labels=_labels(s.tag_set), points=_points(s, window, step_s)) for s in answer.series]
    return [series for series in found if series.points]


def _labels(tags: Sequence[str]) -> dict[str, str]:
    return {key: value for key, _, value in (tag.partition(":") for tag in tags)}


def _points(series: _Series, window: Window, step_s: float) -> tuple[tuple[float, float], ...]:
    start, end = window.start.timestamp(), window.end.timestamp()
    last: dict[int, tuple[float, float]] = {}
    for at_ms, value in sorted(series.pointlist, key=lambda point: point[0]):
        at = at_ms / 1000
        if value is not None and math.isfinite(value) and start <= at < end:
            last[int((at - start) // step_s)] = (at, value)
    return tuple(last.values())
