"""Loki as a source of logs."""

from integrations.loki.logs import LokiLogs
from integrations.loki.query import LokiLabels

__all__ = ["LokiLabels", "LokiLogs"]
