"""Datadog as a source of logs, and of those metrics that the services file asks for in Datadog's own language."""

from integrations.datadog.logs import DatadogLogs
from integrations.datadog.metrics import DatadogMetrics
from integrations.datadog.place import DatadogPlace

__all__ = ["DatadogLogs", "DatadogMetrics", "DatadogPlace"]
