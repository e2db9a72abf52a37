"""Many alerts at once: is every one accounted for, in how many incidents, and how long until people can read it?"""

import asyncio
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import httpx
from temporalio.client import Client

from domain.view import IncidentView
from evals.bench.deliveries import storm
from evals.chaos.people import handle_of, view_of
from evals.chaos.sender import ACCEPTED, NotStoredError

_AT_ONCE = 20
"""Deliveries under way at the same time: an Alertmanager notifies its groups side by side."""
_ANSWER_WITHIN_S = 60.0
_LOOKS_EVERY_S = 1.0
_ASKED_AT_ONCE = 10


@dataclass(frozen=True)
class Load:
    """So many alerts for so many services, which are called by the name and a number."""

    alerts: int
    services: int
    name: str


ALONE = Load(1, 1, "alone")
"""The baseline: one alert on a machine that has nothing else to do."""


@dataclass(frozen=True)
class Seen:
    """What became of a load. Seconds count from the first delivery; None: not within the time that was given.

    `accepted_s`: all deliveries are answered, so that all is stored. `accounted_s`: the incidents have counted every
    alert. `told_s`: each has been looked at, and says what it knows. `slowest_answer_s`: of one delivery.
    """

    load: Load
    incidents: int
    counted: int
    accepted_s: float
    slowest_answer_s: float
    accounted_s: float | None
    told_s: float | None

    @property
    def complete(self) -> bool:
        return self.counted == self.load.alerts and self.told_s is not None and self.incidents <= self.load.services


async def weather(client: Client, address: str, token: str, load: Load, patience_s: float) -> Seen:
    """Send it all, and watch until every alert is counted and every incident has been looked at.

    Raises NotStoredError when the webhook does not take a delivery.
    """
    began, now = time.monotonic(), datetime.now(UTC).isoformat()
    keys, slowest = await _send(address, token, list(storm(load.alerts, load.services, now, load.name)))
    accepted = time.monotonic() - began
    counting = _Counting(client, sorted(keys))
    accounted = await _until(lambda views: sum(v.alerts for v in views) >= load.alerts, counting, began, patience_s)
    told = await _until(lambda views: all(v.diagnosis is not None for v in views), counting, began, patience_s)
    views = await counting.views()
    return Seen(load, len(keys), sum(v.alerts for v in views), accepted, slowest, accounted, told)


async def _send(address: str, token: str, deliveries: Sequence[dict[str, Any]]) -> tuple[set[str], float]:
    """The incidents that the answers name, and the seconds of the slowest answer."""
    turns = asyncio.Semaphore(_AT_ONCE)
    headers = {"Authorization": f"Bearer {token}"}
    async with httpx.AsyncClient(timeout=_ANSWER_WITHIN_S, trust_env=False, headers=headers) as http:

        async def post(body: dict[str, Any]) -> tuple[set[str], float]:
            async with turns:
                began = time.monotonic()
                answer = await http.post(f"{address}/webhooks/prometheus", json=body)
                if answer.status_code != ACCEPTED:
                    raise NotStoredError(f"{answer.status_code}: {answer.text[:200]}")
                return set(answer.json()["incidents"]), time.monotonic() - began

        answers = await asyncio.gather(*(post(body) for body in deliveries))
    return {key for keys, _ in answers for key in keys}, max(took for _, took in answers)


@dataclass
class _Counting:
    """The views of all incidents; a few are asked at once, so that looking is not the load."""

    client: Client
    keys: Sequence[str]

    async def views(self) -> list[IncidentView]:
        turns = asyncio.Semaphore(_ASKED_AT_ONCE)

        async def ask(key: str) -> IncidentView | None:
            async with turns:
                return await view_of(handle_of(self.client, key))

        found = await asyncio.gather(*(ask(key) for key in self.keys))
        return [view for view in found if view is not None]


async def _until(
    holds: Callable[[Sequence[IncidentView]], bool], counting: _Counting, began: float, patience_s: float
) -> float | None:
    """Seconds from the beginning until it held; None when it did not in time, or not all incidents answered."""
    while time.monotonic() - began < patience_s:
        views = await counting.views()
        if len(views) == len(counting.keys) and holds(views):
            return time.monotonic() - began
        await asyncio.sleep(_LOOKS_EVERY_S)
    return None
