"""Readiness: a real HTTP request, now and then, and what its answers add up to."""

from dataclasses import dataclass
from typing import Self

import httpx

from rig.kubelet.addresses import port_name
from rig.servers.kube_api import Json
from rig.servers.plain import PLAIN
from rig.servers.ports import LOOPBACK

_GOOD = range(200, 400)


@dataclass(frozen=True)
class Probe:
    """An HTTP probe with Kubernetes' own defaults; times in seconds."""

    url: str
    delay: float
    period: float
    timeout: float
    failures: int
    successes: int

    @classmethod
    def of(cls, container: Json, ports: dict[str, int]) -> Self | None:
        """The container's readiness probe, None where it has none. KeyError for a port that it does not declare."""
        spec = container.get("readinessProbe")
        if not spec:
            return None
        action = spec["httpGet"]
        by_number = {str(one["containerPort"]): ports[port_name(one)] for one in container.get("ports", [])}
        port = {**ports, **by_number}[str(action["port"])]
        return cls(
            url=f"http://{LOOPBACK}:{port}{action.get('path', '/')}",
            delay=spec.get("initialDelaySeconds", 0),
            period=spec.get("periodSeconds", 10),
            timeout=spec.get("timeoutSeconds", 1),
            failures=spec.get("failureThreshold", 3),
            successes=spec.get("successThreshold", 1),
        )

    def ask(self) -> str | None:
        """None when the answer is good, else what was wrong with it."""
        try:
            status = httpx.get(self.url, timeout=self.timeout, trust_env=False, verify=PLAIN).status_code
        except httpx.TransportError as error:
            return f"{type(error).__name__}: {error}"
        return None if status in _GOOD else f"HTTP probe failed with statuscode: {status}"


class Readiness:
    """Whether one run of a container is ready. Without a probe it is, as soon as it runs."""

    def __init__(self, probe: Probe | None, now: float) -> None:
        """`now` is when the run began, in seconds of a monotonic clock."""
        self._probe = probe
        self._due = now + (probe.delay if probe else 0)
        self._streak = 0
        """Good answers in a row, or bad ones below zero."""
        self.ready = probe is None

    def look(self, now: float) -> str | None:
        """Ask if it is time to; what went wrong when this very answer made it unready, or kept it so."""
        if self._probe is None or now < self._due:
            return None
        self._due = now + self._probe.period
        trouble = self._probe.ask()
        if trouble is None:
            self._streak = max(self._streak, 0) + 1
            self.ready = self.ready or self._streak >= self._probe.successes
            return None
        self._streak = min(self._streak, 0) - 1
        if -self._streak >= self._probe.failures:
            self.ready = False
        return trouble
