"""Elasticsearch as a source of logs."""

from integrations.elasticsearch.logs import ElasticsearchLogs
from integrations.log_fields import LogFields

__all__ = ["ElasticsearchLogs", "LogFields"]
