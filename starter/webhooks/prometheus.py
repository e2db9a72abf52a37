"""Alertmanager's webhook, version 4, translated into anomalies."""

import hashlib
import json
import math
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, Literal
from urllib.parse import parse_qs, urlsplit

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, SecretStr
from starlette.requests import Request

from domain.anomaly import AlertStatus, Anomaly, latest
from domain.severity import severity_of_label
from starter.access import check_access
from starter.intake import Intake
from starter.untrusted import clean, safe_labels, web_link
from starter.webhooks.body import Refused, parse
from starter.webhooks.senders import Taken

SOURCE = "prometheus"
LARGEST_STORM = 16 * 1024 * 1024
"""Bytes: some 25,000 alerts in one group. Alertmanager does not repeat what is refused as too large."""
UNKNOWN = "unknown"
SERVICE_LABELS = ("service", "service_name", "app", "app_kubernetes_io_name", "job", "namespace")
"""Which label names the service, the first that is there. `job` stands late: it often names the scraper."""
_TITLE = ("summary", "title", "message", "description")
_RUNBOOK = ("runbook_url", "runbook")
_MOST_LABELS = 40
_LONGEST_LABEL, _LONGEST_VALUE = 80, 300
_LONGEST_NAME, _LONGEST_TITLE, _LONGEST_LINK = 120, 300, 2_000
# Alertmanager writes Go's zero time, of year 1, for "not yet".
_FIRST_YEAR, _LAST_YEAR = 2000, 9000


class Alert(BaseModel):
    """One alert as Alertmanager sends it; fields that we do not use are left alone."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    status: Literal["firing", "resolved"]
    labels: dict[str, str] | None = None
    annotations: dict[str, str] | None = None
    starts_at: AwareDatetime | None = Field(default=None, alias="startsAt")
    ends_at: AwareDatetime | None = Field(default=None, alias="endsAt")
    generator_url: str | None = Field(default=None, alias="generatorURL")
    fingerprint: str | None = None


class Delivery(BaseModel):
    """One call of Alertmanager: the alerts of one group, all of them, each with a status of its own.

    Each alert is looked at by itself: Alertmanager does not repeat what was refused, so one that nobody understands
    must not take the others with it.
    """

    model_config = ConfigDict(frozen=True, extra="ignore")

    version: Literal["4"] = "4"
    alerts: tuple[Any, ...]


class PrometheusSender:
    """Sender `prometheus`: Alertmanager, which shows a bearer token and signs nothing."""

    name = SOURCE
    largest = LARGEST_STORM

    def __init__(self, token: SecretStr | None, intake: Intake) -> None:
        self._token = token
        self._intake = intake

    def admit(self, request: Request) -> None:
        check_access(request, self._token)

    def trust(self, request: Request, body: bytes) -> None:
        """Whoever shows the token is believed."""

    async def take(self, content: object, now: datetime) -> Taken:
        alerts, refused = understood(parse(Delivery, content))
        anomalies = anomalies_of(alerts, now)
        keys = await self._intake.accept(anomalies)
        reason = "nothing is firing, and no open incident knows these alerts" if anomalies else "it holds no alerts"
        return Taken(anomalies=len(anomalies), incidents=keys, reason=reason, refused=refused)


def understood(delivery: Delivery) -> tuple[list[Alert], tuple[str, ...]]:
    """The alerts that are valid, and for each other one the field and its value. Refused (422) when none is valid."""
    alerts: list[Alert] = []
    refused: list[str] = []
    for number, content in enumerate(delivery.alerts):
        try:
            alerts.append(parse(Alert, content, f"alerts[{number}]"))
        except Refused as refusal:
            refused.append(str(refusal))
    if refused and not alerts:
        more = f" (the first of {len(refused)} alerts, all refused)" if refused[1:] else ""
        raise Refused(422, f"{refused[0]}{more}", items=len(refused))
    return alerts, tuple(refused)


def anomalies_of(alerts: Sequence[Alert], now: datetime) -> tuple[Anomaly, ...]:
    """One anomaly per series, as of `now`; of two alerts of the same series the newer one counts."""
    newest: dict[str, Anomaly] = {}
    for alert in alerts:
        seen = _anomaly(alert, now)
        newest[seen.series] = latest(newest.get(seen.series), seen)
    return tuple(newest.values())


def _anomaly(alert: Alert, now: datetime) -> Anomaly:
    labels, notes = alert.labels or {}, alert.annotations or {}
    name = clean(labels.get("alertname", ""), _LONGEST_NAME) or UNKNOWN
    firing = alert.status == AlertStatus.FIRING
    return Anomaly(
        source=SOURCE,
        fingerprint=clean(alert.fingerprint or "", _LONGEST_LABEL) or _fingerprint(labels),
        name=name,
        service=_first(labels, SERVICE_LABELS, _LONGEST_NAME) or name,
        status=AlertStatus(alert.status),
        title=_first(notes, _TITLE, _LONGEST_TITLE) or name,
        starts_at=_onset(alert.starts_at, now),
        seen_at=now,
        ends_at=None if firing else _plausible(alert.ends_at),
        severity_label=severity_of_label(labels.get("severity")),
        labels=safe_labels(labels, _MOST_LABELS, _LONGEST_LABEL, _LONGEST_VALUE),
        actual=_number(notes.get("value")),
        expected=_number(notes.get("threshold")),
        expression=_expression(alert.generator_url or ""),
        link=web_link(alert.generator_url or "", _LONGEST_LINK),
        runbook=next((link for key in _RUNBOOK if (link := web_link(notes.get(key, ""), _LONGEST_LINK))), None),
    )


def _first(texts: Mapping[str, str], names: tuple[str, ...], longest: int) -> str | None:
    """The first of the names that holds text."""
    return next((text for name in names if (text := clean(texts.get(name, ""), longest))), None)


def _fingerprint(labels: Mapping[str, str]) -> str:
    """What identifies a series that came without Alertmanager's own fingerprint: all its labels."""
    return hashlib.sha256(json.dumps(labels, sort_keys=True).encode()).hexdigest()[:16]


def _onset(starts_at: datetime | None, now: datetime) -> datetime:
    """The sender's onset; ours where there is none, or where it lies ahead: a clock that is off must not lead us."""
    known = _plausible(starts_at)
    return now if known is None else min(known, now)


def _plausible(at: datetime | None) -> datetime | None:
    if at is None or not _FIRST_YEAR <= at.year <= _LAST_YEAR:
        return None
    return at.astimezone(UTC)


def _number(text: str | None) -> float | None:
    """A finite number, or None: a value such as `12 %` or `NaN` is text."""
    try:
        value = float(text or "")
    except ValueError:
        return None
    return value if math.isfinite(value) else None


def _expression(generator_url: str) -> str | None:
    """The rule's expression, which Prometheus puts into the link as `g0.expr`."""
    if len(generator_url) > 2 * _LONGEST_LINK:
        return None
    try:
        found = parse_qs(urlsplit(generator_url).query, max_num_fields=20).get("g0.expr", [])
    except ValueError:
        return None
    text = clean(found[0], _LONGEST_LINK) if found else ""
    # An expression that had to be cut is another expression.
    return text if text and not text.endswith("…") and len(text.encode()) <= _LONGEST_LINK else None
