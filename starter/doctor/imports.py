"""Brings in, one by one, what adapters import when they are first asked: no check pays for another's import."""

from collections.abc import Iterator
from importlib import import_module

from config.adapters import kubernetes
from config.settings import Settings
from config.sources import LogsFrom, MetricsFrom, logs_from, metrics_from


def import_what_checks_need(settings: Settings) -> None:
    """Import the libraries behind everything that is configured; takes a second or two."""
    for name in _modules(settings):
        import_module(name)


def _modules(settings: Settings) -> Iterator[str]:
    if metrics_from(settings) is MetricsFrom.PROMETHEUS:
        yield "integrations.prometheus.api"
    if logs_from(settings) is LogsFrom.ELASTICSEARCH:
        yield "integrations.elasticsearch.api"
    if logs_from(settings) is LogsFrom.DATADOG or metrics_from(settings) is MetricsFrom.DATADOG:
        yield "integrations.datadog.api"
    if kubernetes.cluster(settings) is not None:
        yield "integrations.kubernetes.api"
    if settings.model is not None:
        yield from ("integrations.language_model", "openai.resources.chat.completions", "openai.resources.models")
    if settings.database_url is not None:
        yield from ("alembic.command", "alembic.script", "sqlalchemy.dialects.postgresql.psycopg")
