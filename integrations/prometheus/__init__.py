"""Prometheus as a source of metrics."""

from integrations.prometheus.metrics import PrometheusMetrics

__all__ = ["PrometheusMetrics"]
