"""One account: its users, service and policies, its incidents, and the rules by which the vendor refuses."""

import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import count
from typing import Any

KEY = "u+RigTokenOfTheTests1"
SENDER = "nightshift@example.com"
BOT, MIA = "PBOT001", "PMIA001"
USERS: Mapping[str, tuple[str, str]] = {BOT: ("Nightshift", SENDER), MIA: ("Mia Maier", "mia@example.com")}
SERVICE = "PSVC001"
POLICIES: Mapping[int, str] = {1: "PTIER01", 2: "PTIER02", 3: "PTIER03"}
DEFAULT_POLICY = "PDEFLT1"
ROUTING_KEYS: Mapping[int, str] = {1: "1" * 32, 2: "2" * 32, 3: "3" * 32}
LONGEST_TITLE, LONGEST_NOTE, LONGEST_KEY = 1024, 25_000, 255


class ApiError(Exception):
    """An answer that is no success, as the vendor words it: {"error": {"message", "code", "errors"}}."""

    def __init__(self, status: int, code: int, message: str, *errors: str) -> None:
        super().__init__(message)
        self.status = status
        self.body: dict[str, Any] = {"error": {"message": message, "code": code, "errors": list(errors)}}


@dataclass
class Incident:
    """One incident of theirs. `alerts` are dedup keys, for what came by Events v2; `log` what happened, in order."""

    id: str
    number: int
    title: str
    urgency: str
    policy: str
    key: str | None
    details: str = ""
    status: str = "triggered"
    notes: list[tuple[str, str]] = field(default_factory=list[tuple[str, str]])
    alerts: list[str] = field(default_factory=list[str])
    log: list[str] = field(default_factory=list[str])
    created_at: datetime = field(default_factory=lambda: datetime.now(UTC))

    @property
    def open(self) -> bool:
        return self.status != "resolved"


@dataclass(frozen=True)
class Page:
    """Somebody was called: by which policy, how urgently, and what the phone showed."""

    incident: str
    policy: str
    urgency: str
    title: str


Told = Callable[[str, Incident, str | None], None]
"""Event type, incident, and the id of the user who did it; None: their own automation, or an integration."""


class Account:
    """What the account holds. Methods raise ApiError. `longest_body` is the most that details may have, `unlisted` how
    many lists still miss what is new.
    """

    def __init__(self, told: Told) -> None:
        self.lock = threading.RLock()
        self.incidents: dict[str, Incident] = {}
        self.pages: list[Page] = []
        self.events: list[dict[str, Any]] = []
        self.longest_body = 100_000
        self.unlisted = 0
        self._told = told
        self._numbers = count(1)

    # -- REST ---------------------------------------------------------------------------------------------------------

    def create(self, wanted: Mapping[str, Any], user: str) -> Incident:
        """POST /incidents."""
        if wanted.get("type") != "incident":
            raise _invalid("Incident type must be 'incident'")
        title = _text(wanted, "title", LONGEST_TITLE)
        if _reference(wanted.get("service"), "service") != SERVICE:
            raise ApiError(404, 2100, "Not Found", "Service not found")
        policy = DEFAULT_POLICY
        if "escalation_policy" in wanted:
            policy = _known_policy(wanted["escalation_policy"])
        key = wanted.get("incident_key")
        if key is not None and (not isinstance(key, str) or not 0 < len(key) <= LONGEST_KEY):
            raise _invalid("Incident key is invalid")
        details = self._details(wanted.get("body"))
        with self.lock:
            if key is not None and self.open_by_key(key) is not None:
                said = "Open incident with matching dedup key already exists on this service"
                raise ApiError(400, 2002, "Arguments Caused Error", said)
            made = self._open(title, _urgency(wanted.get("urgency", "high")), policy, key)
            made.details = details
        self._told("incident.triggered", made, user)
        return made

    def change(self, incident: Incident, wanted: Mapping[str, Any], user: str) -> None:
        """PUT /incidents/{id}."""
        if wanted.get("type") not in {"incident", "incident_reference"}:
            raise _invalid("Incident type must be 'incident' or 'incident_reference'")
        with self.lock:
            if not incident.open:
                raise ApiError(400, 1001, "Incident Already Resolved")
            if "title" in wanted:
                incident.title = _text(wanted, "title", LONGEST_TITLE)
            if "urgency" in wanted:
                incident.urgency = _urgency(wanted["urgency"])
            if "escalation_policy" in wanted:
                self._hand_to(incident, _known_policy(wanted["escalation_policy"]), user)
            if "status" in wanted:
                self.set_status(incident, wanted["status"], user, wanted.get("resolution"))

    def set_status(self, incident: Incident, status: object, user: str | None, resolution: str | None = None) -> None:
        """Acknowledged or resolved; `resolution` becomes the last note."""
        if status not in {"acknowledged", "resolved"}:
            raise ApiError(400, 1003, "Invalid Status Provided")
        with self.lock:
            if not incident.open:
                raise ApiError(400, 1001, "Incident Already Resolved")
            if resolution is not None and status == "resolved":
                self.add_note(incident, resolution, user or BOT)
            incident.status = str(status)
            incident.log.append(str(status))
        self._told(f"incident.{status}", incident, user)

    def add_note(self, incident: Incident, content: object, user: str) -> str:
        """POST /incidents/{id}/notes."""
        if not isinstance(content, str) or not content.strip() or len(content) > LONGEST_NOTE:
            raise _invalid("Content is invalid")
        with self.lock:
            incident.notes.append((user, content))
            incident.log.append("note")
        self._told("incident.annotated", incident, user)
        return f"PNOTE{len(incident.notes)}"

    def get(self, incident: str) -> Incident:
        if incident not in self.incidents:
            raise ApiError(404, 2100, "Not Found", "Incident Not Found")
        return self.incidents[incident]

    def open_by_key(self, key: str) -> Incident | None:
        return next((one for one in self.incidents.values() if one.open and one.key == key), None)

    # -- Events v2 ----------------------------------------------------------------------------------------------------

    def take(self, event: Mapping[str, Any]) -> str:
        """POST /v2/enqueue: the dedup key. Acknowledge and resolve of what is not open by that key are dropped."""
        problems = list(_event_problems(event))
        if problems:
            raise EventError(problems)
        tier = next(tier for tier, key in ROUTING_KEYS.items() if key == event["routing_key"])
        dedup = event.get("dedup_key") or f"generated-{next(self._numbers)}"
        with self.lock:
            self.events.append({**event, "dedup_key": dedup})
            policy = POLICIES[tier]
            known = next(
                (i for i in self.incidents.values() if i.open and dedup in i.alerts and i.policy == policy), None
            )
            if event["event_action"] == "trigger" and known is None:
                payload = event["payload"]
                urgency = "high" if payload["severity"] in {"critical", "error"} else "low"
                known = self._open(payload["summary"], urgency, policy, dedup)
                known.alerts.append(dedup)
                self._told("incident.triggered", known, None)
            elif event["event_action"] != "trigger" and known is not None:
                status = {"acknowledge": "acknowledged", "resolve": "resolved"}[event["event_action"]]
                self.set_status(known, status, None)
        return dedup

    # -- within -------------------------------------------------------------------------------------------------------

    def _open(self, title: str, urgency: str, policy: str, key: str | None) -> Incident:
        number = next(self._numbers)
        made = Incident(id=f"Q{number:06}", number=number, title=title, urgency=urgency, policy=policy, key=key)
        self.incidents[made.id] = made
        self._call(made)
        return made

    def _hand_to(self, incident: Incident, policy: str, user: str) -> None:
        """To a policy's people: they are called, and it counts as triggered again."""
        incident.policy, incident.status = policy, "triggered"
        self._call(incident)
        self._told("incident.delegated", incident, user)

    def _call(self, incident: Incident) -> None:
        incident.log.append("called")
        self.pages.append(Page(incident.id, incident.policy, incident.urgency, incident.title))

    def _details(self, body: object) -> str:
        if body is None:
            return ""
        details = _mapping(body).get("details")
        if _mapping(body).get("type") != "incident_body" or not isinstance(details, str):
            raise _invalid("Body is invalid")
        if len(details) > self.longest_body:
            raise _invalid(f"Body details is too long (maximum is {self.longest_body} characters)")
        return details


class EventError(Exception):
    """400 of Events v2: {"status": "invalid event", "message": ..., "errors": [...]}."""

    def __init__(self, errors: Sequence[str]) -> None:
        super().__init__("; ".join(errors))
        self.body: dict[str, Any] = {
            "status": "invalid event", "message": "Event object is invalid", "errors": list(errors)
        }  # fmt: skip


def _event_problems(event: Mapping[str, Any]) -> Sequence[str]:
    found: list[str] = []
    if event.get("routing_key") not in ROUTING_KEYS.values():
        found.append("'routing_key' is invalid")
    if event.get("event_action") not in {"trigger", "acknowledge", "resolve"}:
        found.append("'event_action' is invalid")
    if len(str(event.get("dedup_key") or "")) > LONGEST_KEY:
        found.append("'dedup_key' is too long")
    if event.get("event_action") != "trigger":
        return found
    payload = _mapping(event.get("payload") or {})
    found += [f"'payload.{n}' is missing or blank" for n in ("summary", "source", "severity") if not payload.get(n)]
    if len(str(payload.get("summary", ""))) > LONGEST_TITLE:
        found.append("'payload.summary' is too long")
    if payload.get("severity") not in {"critical", "error", "warning", "info"}:
        found.append("'payload.severity' is invalid")
    if not all(_mapping(link).get("href") for link in event.get("links", ())):
        found.append("'links' is invalid")
    return found


def _text(wanted: Mapping[str, Any], name: str, longest: int) -> str:
    text = wanted.get(name)
    if not isinstance(text, str) or not text.strip():
        raise _invalid(f"{name.capitalize()} cannot be empty")
    if len(text) > longest:
        raise _invalid(f"{name.capitalize()} is too long (maximum is {longest} characters)")
    return text


def _reference(value: object, kind: str) -> str:
    found = _mapping(value or {})
    if found.get("type") not in {kind, f"{kind}_reference"} or not isinstance(found.get("id"), str):
        raise _invalid(f"{kind.replace('_', ' ').capitalize()} must be a reference")
    return found["id"]


def _known_policy(value: object) -> str:
    policy = _reference(value, "escalation_policy")
    if policy not in {*POLICIES.values(), DEFAULT_POLICY}:
        raise ApiError(400, 1014, "Escalation Policy Not Found")
    return policy


def _urgency(value: object) -> str:
    if value not in {"high", "low"}:
        raise _invalid("Urgency must be 'high' or 'low'")
    return str(value)


def _mapping(value: object) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise _invalid("Expected an object")
    return value  # pyright: ignore[reportUnknownVariableType] - JSON objects have text keys


def _invalid(said: str) -> ApiError:
    return ApiError(400, 2001, "Invalid Input Provided", said)
