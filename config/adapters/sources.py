"""Where metrics, logs, traces and the state of databases are read, by the settings."""

from pydantic import SecretStr

from config.services import own_queries
from config.settings import Settings
from config.sources import LogsFrom, MetricsFrom, TracesFrom, logs_from, metrics_from, traces_from
from domain.services import ServiceMap
from integrations.access import Access
from integrations.alertmanager import AlertmanagerSilences
from integrations.datadog import DatadogLogs, DatadogMetrics, DatadogPlace
from integrations.elasticsearch import ElasticsearchLogs
from integrations.jaeger import JaegerTraces
from integrations.login import Login
from integrations.loki import LokiLabels, LokiLogs
from integrations.ports import DatabaseSource, LogSource, MetricSource, TraceSource
from integrations.postgres.sessions import PostgresSessions
from integrations.prometheus import PrometheusMetrics
from integrations.tempo import TempoTraces


def metrics(settings: Settings, services: ServiceMap) -> MetricSource | None:
    """The source of metrics that the settings choose, None without any. Datadog is asked by the services' queries."""
    chosen = metrics_from(settings)
    if chosen is MetricsFrom.DATADOG and (place := _datadog(settings)) is not None:
        return DatadogMetrics(place, own_queries(services))
    if chosen is MetricsFrom.PROMETHEUS and settings.prometheus_url is not None:
        return PrometheusMetrics(settings.prometheus_url, login=_login(settings.prometheus_login))
    return None


def logs(settings: Settings) -> LogSource | None:
    """The source of logs that the settings choose, None without any."""
    chosen = logs_from(settings)
    if chosen is LogsFrom.LOKI and settings.loki_url is not None:
        labels = LokiLabels(
            service=settings.loki_service_label, level=settings.loki_level_label, message=settings.loki_message_field
        )
        access = Access(_login(settings.loki_login), settings.loki_token, settings.loki_tenant)
        return LokiLogs(settings.loki_url, labels=labels, access=access)
    if chosen is LogsFrom.DATADOG and (place := _datadog(settings)) is not None:
        return DatadogLogs(place)
    if chosen is LogsFrom.ELASTICSEARCH and settings.elasticsearch_url is not None:
        index, login = settings.elasticsearch_index, _login(settings.elasticsearch_login)
        return ElasticsearchLogs(settings.elasticsearch_url, index, login=login)
    return None


def traces(settings: Settings) -> TraceSource | None:
    """The source of traces that the settings choose, None without any."""
    chosen = traces_from(settings)
    if chosen is TracesFrom.TEMPO and settings.tempo_url is not None:
        access = Access(_login(settings.tempo_login), settings.tempo_token, settings.tempo_tenant)
        return TempoTraces(settings.tempo_url, access=access)
    if chosen is TracesFrom.JAEGER and settings.jaeger_url is not None:
        return JaegerTraces(settings.jaeger_url, login=_login(settings.jaeger_login))
    return None


def silences(settings: Settings) -> AlertmanagerSilences | None:
    """Alertmanager as the place of silences, None without ALERTMANAGER_URL."""
    return AlertmanagerSilences(settings.alertmanager_url) if settings.alertmanager_url is not None else None


def databases(settings: Settings) -> DatabaseSource | None:
    """The databases under care, None without any NIGHTSHIFT_CONNECTION_<NAME>."""
    return PostgresSessions(settings.connections) if settings.connections else None


def _datadog(settings: Settings) -> DatadogPlace | None:
    key, app_key = settings.datadog_api_key, settings.datadog_app_key
    if key is None or app_key is None:
        return None
    return DatadogPlace(key, app_key, settings.datadog_site, settings.datadog_url)


def _login(setting: SecretStr | None) -> Login | None:
    """User and password of a setting of the form user:password; a password may hold colons."""
    if setting is None:
        return None
    user, _, password = setting.get_secret_value().partition(":")
    return Login(user, SecretStr(password))
