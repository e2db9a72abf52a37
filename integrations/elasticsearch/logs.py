"""Structured logs from Elasticsearch."""

import json
import logging
from collections.abc import Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Any

from pydantic import AwareDatetime, BaseModel, Field, TypeAdapter, ValidationError

from domain.finding import Window
from integrations.elasticsearch.query import log_link, log_query
from integrations.log_fields import LogFields, read_field
from integrations.login import Login
from integrations.ports import LogLine, LogPage, Unavailable

if TYPE_CHECKING:
    from integrations.elasticsearch.api import ElasticsearchApi

_log = logging.getLogger(__name__)
_TIME = TypeAdapter(AwareDatetime)


class _Total(BaseModel):
    value: int


class _Hit(BaseModel):
    """`source` has the document's fields as they are, `fields` the time in one form."""

    source: dict[str, Any] = Field(default={}, alias="_source")
    fields: dict[str, list[Any]] = {}


class _Hits(BaseModel):
    total: _Total
    hits: list[_Hit]


class _Answer(BaseModel):
    timed_out: bool
    hits: _Hits


class ElasticsearchLogs:
    """Searches `index` (a name, an alias or a pattern) at `url`. A search lasts `timeout_s` seconds at most."""

    def __init__(
        self, url: str, index: str, *, fields: LogFields | None = None, login: Login | None = None,
        timeout_s: float = 10.0,
    ) -> None:  # fmt: skip
        self._url = url.rstrip("/")
        self._login = login
        self._index = index
        self._fields = fields or LogFields()
        self._timeout_s = timeout_s

    @cached_property
    def _api(self) -> "ElasticsearchApi":
        from integrations.elasticsearch.api import ElasticsearchApi  # noqa: PLC0415 - it is slow to import

        return ElasticsearchApi(self._url, self._timeout_s, self._login)

    def search(self, services: Sequence[str], window: Window, levels: Sequence[str], limit: int) -> LogPage:
        """Lines of these services at these levels, newest first; levels in any spelling.

        Raises Rejected when there is no such index: nobody ships logs there, which is no absence of errors.
        """
        body = log_query(self._fields, services, window, levels)
        answer = _read(self._api.search(self._index, body, limit))
        if answer.timed_out:
            raise Unavailable(f"Elasticsearch did not finish within {self._timeout_s:g} s")
        return LogPage(total=answer.hits.total.value, lines=self._lines(answer.hits.hits))

    def query_text(self, services: Sequence[str], window: Window, levels: Sequence[str]) -> str:
        """The search as Kibana's console and curl take it."""
        body = json.dumps(log_query(self._fields, services, window, levels), indent=2)
        return f"POST /{self._index}/_search\n{body}"

    def link(self, services: Sequence[str], window: Window) -> str:
        """The newest hundred lines of these services, at any level, in the browser."""
        return log_link(self._url, self._index, self._fields, services, window)

    def _lines(self, hits: Sequence[_Hit]) -> tuple[LogLine, ...]:
        lines = [self._line(hit) for hit in hits]
        unread = lines.count(None)
        if unread:
            _log.warning("%d of %d documents in %r have no time that can be read", unread, len(hits), self._index)
        return tuple(line for line in lines if line is not None)

    def _line(self, hit: _Hit) -> LogLine | None:
        names, document = self._fields, hit.source
        try:
            at = _TIME.validate_python(next(iter(hit.fields.get(names.timestamp, [])), None))
        except ValidationError:
            return None
        return LogLine(
            at=at,
            service=read_field(document, names.service) or "",
            level=read_field(document, names.level) or "",
            message=read_field(document, names.message) or "",
            logger=read_field(document, names.logger) or "",
            error_type=read_field(document, names.error_type),
            trace_id=read_field(document, names.trace_id),
        )


def _read(answer: object) -> _Answer:
    try:
        return _Answer.model_validate(answer)
    except ValidationError as error:
        words = error.errors()[0]["msg"]
        raise Unavailable(f"Elasticsearch answered in a shape that is not its own: {words}") from error
