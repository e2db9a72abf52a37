"""From an event there to an anomaly here, to a word for one of our own incidents, or to nothing, with the reason."""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Literal

from domain.anomaly import AlertStatus, Anomaly
from domain.approval import Door
from domain.command import CommandName
from domain.identity import names_incident
from domain.severity import severity_of_label
from starter.untrusted import clean, safe_labels, web_link
from starter.webhooks.pagerduty.events import LONGEST_ID, Happened, Incident, Kind, Reference
from workflows.contract import Synchronise

SOURCE = "pagerduty"
_OURS = "nightshift:"
_LONGEST_NAME, _LONGEST_TITLE, _LONGEST_LINK = 120, 300, 2_000
_MOST_LABELS, _LONGEST_LABEL, _LONGEST_VALUE = 10, 80, 300
_FIRST_YEAR, _LAST_YEAR = 2000, 9000


@dataclass(frozen=True)
class Home:
    """What is ours at PagerDuty: alerts with this installation's name in their key, incidents of this service."""

    installation: str
    service: str | None = None


HERE = Home("default")
"""Where no service of PagerDuty is set: only what carries this installation's name is ours."""


@dataclass(frozen=True)
class Word:
    """What a person did to an incident of ours."""

    incident: str
    word: Synchronise


def translated(seen: Happened, home: Home, now: datetime) -> Anomaly | Word | str:
    """An anomaly of somebody else's incident, a word to one of ours, or why it is neither."""
    for key in _keys(seen.incident):
        named = names_incident(key)
        if named == key and not _of_our_service(seen.incident, home):
            return f"its key is {named}, but it is of another service: whoever may send an alert there chose the key"
        if (ours := _own(key, home.installation)) is not None:
            return _to_ours(seen, ours) if ours else "it belongs to another installation of Nightshift"
    named = names_incident(seen.incident.title or "")
    if named is not None:
        # Whoever may send an alert there writes titles: they neither steer us nor make us page for our own page.
        return f"its title names {named}, but not its key: nothing follows from a title"
    if seen.kind is Kind.ACKNOWLEDGED:
        return "somebody has it there, and an acknowledgement opens nothing here"
    return _anomaly(seen, now)


def _keys(incident: Incident) -> tuple[str, ...]:
    alerts = (alert.alert_key for alert in incident.alerts or ())
    return tuple(key for key in (incident.incident_key, *alerts) if key)


def _of_our_service(incident: Incident, home: Home) -> bool:
    return home.service is not None and incident.service is not None and incident.service.id == home.service


def _own(key: str, installation: str) -> str | None:
    """Our incident's id; empty: an incident of ours, but of another installation. None: it is not ours."""
    plain = key.removeprefix(f"{_OURS}{installation}:")
    named = names_incident(plain)
    if named == plain:
        return named
    return "" if key.startswith(_OURS) else None


def _to_ours(seen: Happened, ours: str) -> Word | str:
    commands: dict[Kind, Literal[CommandName.ACK, CommandName.RESOLVE]] = {
        Kind.ACKNOWLEDGED: CommandName.ACK, Kind.RESOLVED: CommandName.RESOLVE
    }  # fmt: skip
    command = commands.get(seen.kind)
    if command is None:
        return f"it is our own page for {ours}"
    if not seen.who:
        return f"nobody did it: {ours} stays as it is until a person says so"
    word = Synchronise(event=seen.event, command=command, who=seen.who, door=Door.PAGERDUTY, at=seen.at)
    return Word(ours, word)


def _anomaly(seen: Happened, now: datetime) -> Anomaly:
    incident, resolved = seen.incident, seen.kind is Kind.RESOLVED
    began = incident.created_at if seen.kind is Kind.TRIGGERED else incident.reopened_at or incident.created_at
    if seen.kind is Kind.REOPENED and incident.reopened_at is None:
        began = seen.at
    title = clean(incident.title or "", _LONGEST_TITLE) or "an incident without a title"
    name = clean(incident.id, LONGEST_ID) or "unknown"
    return Anomaly(
        source=SOURCE,
        fingerprint=name,
        name=clean(title, _LONGEST_NAME),
        service=_summary(incident.service) or SOURCE,
        status=AlertStatus.RESOLVED if resolved else AlertStatus.FIRING,
        title=title,
        starts_at=min(_plausible(began) or now, now),
        seen_at=now,
        ends_at=_plausible(seen.at) if resolved else None,
        severity_label=severity_of_label(incident.urgency),
        labels=_labels(incident, name),
        link=web_link(incident.html_url or "", _LONGEST_LINK),
    )


def _labels(incident: Incident, name: str) -> dict[str, str]:
    """With a rule's name that no source of alerts knows, so that none of them says that it does not fire."""
    said = {
        "alertname": f"pagerduty:{name}",
        "pagerduty_service": _summary(incident.service),
        "escalation_policy": _summary(incident.escalation_policy),
        "urgency": clean(incident.urgency or "", _LONGEST_VALUE),
        "number": "" if incident.number is None else str(incident.number)[:20],
    }
    return safe_labels({k: v for k, v in said.items() if v}, _MOST_LABELS, _LONGEST_LABEL, _LONGEST_VALUE)


def _summary(reference: Reference | None) -> str:
    return clean((reference.summary or reference.name or "") if reference else "", _LONGEST_NAME)


def _plausible(at: datetime | None) -> datetime | None:
    if at is None or not _FIRST_YEAR <= at.year <= _LAST_YEAR:
        return None
    return at.astimezone(UTC)
