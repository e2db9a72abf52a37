"""What is muted, for how long and by whose word: maintenance windows, and Alertmanager's silences. Pure.

A freeze mutes automatic actions only (domain.reservation). These mute opening and paging, for what they name and until
they end, and nothing else.
"""

import hashlib
from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Self

from pydantic import AwareDatetime, Field, model_validator

from domain.anomaly import Anomaly
from domain.doors import Door
from domain.levels import Severity
from domain.matching import Comparison, Matcher
from domain.model import Model
from domain.severity import level_of
from domain.silence import MONITORING

LONGEST = timedelta(days=30)
"""What shall be quiet for longer than this is no maintenance: take its expression or its rule away."""
_ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
_NO_LABELS: Mapping[str, str] = {}
_ANY = "zv8q1x0kw4j"
"""A name that nobody gave: what fits it was not asked for by name."""


class Kind(StrEnum):
    """Whose word it is."""

    MAINTENANCE = "maintenance window"
    SILENCE = "Alertmanager silence"


class Window(Model):
    """What it names is muted from `starts` until `ends`: any of `services` (all, where it names none) whose labels fit
    every one of `matchers`.
    """

    id: str = Field(min_length=1, max_length=100)
    kind: Kind = Kind.MAINTENANCE
    services: tuple[str, ...] = Field(default=(), max_length=100)
    matchers: tuple[Matcher, ...] = Field(default=(), max_length=30)
    starts: AwareDatetime
    ends: AwareDatetime
    who: str = Field(min_length=1, max_length=300)
    why: str = Field(default="", max_length=2_000)

    @model_validator(mode="after")
    def _has_an_end_and_a_scope(self) -> Self:
        if self.ends <= self.starts:
            raise ValueError(f"ends: {self.ends.isoformat()!r} is not after its start")
        if self.kind is Kind.MAINTENANCE and self.ends - self.starts > LONGEST:
            raise ValueError(f"ends: {self.ends.isoformat()!r} is more than {LONGEST.days} days after its start")
        if not self.services and all(matcher.matches(_NO_LABELS) for matcher in self.matchers):
            raise ValueError("services: none is named, and no matcher asks for a label: it would mute everything")
        if self.kind is Kind.MAINTENANCE and not self.services and self._fits_whatever():
            raise ValueError("services: none is named, and the matchers fit any alert: it would mute everything")
        return self

    def _fits_whatever(self) -> bool:
        """Do the matchers fit an alert of any name and service, of each severity?"""
        probes = ({"alertname": _ANY, "service": _ANY, "severity": one.value.lower()} for one in Severity)
        return all(matcher.matches(labels) for labels in probes for matcher in self.matchers)

    def holds(self, now: datetime) -> bool:
        return self.starts <= now < self.ends

    def names(self, anomaly: Anomaly) -> bool:
        """Is it in its scope? Whether the monitoring itself is well is nobody's maintenance but its own: a window has
        to name it.
        """
        if anomaly.service == MONITORING and not self._says_monitoring():
            return False
        if self.services and anomaly.service not in self.services:
            return False
        labels = labels_of(anomaly)
        return all(matcher.matches(labels) for matcher in self.matchers)

    def _says_monitoring(self) -> bool:
        asked = (m.value for m in self.matchers if m.name == "service" and m.comparison is Comparison.EQUAL)
        return MONITORING in {*self.services, *asked}

    @property
    def scope(self) -> str:
        """What it names, for people."""
        said = [", ".join(self.services)] if self.services else []
        return " where ".join([*said, ", ".join(str(matcher) for matcher in self.matchers)]).removesuffix(" where ")


class Muting(Model):
    """The verdict on one anomaly that is muted: by what, until when, and why in words."""

    window: str = Field(max_length=100)
    kind: Kind
    until: AwareDatetime
    reason: str = Field(max_length=3_000)


def labels_of(anomaly: Anomaly) -> Mapping[str, str]:
    """What matchers are asked about: its labels, and its name, service and severity where no label says them."""
    own = {"alertname": anomaly.name, "service": anomaly.service, "severity": level_of(anomaly).value.lower()}
    return {**own, **anomaly.labels}


def muted(anomaly: Anomaly, windows: Iterable[Window], now: datetime) -> Muting | None:
    """By which window an anomaly is muted at `now`, the one that ends last; None: by none."""
    naming = [window for window in windows if window.holds(now) and window.names(anomaly)]
    if not naming:
        return None
    last = max(naming, key=lambda window: (window.ends, window.id))
    reason = f"{last.kind} {last.id} until {last.ends:%Y-%m-%d %H:%M:%S} UTC, by {last.who}: {last.why}"
    return Muting(window=last.id, kind=last.kind, until=last.ends, reason=reason)


class WordKind(StrEnum):
    """A window was declared, or ended before its time."""

    DECLARED = "declared"
    ENDED = "ended"


class WindowWord(Model):
    """One person's word on one window, which it holds as it was declared."""

    kind: WordKind
    window: Window
    at: AwareDatetime
    who: str = Field(min_length=1, max_length=300)
    door: Door


class Declared(Model):
    """A window as the words have it: `window.ends` is its end in force, `ended_by` who ended it before its time."""

    window: Window
    at: AwareDatetime
    ended_by: str | None = None

    def state(self, now: datetime) -> str:
        if now < self.window.starts and self.ended_by is None:
            return "to come"
        if self.window.holds(now):
            return "in force"
        return "over" if self.ended_by is None else f"ended by {self.ended_by}"


def declared(words: Iterable[WindowWord]) -> tuple[Declared, ...]:
    """The windows that the words come to, in whatever order and however often they were said, by their starts. The
    first word that ends one counts.
    """
    said = sorted(words, key=lambda word: (word.at, word.kind is WordKind.ENDED, word.model_dump_json()))
    found: dict[str, Declared] = {}
    for word in said:
        if word.kind is WordKind.DECLARED and word.window.id not in found:
            found[word.window.id] = Declared(window=word.window, at=word.at)
    for word in said:
        known = found.get(word.window.id)
        if word.kind is WordKind.ENDED and known is not None and known.ended_by is None:
            # One that was ended before it began is never in force, which `Window` itself would refuse to say.
            window = known.window.model_copy(update={"ends": min(known.window.ends, word.at)})
            found[word.window.id] = known.model_copy(update={"window": window, "ended_by": word.who})
    return tuple(sorted(found.values(), key=lambda one: (one.window.starts, one.window.id)))


def window_id(scope: str, at: datetime, who: str) -> str:
    """The id people see, such as MW-20260131-7F3K2A."""
    digest = hashlib.sha256(f"{scope}\n{at.isoformat()}\n{who}".encode("utf-8", "surrogatepass")).digest()
    return f"MW-{at:%Y%m%d}-" + "".join(_ALPHABET[byte % 32] for byte in digest[:6])
