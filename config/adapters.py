"""The adapters that the settings name, built in one place for workers, starter and doctor alike.

Nothing connects here: an adapter opens its connection when it is first asked.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property

from pydantic import SecretStr

from config.errors import ConfigError
from config.services import own_queries
from config.settings import Settings
from config.sources import LogsFrom, MetricsFrom, TracesFrom, logs_from, metrics_from, traces_from
from domain.plan import Action
from domain.services import ServiceMap
from integrations.access import Access
from integrations.datadog import DatadogLogs, DatadogMetrics, DatadogPlace
from integrations.elasticsearch import ElasticsearchLogs
from integrations.email import EmailChannel
from integrations.embeddings import HashingEmbedder
from integrations.jaeger import JaegerTraces
from integrations.kubernetes import (
    Cluster,
    Identity,
    KubernetesChanges,
    KubernetesTargets,
    Patience,
    PutBack,
    Restart,
    never,
)  # fmt: skip
from integrations.kubernetes.connection import SERVICE_ACCOUNT
from integrations.login import Login
from integrations.loki import LokiLabels, LokiLogs
from integrations.pagerduty import PagerDutyEvents, PagerDutyIncidents
from integrations.ports import (
    ChangeSource,
    Channel,
    DatabaseSource,
    LanguageModel,
    LogSource,
    MetricSource,
    Remediator,
    TargetSource,
    TraceSource,
)  # fmt: skip
from integrations.postgres.kill_connections import KillConnections
from integrations.postgres.sessions import PostgresSessions
from integrations.postgres.standing import PostgresTargets
from integrations.prometheus import PrometheusMetrics
from integrations.slack import SlackChannel, SlackWebhook, SlackWhisperer
from integrations.store.audit import PostgresAudit
from integrations.store.evidence import PostgresEvidence
from integrations.store.feedback import PostgresFeedback
from integrations.store.filters import PostgresFilters
from integrations.store.forecasts import PostgresForecasts
from integrations.store.forests import PostgresForests
from integrations.store.guard import PostgresGuard
from integrations.store.incidents import PostgresIncidents
from integrations.store.memory import PostgresMemory
from integrations.store.model_calls import PostgresModelCalls
from integrations.store.pool import Pool
from integrations.store.postmortems import PostgresPostmortems
from integrations.store.series import PostgresSeries
from integrations.store.shards import PostgresShards
from integrations.store.thresholds import PostgresThresholds
from integrations.tempo import TempoTraces


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
    def feedback(self) -> PostgresFeedback:
        return PostgresFeedback(self.pool)

    @cached_property
    def filters(self) -> PostgresFilters:
        return PostgresFilters(self.pool)

    @cached_property
    def postmortems(self) -> PostgresPostmortems:
        return PostgresPostmortems(self.pool)

    @cached_property
    def model_calls(self) -> PostgresModelCalls:
        return PostgresModelCalls(self.pool)

    @cached_property
    def forecasts(self) -> PostgresForecasts:
        return PostgresForecasts(self.pool)

    @cached_property
    def thresholds(self) -> PostgresThresholds:
        return PostgresThresholds(self.pool)

    @cached_property
    def forests(self) -> PostgresForests:
        return PostgresForests(self.pool)

    @cached_property
    def shards(self) -> PostgresShards:
        return PostgresShards(self.pool)

    @cached_property
    def series(self) -> PostgresSeries:
        return PostgresSeries(self.pool)


def store_address(settings: Settings) -> SecretStr:
    """Where the store is. Raises ConfigError when DATABASE_URL is not set."""
    if settings.database_url is None:
        raise ConfigError("DATABASE_URL: is not set; name the PostgreSQL database that Nightshift keeps its records in")
    return settings.database_url


def store(settings: Settings) -> Store:
    """The store. Raises ConfigError when DATABASE_URL is not set: without it there is no memory and no audit log."""
    return Store(Pool(store_address(settings)))


def metrics(settings: Settings, services: ServiceMap) -> MetricSource | None:
    """The source of metrics that the settings choose, None without any. Datadog is asked by the services' queries."""
    chosen = metrics_from(settings)
    if chosen is MetricsFrom.DATADOG and (place := _datadog(settings)) is not None:
        return DatadogMetrics(place, own_queries(services))
    if chosen is MetricsFrom.PROMETHEUS and settings.prometheus_url is not None:
        return PrometheusMetrics(settings.prometheus_url, login=_login(settings.prometheus_login))
    return None


def _datadog(settings: Settings) -> DatadogPlace | None:
    key, app_key = settings.datadog_api_key, settings.datadog_app_key
    if key is None or app_key is None:
        return None
    return DatadogPlace(key, app_key, settings.datadog_site, settings.datadog_url)


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


def _login(setting: SecretStr | None) -> Login | None:
    """User and password of a setting of the form user:password; a password may hold colons."""
    if setting is None:
        return None
    user, _, password = setting.get_secret_value().partition(":")
    return Login(user, SecretStr(password))


def databases(settings: Settings) -> DatabaseSource | None:
    """The databases under care, None without any NIGHTSHIFT_CONNECTION_<NAME>."""
    return PostgresSessions(settings.connections) if settings.connections else None


def cluster(settings: Settings, *, remedy: bool = False) -> Cluster | None:
    """Kubernetes' API: by a kubeconfig, else as the pod that we run in; None where neither is.

    `remedy`: as whom it is acted on, where that is somebody else than who looks.
    """
    context = settings.kubernetes_context
    if remedy and settings.kubernetes_remedy_context is not None:
        context = settings.kubernetes_remedy_context
    if settings.kubeconfig is not None or context is not None:
        return Cluster(Identity(kubeconfig=settings.kubeconfig, context=context))
    if (SERVICE_ACCOUNT / "token").exists():
        return Cluster(Identity(in_cluster=True))
    return None


def changes(settings: Settings) -> ChangeSource | None:
    """Kubernetes as a source of changes, None without a cluster."""
    found = cluster(settings)
    return KubernetesChanges(found) if found is not None else None


def language_model(settings: Settings) -> LanguageModel | None:
    """The model, None without NIGHTSHIFT_MODEL. Raises ConfigError when it has neither a key nor another server."""
    if settings.model is None:
        return None
    if settings.openai_api_key is None and settings.openai_base_url is None:
        raise ConfigError("OPENAI_API_KEY: is not set; NIGHTSHIFT_MODEL needs it, or OPENAI_BASE_URL of another server")
    from integrations.language_model import ChatModel  # noqa: PLC0415 - slow to import, and for those who have a model

    return ChatModel(settings.openai_api_key, settings.openai_base_url)


def remediators(settings: Settings, services: ServiceMap, leaving: Callable[[], bool] = never) -> Sequence[Remediator]:
    """What this process may do to the systems under care. `leaving`: is it about to end?"""
    found: list[Remediator] = []
    if settings.connections:
        found.append(KillConnections(settings.connections, services))
    acted_on = cluster(settings, remedy=True)
    if acted_on is not None:
        patience = Patience(leaving=leaving)
        both = (Action.ROLLBACK_DEPLOYMENT, Action.ROLL_FORWARD)
        put_back = (PutBack(action, acted_on, services, patience) for action in both)
        found += [Restart(acted_on, services, patience), *put_back]
    return tuple(found)


def targets(settings: Settings, services: ServiceMap) -> Sequence[TargetSource]:
    """Looks at what plans would change, with the rights of who may only look."""
    found: list[TargetSource] = []
    if settings.connections:
        found.append(PostgresTargets(settings.connections, services))
    looked_at = cluster(settings)
    if looked_at is not None:
        found.append(KubernetesTargets(looked_at, services))
    return tuple(found)


def channels(settings: Settings) -> Sequence[Channel]:
    """The ways to reach people that are configured. Raises ConfigError for one that is half configured."""
    configured = (_slack(settings), _email(settings), pagerduty(settings))
    return tuple(channel for channel in configured if channel is not None)


def _email(settings: Settings) -> Channel | None:
    if settings.smtp_url is None:
        return None
    return EmailChannel(settings.smtp_url, settings.email_from, settings.email_to)


def pagerduty(settings: Settings) -> PagerDutyIncidents | PagerDutyEvents | None:
    """REST with PAGERDUTY_API_KEY, else Events v2 with routing keys, else None.

    Raises ConfigError for a key without what every page needs: a page that fails for it would be found out at night.
    """
    key, sender, service = settings.pagerduty_api_key, settings.pagerduty_from, settings.pagerduty_service
    if key is not None:
        if sender is None:
            raise ConfigError("PAGERDUTY_FROM: is not set; PAGERDUTY_API_KEY needs the mail address of a user")
        if service is None:
            raise ConfigError("PAGERDUTY_SERVICE: is not set; PAGERDUTY_API_KEY needs the id of a service")
        policies = settings.pagerduty_escalation_policies
        return PagerDutyIncidents(key, sender, service, policies, url=settings.pagerduty_api_url)
    if settings.pagerduty_routing_keys:
        return PagerDutyEvents(
            settings.pagerduty_routing_keys, settings.temporal_namespace, url=settings.pagerduty_events_url
        )
    return None


def whisperer(settings: Settings) -> SlackWhisperer | None:
    """Answers to what people write in Slack's threads, None without a bot's token."""
    if settings.slack_bot_token is None:
        return None
    return SlackWhisperer(settings.slack_bot_token, settings.slack_api_url)


def _slack(settings: Settings) -> SlackChannel | SlackWebhook | None:
    """By a bot's token, which can do more; else by a webhook."""
    if settings.slack_bot_token is None:
        return SlackWebhook(settings.slack_webhook_url) if settings.slack_webhook_url else None
    if settings.slack_channel is None:
        raise ConfigError("SLACK_CHANNEL: is not set; SLACK_BOT_TOKEN needs the id of a channel to post in")
    return SlackChannel(
        settings.slack_bot_token, settings.slack_channel, url=settings.slack_api_url, tiers=settings.slack_tiers,
        approvers=settings.slack_approvers or (), decide_up_to=settings.slack_decide_up_to,
    )  # fmt: skip
