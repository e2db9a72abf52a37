"""What the starter counts about itself, for Prometheus. Few labels, and no incident ids among them."""

import time
from collections.abc import Generator
from contextlib import contextmanager

from prometheus_client import CollectorRegistry, Counter, Histogram, ProcessCollector

_BUCKETS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)


class StarterMetrics:
    """Deliveries by sender and outcome (accepted, ignored, refused, too_large, unavailable), and how long each took.

    A delivery that is accepted may hold alerts that are not: these are counted by themselves.
    """

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        ProcessCollector(registry=self.registry)
        self._deliveries = Counter(
            "nightshift_webhook_deliveries", "Webhook deliveries.", ["sender", "outcome"], registry=self.registry
        )
        self._anomalies = Counter(
            "nightshift_webhook_anomalies", "Anomalies taken in.", ["sender"], registry=self.registry
        )
        self._refused = Counter(
            "nightshift_webhook_alerts_refused", "Alerts that were not understood.", ["sender"], registry=self.registry
        )
        self._muted = Counter(
            "nightshift_webhook_muted",
            "Deliveries with something that is muted.",
            ["sender"],
            registry=self.registry,
        )
        self._unasked = Counter(
            "nightshift_muting_unasked", "Times that nothing was muted, as the windows were not known.", ["asked"],
            registry=self.registry,
        )  # fmt: skip
        self._seconds = Histogram(
            "nightshift_webhook_seconds",
            "Seconds from a delivery to its answer.",
            ["sender"],
            buckets=_BUCKETS,
            registry=self.registry,
        )

    def declare(self, sender: str) -> None:
        """Show all series of a sender at zero from the start, so that the first delivery is already an increase."""
        for outcome in ("accepted", "ignored", "refused", "too_large", "unavailable"):
            self._deliveries.labels(sender, outcome)
        self._anomalies.labels(sender)
        self._refused.labels(sender)
        self._muted.labels(sender)
        self._seconds.labels(sender)

    def delivered(self, sender: str, outcome: str, anomalies: int = 0) -> None:
        self._deliveries.labels(sender, outcome).inc()
        self._anomalies.labels(sender).inc(anomalies)

    def refused(self, sender: str, alerts: int) -> None:
        self._refused.labels(sender).inc(alerts)

    def muted(self, sender: str) -> None:
        self._muted.labels(sender).inc()

    def unasked(self, asked: str) -> None:
        self._unasked.labels(asked).inc()

    @contextmanager
    def timed(self, sender: str) -> Generator[None]:
        started = time.perf_counter()
        try:
            yield
        finally:
            self._seconds.labels(sender).observe(time.perf_counter() - started)
