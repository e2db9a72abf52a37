"""What a worker counts, for whoever watches Nightshift itself: the SDK's own metrics, by Prometheus' format."""

from temporalio.runtime import PrometheusConfig, Runtime, TelemetryConfig


def runtime(metrics_at: str | None) -> Runtime | None:
    """A runtime that serves metrics at this host:port; None, which means the default one, where nobody asked.

    Raises ValueError when the address is taken or not ours.
    """
    if metrics_at is None:
        return None
    return Runtime(telemetry=TelemetryConfig(metrics=PrometheusConfig(bind_address=metrics_at)))
