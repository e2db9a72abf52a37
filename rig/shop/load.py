"""Steady, seeded load on the gateway, and the judge of the demo: what share of requests fails, and since when."""

import asyncio
import random
import sys
import threading
import time
from dataclasses import dataclass
from typing import Any

import httpx

from rig.servers.plain import PLAIN
from rig.shop.database import CUSTOMERS, PRODUCTS

REQUESTS_PER_SECOND = 12.0
# Share of all requests by kind. Six in ten need the database.
SHARES = {"browse": 0.4, "list": 0.42, "create": 0.18}
_REQUEST_SECONDS = 6.0
_SUCCESS = range(200, 300)


@dataclass(frozen=True)
class Outcome:
    """One request. Times are seconds since the epoch."""

    kind: str
    sent_at: float
    done_at: float
    ok: bool
    detail: str


@dataclass(frozen=True)
class LoadSnapshot:
    """Totals since the start, and the share of failures of the last seconds (None: no request ended)."""

    sent: int
    ok: int
    failed: int
    recent_error_rate: float | None
    first_failure_at: float | None
    last_failure: str | None


class Load:
    """Sends requests at a fixed rate from a thread of its own until it is stopped.

    A request fails if its status is not 2xx, if it cannot be sent, or if there is no answer in 6 s. The rate
    does not slow down when answers do: customers do not wait for each other.
    """

    def __init__(self, gateway_url: str, seed: int = 1, requests_per_second: float = REQUESTS_PER_SECOND) -> None:
        self._url = gateway_url
        self._random = random.Random(seed)  # noqa: S311 -- load, not secrets
        self._interval = 1.0 / requests_per_second
        self._outcomes: list[Outcome] = []
        self._sent = 0
        self._lock = threading.Lock()
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self.run, name="shop-load", daemon=True)

    def start(self) -> None:
        """Begin to send."""
        self._thread.start()

    def stop(self) -> None:
        """Send no more and wait for the answers under way."""
        self._stopping.set()
        self._thread.join(timeout=2 * _REQUEST_SECONDS)

    def error_rate(self, seconds: float) -> float:
        """The share of failures (0 to 1) among the requests that ended in the last `seconds`.

        Raises ValueError when none ended: no traffic says nothing about health.
        """
        since = time.time() - seconds
        recent = [outcome for outcome in self._ended() if outcome.done_at >= since]
        if not recent:
            raise ValueError(f"no request ended in the last {seconds:g} s")
        return sum(not outcome.ok for outcome in recent) / len(recent)

    def first_failure_after(self, moment: float) -> float | None:
        """When the first failing request sent at or after `moment` was sent, in seconds since the epoch."""
        failed = (outcome.sent_at for outcome in self._ended() if not outcome.ok and outcome.sent_at >= moment)
        return min(failed, default=None)

    def per_second(self) -> dict[int, tuple[int, int]]:
        """How many requests went well and how many failed, by the second (since the epoch) they ended in."""
        counts: dict[int, tuple[int, int]] = {}
        for outcome in self._ended():
            good, bad = counts.get(int(outcome.done_at), (0, 0))
            counts[int(outcome.done_at)] = (good + outcome.ok, bad + (not outcome.ok))
        return counts

    def snapshot(self, seconds: float = 5.0) -> LoadSnapshot:
        """Totals so far; `seconds` is the window of the recent error rate."""
        ended = self._ended()
        since = time.time() - seconds
        failed = [outcome for outcome in ended if not outcome.ok]
        recent = [outcome.ok for outcome in ended if outcome.done_at >= since]
        return LoadSnapshot(
            sent=self._sent,
            ok=len(ended) - len(failed),
            failed=len(failed),
            recent_error_rate=recent.count(False) / len(recent) if recent else None,
            first_failure_at=min((outcome.sent_at for outcome in failed), default=None),
            last_failure=failed[-1].detail if failed else None,
        )

    def _ended(self) -> list[Outcome]:
        with self._lock:
            return list(self._outcomes)

    def run(self) -> None:
        """Send until `stop` is called, in this thread."""
        asyncio.run(self._send_until_stopped())

    async def _send_until_stopped(self) -> None:
        async with (
            httpx.AsyncClient(base_url=self._url, timeout=_REQUEST_SECONDS, trust_env=False, verify=PLAIN) as client,
            asyncio.TaskGroup() as under_way,
        ):
            due = time.monotonic()
            while not self._stopping.is_set():
                under_way.create_task(self._send(client, *self._next_request()))
                due += self._interval
                await asyncio.sleep(max(0.0, due - time.monotonic()))

    def _next_request(self) -> tuple[str, str, str, dict[str, Any]]:
        kind = self._random.choices(list(SHARES), weights=list(SHARES.values()))[0]
        customer = self._random.randint(1, CUSTOMERS)
        if kind == "browse":
            return kind, "GET", "/catalogue", {}
        if kind == "list":
            return kind, "GET", "/orders", {"params": {"customer": customer}}
        basket = {
            "customer_id": customer,
            "product_id": self._random.randint(1, PRODUCTS),
            "quantity": self._random.randint(1, 3),
        }
        return kind, "POST", "/orders", {"json": basket}

    async def _send(
        self, client: httpx.AsyncClient, kind: str, method: str, path: str, arguments: dict[str, Any]
    ) -> None:
        self._sent += 1
        sent_at = time.time()
        try:
            response = await client.request(method, path, **arguments)
            ok, detail = response.status_code in _SUCCESS, f"{method} {path}: {response.status_code}"
        except httpx.HTTPError as error:
            ok, detail = False, f"{method} {path}: {type(error).__name__} {error}"
        with self._lock:
            self._outcomes.append(Outcome(kind, sent_at, time.time(), ok, detail))


def main() -> None:
    """`python -m rig.shop.load URL REQUESTS_PER_SECOND`: until it is killed."""
    url, rate = sys.argv[1:]
    Load(url, seed=2, requests_per_second=float(rate)).run()


if __name__ == "__main__":
    main()
