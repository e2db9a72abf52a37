"""Webhooks v3: one event for each delivery, signed, sent by a thread of its own, and repeated like the vendor does."""

import hashlib
import hmac
import json
import queue
import threading
import time
import uuid
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import httpx

from rig.servers.pagerduty.account import SERVICE, USERS, Incident

SECRET = "rig-webhook-secret-of-the-tests"  # noqa: S105 - of this machine's own server
_TIMEOUT_S = 5.0
_TRIES = 8
_PAUSE_S = 0.25
_PROBLEMS_WORTH_A_RETRY = 500


def sign(body: bytes, *secrets: str) -> str:
    """The header X-PagerDuty-Signature: one for each secret, with commas between."""
    codes = (hmac.new(secret.encode(), body, hashlib.sha256).hexdigest() for secret in secrets)
    return ",".join(f"v1={code}" for code in codes)


@dataclass(frozen=True)
class Delivered:
    """One delivery that was answered: what it was about, and the status and text of the answer."""

    event_type: str
    incident: str
    status: int
    answer: str


class Webhooks:
    """A subscription's deliveries, one after the other. Without a `url` there is no subscription."""

    def __init__(self) -> None:
        self.url: str | None = None
        self.secrets: tuple[str, ...] = (SECRET,)
        self.delivered: list[Delivered] = []
        self._waiting: queue.Queue[tuple[str, dict[str, Any]] | None] = queue.Queue()
        self._thread: threading.Thread | None = None
        self._stopped = threading.Event()

    def start(self) -> None:
        self._stopped.clear()
        self._thread = threading.Thread(target=self._work, name="pagerduty-webhooks", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        self._stopped.set()
        self._waiting.put(None)
        if self._thread is not None:
            self._thread.join(_TIMEOUT_S + 1)

    def tell(self, event_type: str, incident: Incident, user: str | None) -> None:
        """Queue an event, as the incident stands now."""
        if self.url is not None:
            self._waiting.put((self.url, event_of(event_type, incident, user)))

    def _work(self) -> None:
        with httpx.Client(timeout=_TIMEOUT_S, trust_env=False) as http:
            while (job := self._waiting.get()) is not None and not self._stopped.is_set():
                self._deliver(http, *job)

    def _deliver(self, http: httpx.Client, url: str, event: dict[str, Any]) -> None:
        body = json.dumps({"event": event}, ensure_ascii=False).encode()
        headers = {"content-type": "application/json", "x-pagerduty-signature": sign(body, *self.secrets)}
        for _ in range(_TRIES):
            try:
                answer = http.post(url, content=body, headers=headers)
            except httpx.TransportError as error:
                self._keep(event, 0, str(error))
            else:
                self._keep(event, answer.status_code, answer.text)
                if answer.status_code < _PROBLEMS_WORTH_A_RETRY:
                    return
            if self._stopped.wait(_PAUSE_S):
                return

    def _keep(self, event: dict[str, Any], status: int, answer: str) -> None:
        self.delivered.append(Delivered(event["event_type"], event["data"]["id"], status, answer))

    def wait_for(self, event_type: str, within: float) -> Delivered:
        """The last delivery of that type that was taken; TimeoutError when there is none in time (seconds)."""
        give_up = time.monotonic() + within
        while time.monotonic() < give_up:
            found = [d for d in self.delivered if d.event_type == event_type and 0 < d.status < _PROBLEMS_WORTH_A_RETRY]
            if found:
                return found[-1]
            time.sleep(0.05)
        raise TimeoutError(f"no delivery of {event_type} was taken in {within:g} s: {self.delivered}")


def event_of(event_type: str, incident: Incident, user: str | None) -> dict[str, Any]:
    """An event as the vendor writes it."""
    return {
        "id": str(uuid.uuid4()),
        "event_type": event_type,
        "resource_type": "incident",
        "occurred_at": datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z"),
        "agent": _reference("user", user, USERS[user][0]) if user else None,
        "client": None,
        "data": {
            "id": incident.id,
            "type": "incident",
            "self": f"https://api.example.com/incidents/{incident.id}",
            "html_url": f"https://example.com/incidents/{incident.id}",
            "number": incident.number,
            "status": incident.status,
            "incident_key": incident.key,
            "created_at": incident.created_at.isoformat(timespec="seconds").replace("+00:00", "Z"),
            "title": incident.title,
            "service": _reference("service", SERVICE, "orders"),
            "assignees": [],
            "escalation_policy": _reference("escalation_policy", incident.policy, f"Policy {incident.policy}"),
            "teams": [],
            "priority": None,
            "urgency": incident.urgency,
            "conference_bridge": None,
            "resolve_reason": None,
        },
    }


def _reference(kind: str, name: str, summary: str) -> dict[str, str]:
    return {
        "id": name, "type": f"{kind}_reference", "summary": summary,
        "self": f"https://api.example.com/{kind}s/{name}", "html_url": f"https://example.com/{kind}s/{name}",
    }  # fmt: skip
