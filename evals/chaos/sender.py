"""The sender: delivers alerts as Alertmanager does, again and again until they are stored."""

import asyncio
import time
from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote

import httpx

from evals.chaos.evidence import Alert
from evals.chaos.patients import METRIC
from rig.servers.plain import PLAIN

_AGAIN_S = 1.0
_ANSWER_WITHIN_S = 8.0
_GIVE_UP_S = 240.0
ACCEPTED, IGNORED = 202, 200


class NotStoredError(RuntimeError):
    """The webhook did not take an alert within minutes, or refused it: the run proves nothing."""


class Sender:
    """Posts to any of the starters' addresses in turn. `accepted` is what it was told is stored."""

    def __init__(self, addresses: dict[str, str], token: str) -> None:
        self._addresses = addresses
        self._headers = {"Authorization": f"Bearer {token}"}
        self._began: dict[str, datetime] = {}
        self.accepted: dict[str, Alert] = {}
        self.repeated = 0
        """Deliveries that had to be sent again: the starter was away, or had to say 503."""

    def knows(self, service: str, began: datetime) -> None:
        """When the trouble of a service began: an alert says so each time that it is delivered."""
        self._began[service] = began

    async def deliver(
        self, door: str, service: str, *, measured: str | None = None, status: str = "firing", series: int = 1
    ) -> None:
        """One alert of a service, until the starter says that it is stored. Raises NotStoredError.

        `measured`: the service whose database the rule looks at, where it is not the alert's own.
        """
        fingerprint = f"{service}-{series}"
        began = self._began.get(measured or service, datetime.now(UTC)).isoformat()
        body = delivery(service, measured or service, fingerprint, began, status)
        give_up = time.monotonic() + _GIVE_UP_S
        async with httpx.AsyncClient(timeout=_ANSWER_WITHIN_S, trust_env=False, verify=PLAIN) as client:
            while (code := await self._post(client, door, body)) not in {ACCEPTED, IGNORED}:
                if code in range(400, 500) or time.monotonic() > give_up:
                    raise NotStoredError(f"alert {fingerprint}: the starter's last answer was {code}")
                self.repeated += 1
                await asyncio.sleep(_AGAIN_S)
        if code == ACCEPTED:
            self.accepted[fingerprint] = Alert(fingerprint, service)

    async def _post(self, client: httpx.AsyncClient, door: str, body: dict[str, Any]) -> int:
        """The status; 0 when there was no answer, which says nothing about what became of it."""
        try:
            url = f"{self._addresses[door]}/webhooks/prometheus"
            return (await client.post(url, json=body, headers=self._headers)).status_code
        except httpx.TransportError:
            return 0


def delivery(service: str, measured: str, fingerprint: str, began: str, status: str) -> dict[str, Any]:
    """What Alertmanager posts for one alert, version 4 of its webhook."""
    rule = f'max({METRIC}{{service="{measured}"}}) > 0.5'
    ended = datetime.now(UTC).isoformat() if status == "resolved" else "0001-01-01T00:00:00Z"
    alert = {
        "status": status,
        "labels": {"alertname": f"ConnectionsRefused{fingerprint[-1]}", "service": service, "severity": "high"},
        "annotations": {"summary": "connections are refused", "value": "1", "threshold": "0.5"},
        "startsAt": began,
        "endsAt": ended,
        "generatorURL": f"http://prometheus.invalid/graph?g0.expr={quote(rule)}&g0.tab=1",
        "fingerprint": fingerprint,
    }
    return {"version": "4", "status": status, "receiver": "nightshift", "alerts": [alert]}
