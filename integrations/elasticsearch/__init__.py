"""Elasticsearch as a source of logs."""

from integrations.elasticsearch.fields import LogFields
from integrations.elasticsearch.logs import ElasticsearchLogs

__all__ = ["ElasticsearchLogs", "LogFields"]
