"""What a shop service counts. The labels `service`, `instance` and `job` are added by the scrape."""

from collections.abc import Iterable

from prometheus_client import CollectorRegistry, Counter, Histogram, Info, ProcessCollector, disable_created_metrics

# Upper bounds in seconds. Requests of the shop take a few milliseconds; a hanging query takes seconds.
LATENCY_BUCKETS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.5, 1.0, 2.5, 5.0)


class RequestMetrics:
    """Requests by route and status code, their duration by route, and the process's own figures."""

    def __init__(self) -> None:
        disable_created_metrics()
        self.registry = CollectorRegistry()
        ProcessCollector(registry=self.registry)
        self._requests = Counter("http_requests", "Requests answered.", ["route", "code"], registry=self.registry)
        # Beside those answered: who is overloaded answers no more than ever.
        self.received = Counter("http_requests_received", "Requests that came in.", registry=self.registry)
        self._seconds = Histogram(
            "http_request_duration_seconds",
            "Seconds from request to response.",
            ["route"],
            buckets=LATENCY_BUCKETS,
            registry=self.registry,
        )

    def runs(self, version: str, settings: str) -> None:
        """Say which release runs, and with which settings: a digest of them, as some are secret."""
        Info("service_build", "The release that runs.", registry=self.registry).info({"version": version})
        Info("service_settings", "What it was told at start.", registry=self.registry).info({"digest": settings})

    def declare(self, route: str, codes: Iterable[int]) -> None:
        """Show the series of a route at zero from the start, so that its first error is already an increase."""
        self._seconds.labels(route=route)
        for code in codes:
            self._requests.labels(route=route, code=str(code))

    def record(self, route: str, code: int, seconds: float) -> None:
        """Count one answered request."""
        self._requests.labels(route=route, code=str(code)).inc()
        self._seconds.labels(route=route).observe(seconds)
