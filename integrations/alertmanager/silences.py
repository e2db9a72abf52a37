"""Alertmanager's silences, by its API v2. It has no client package for Python: this speaks HTTP."""

import logging
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from typing import Literal

from pydantic import AwareDatetime, BaseModel, Field, TypeAdapter, ValidationError

from domain.maintenance import Kind, Window
from domain.matching import Comparison, Matcher
from integrations.access import Access
from integrations.http_answers import one_line
from integrations.http_source import HttpSource
from integrations.ports import Unavailable

SOURCE = "Alertmanager"
_COMPARISONS = {
    (False, True): Comparison.EQUAL, (False, False): Comparison.DIFFERS,
    (True, True): Comparison.FITS, (True, False): Comparison.FITS_NOT,
}  # fmt: skip
_LONGEST_WHO, _LONGEST_WHY = 300, 2_000
_log = logging.getLogger(__name__)


class _Matcher(BaseModel):
    name: str
    value: str
    is_regex: bool = Field(alias="isRegex")
    is_equal: bool = Field(default=True, alias="isEqual", description="not there before Alertmanager 0.22")


class _Status(BaseModel):
    state: Literal["active", "pending", "expired"]


class _Silence(BaseModel):
    """One silence as `GET /api/v2/silences` lists it; expired ones stay listed for days."""

    id: str
    status: _Status
    matchers: tuple[_Matcher, ...]
    starts_at: AwareDatetime = Field(alias="startsAt")
    ends_at: AwareDatetime = Field(alias="endsAt")
    created_by: str = Field(default="", alias="createdBy")
    comment: str = ""


_SILENCES = TypeAdapter(tuple[_Silence, ...])


class AlertmanagerSilences:
    """SilenceSource by the API at `url`. A question waits `timeout_s` seconds at most, and is asked once."""

    def __init__(self, url: str, *, timeout_s: float = 3.0) -> None:
        self._http = HttpSource(SOURCE, url, access=Access(), timeout_s=timeout_s, rarely=True)

    def silences(self) -> Sequence[Window]:
        body = self._http.get("/api/v2/silences", {})
        try:
            listed = _SILENCES.validate_json(body)
        except ValidationError as error:
            first = error.errors(include_url=False, include_input=False)[0]
            where = ".".join(str(part) for part in first["loc"])
            raise Unavailable(
                f"{SOURCE} answered something that is not its silences: {where}: {first['msg']}"
            ) from None
        now = datetime.now(UTC)
        return tuple(_windows((one for one in listed if one.status.state == "active"), now))


def _windows(silences: Iterator[_Silence], now: datetime) -> Iterator[Window]:
    for silence in silences:
        try:
            yield Window(
                id=silence.id, kind=Kind.SILENCE, matchers=tuple(_matcher(one) for one in silence.matchers),
                # Whether it has begun is a matter of Alertmanager's clock, and it says so.
                starts=min(silence.starts_at, now), ends=silence.ends_at,
                who=one_line(silence.created_by)[:_LONGEST_WHO] or "unknown",
                why=one_line(silence.comment)[:_LONGEST_WHY],
            )  # fmt: skip
        except ValueError as error:
            _log.warning("the silence %s mutes nothing of ours: %s", silence.id, one_line(str(error)))


def _matcher(one: _Matcher) -> Matcher:
    return Matcher(name=one.name, comparison=_COMPARISONS[one.is_regex, one.is_equal], value=one.value)
