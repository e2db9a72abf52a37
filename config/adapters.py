"""The adapters that the settings name, built in one place for workers, starter and doctor alike.

Nothing connects here: an adapter opens its connection when it is first asked.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

from pydantic import SecretStr

from config.errors import ConfigError
from config.settings import Settings
from domain.services import ServiceMap
from integrations.elasticsearch import ElasticsearchLogs
from integrations.email import EmailChannel
from integrations.embeddings import HashingEmbedder
from integrations.jaeger import JaegerTraces
from integrations.login import Login
from integrations.ports import Channel, DatabaseSource, LogSource, MetricSource, Remediator, TraceSource
from integrations.postgres.kill_connections import KillConnections
from integrations.postgres.sessions import PostgresSessions
from integrations.prometheus import PrometheusMetrics
from integrations.store.audit import PostgresAudit
from integrations.store.evidence import PostgresEvidence
from integrations.store.guard import PostgresGuard
from integrations.store.incidents import PostgresIncidents
from integrations.store.memory import PostgresMemory
from integrations.store.pool import Pool
from integrations.store.postmortems import PostgresPostmortems


@dataclass(frozen=True)
class Store:
    """All that is kept in Nightshift's own Postgres, over one pool."""

    pool: Pool

    @cached_property
    def incidents(self) -> PostgresIncidents:
        return PostgresIncidents(self.pool)

    @cached_property
    def audit(self) -> PostgresAudit:
        return PostgresAudit(self.pool)

    @cached_property
    def guard(self) -> PostgresGuard:
        return PostgresGuard(self.pool)

    @cached_property
    def memory(self) -> PostgresMemory:
        return PostgresMemory(self.pool, HashingEmbedder())

    @cached_property
    def evidence(self) -> PostgresEvidence:
        return PostgresEvidence(self.pool)

    @cached_property
    def postmortems(self) -> PostgresPostmortems:
        return PostgresPostmortems(self.pool)


def store_address(settings: Settings) -> SecretStr:
    """Where the store is. Raises ConfigError when DATABASE_URL is not set."""
    if settings.database_url is None:
        raise ConfigError("DATABASE_URL: is not set; name the PostgreSQL database that Nightshift keeps its records in")
    return settings.database_url


def store(settings: Settings) -> Store:
    """The store. Raises ConfigError when DATABASE_URL is not set: without it there is no memory and no audit log."""
    return Store(Pool(store_address(settings)))


def metrics(settings: Settings) -> MetricSource | None:
    """Prometheus, None without PROMETHEUS_URL."""
    if settings.prometheus_url is None:
        return None
    return PrometheusMetrics(settings.prometheus_url, login=_login(settings.prometheus_login))


def logs(settings: Settings) -> LogSource | None:
    """Elasticsearch, None without ELASTICSEARCH_URL."""
    if settings.elasticsearch_url is None:
        return None
    return ElasticsearchLogs(
        settings.elasticsearch_url, settings.elasticsearch_index, login=_login(settings.elasticsearch_login)
    )


def traces(settings: Settings) -> TraceSource | None:
    """Jaeger, None without JAEGER_URL."""
    if settings.jaeger_url is None:
        return None
    return JaegerTraces(settings.jaeger_url, login=_login(settings.jaeger_login))


def _login(setting: SecretStr | None) -> Login | None:
    """User and password of a setting of the form user:password; a password may hold colons."""
    if setting is None:
        return None
    user, _, password = setting.get_secret_value().partition(":")
    return Login(user, SecretStr(password))


def databases(settings: Settings) -> DatabaseSource | None:
    """The databases under care, None without any NIGHTSHIFT_CONNECTION_<NAME>."""
    return PostgresSessions(settings.connections) if settings.connections else None


def remediators(settings: Settings, services: ServiceMap) -> Sequence[Remediator]:
    """What this process may do to the systems under care."""
    return (KillConnections(settings.connections, services),) if settings.connections else ()


def channels(settings: Settings) -> Sequence[Channel]:
    """The ways to reach people that are configured."""
    if settings.smtp_url is None:
        return ()
    return (EmailChannel(settings.smtp_url, settings.email_from, settings.email_to),)
