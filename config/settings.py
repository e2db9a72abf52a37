"""The settings of this process, from the environment; names that the ecosystem knows are kept."""

import os
from pathlib import Path
from typing import Annotated

from pydantic import Field, SecretStr, ValidationError
from pydantic_core import ErrorDetails
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from config.addresses import (
    Dsn,
    HeaderName,
    HostName,
    HostNames,
    HostPort,
    HttpAddress,
    Key,
    LabelName,
    Login,
    MailAddress,
    Networks,
    Policies,
    Recipients,
    RoutingKeys,
    Secrets,
    SmtpAddress,
    TenantId,
    Token,
    VendorId,
)
from config.errors import ConfigError, problems, sentence, shown
from config.keys import PayloadKeys
from config.prices import Prices
from config.slack import SlackChannelId, SlackHook, SlackNames, SlackTiers, SlackToken
from config.sources import LogsFrom, MetricsFrom, TracesFrom, source_problems
from domain.levels import Risk
from domain.shards import MOST_SHARDS

CONNECTION = "NIGHTSHIFT_CONNECTION_"
_SECRET = (
    "DATABASE_URL", "SMTP_URL", "NIGHTSHIFT_WEBHOOK_TOKEN", "NIGHTSHIFT_IDENTITY_KEY", "PAGERDUTY_API_KEY",
    "PAGERDUTY_ROUTING_KEYS", "PAGERDUTY_WEBHOOK_SECRET", "SLACK_BOT_TOKEN", "SLACK_WEBHOOK_URL",
    "SLACK_SIGNING_SECRET", "OPENAI_API_KEY", "TEMPORAL_API_KEY", "NIGHTSHIFT_PAYLOAD_KEYS", "NIGHTSHIFT_CODEC_TOKEN",
    "PROMETHEUS_LOGIN", "ELASTICSEARCH_LOGIN", "JAEGER_LOGIN", "LOKI_LOGIN", "LOKI_TOKEN", "TEMPO_LOGIN", "TEMPO_TOKEN",
    "DD_API_KEY", "DD_APP_KEY", CONNECTION,
)  # fmt: skip


class Settings(BaseSettings):
    """One field per variable. None: not configured, and what depends on it is off and says so.

    `connections` are the named database connections (`NIGHTSHIFT_CONNECTION_<NAME>`), by name in small letters.
    `email_to` are mail addresses by escalation tier, `pagerduty_escalation_policies` ids and `pagerduty_routing_keys`
    keys by the same. `pagerduty_webhook_secret` holds each secret that a delivery may be signed with.
    """

    model_config = SettingsConfigDict(frozen=True, extra="ignore", env_ignore_empty=True, hide_input_in_errors=True)

    temporal_address: HostPort = Field(default="127.0.0.1:7233", validation_alias="TEMPORAL_ADDRESS")
    temporal_namespace: str = Field(default="default", validation_alias="TEMPORAL_NAMESPACE")
    temporal_api_key: SecretStr | None = Field(default=None, validation_alias="TEMPORAL_API_KEY")
    temporal_tls: bool | None = Field(default=None, validation_alias="TEMPORAL_TLS")
    temporal_tls_ca: Path | None = Field(default=None, validation_alias="TEMPORAL_TLS_SERVER_CA_CERT_PATH")
    temporal_tls_cert: Path | None = Field(default=None, validation_alias="TEMPORAL_TLS_CLIENT_CERT_PATH")
    temporal_tls_key: Path | None = Field(default=None, validation_alias="TEMPORAL_TLS_CLIENT_KEY_PATH")
    temporal_tls_server_name: str | None = Field(default=None, validation_alias="TEMPORAL_TLS_SERVER_NAME")
    payload_keys: PayloadKeys | None = Field(default=None, validation_alias="NIGHTSHIFT_PAYLOAD_KEYS")
    deployment: str = Field(default="nightshift", validation_alias="NIGHTSHIFT_DEPLOYMENT", min_length=1)
    build_id: str | None = Field(default=None, validation_alias="NIGHTSHIFT_BUILD_ID")
    metrics_address: HostPort | None = Field(default=None, validation_alias="NIGHTSHIFT_METRICS")
    temporal_ui_url: HttpAddress | None = Field(default=None, validation_alias="TEMPORAL_UI_URL")
    database_url: Dsn | None = Field(default=None, validation_alias="DATABASE_URL")
    prometheus_url: HttpAddress | None = Field(default=None, validation_alias="PROMETHEUS_URL")
    prometheus_login: Login | None = Field(default=None, validation_alias="PROMETHEUS_LOGIN")
    alertmanager_url: HttpAddress | None = Field(default=None, validation_alias="ALERTMANAGER_URL")
    elasticsearch_url: HttpAddress | None = Field(default=None, validation_alias="ELASTICSEARCH_URL")
    elasticsearch_index: str = Field(default="logs-*", validation_alias="ELASTICSEARCH_INDEX", min_length=1)
    elasticsearch_login: Login | None = Field(default=None, validation_alias="ELASTICSEARCH_LOGIN")
    jaeger_url: HttpAddress | None = Field(default=None, validation_alias="JAEGER_URL")
    logs_from: LogsFrom | None = Field(default=None, validation_alias="NIGHTSHIFT_LOGS_FROM")
    metrics_from: MetricsFrom | None = Field(default=None, validation_alias="NIGHTSHIFT_METRICS_FROM")
    traces_from: TracesFrom | None = Field(default=None, validation_alias="NIGHTSHIFT_TRACES_FROM")
    loki_url: HttpAddress | None = Field(default=None, validation_alias="LOKI_URL")
    loki_login: Login | None = Field(default=None, validation_alias="LOKI_LOGIN")
    loki_token: SecretStr | None = Field(default=None, validation_alias="LOKI_TOKEN", min_length=1)
    loki_tenant: TenantId | None = Field(default=None, validation_alias="LOKI_TENANT")
    loki_service_label: LabelName = Field(default="service_name", validation_alias="LOKI_SERVICE_LABEL")
    loki_level_label: LabelName = Field(default="detected_level", validation_alias="LOKI_LEVEL_LABEL")
    loki_message_field: str | None = Field(default=None, validation_alias="LOKI_MESSAGE_FIELD", min_length=1)
    tempo_url: HttpAddress | None = Field(default=None, validation_alias="TEMPO_URL")
    tempo_login: Login | None = Field(default=None, validation_alias="TEMPO_LOGIN")
    tempo_token: SecretStr | None = Field(default=None, validation_alias="TEMPO_TOKEN", min_length=1)
    tempo_tenant: TenantId | None = Field(default=None, validation_alias="TEMPO_TENANT")
    datadog_api_key: SecretStr | None = Field(default=None, validation_alias="DD_API_KEY", min_length=1)
    datadog_app_key: SecretStr | None = Field(default=None, validation_alias="DD_APP_KEY", min_length=1)
    datadog_site: HostName = Field(default="datadoghq.com", validation_alias="DD_SITE")
    datadog_url: HttpAddress | None = Field(default=None, validation_alias="DATADOG_API_URL")
    kubeconfig: str | None = Field(default=None, validation_alias="KUBECONFIG")
    kubernetes_context: str | None = Field(default=None, validation_alias="KUBERNETES_CONTEXT")
    kubernetes_remedy_context: str | None = Field(default=None, validation_alias="KUBERNETES_REMEDY_CONTEXT")
    jaeger_login: Login | None = Field(default=None, validation_alias="JAEGER_LOGIN")
    policy_file: Path | None = Field(default=None, validation_alias="NIGHTSHIFT_POLICY")
    services_file: Path | None = Field(default=None, validation_alias="NIGHTSHIFT_SERVICES")
    smtp_url: SmtpAddress | None = Field(default=None, validation_alias="SMTP_URL")
    email_from: MailAddress = Field(default="nightshift@localhost", validation_alias="EMAIL_FROM")
    email_to: Annotated[Recipients, NoDecode] = Field(default={}, validation_alias="EMAIL_TO")
    pagerduty_api_key: SecretStr | None = Field(default=None, validation_alias="PAGERDUTY_API_KEY", min_length=1)
    pagerduty_from: MailAddress | None = Field(default=None, validation_alias="PAGERDUTY_FROM")
    pagerduty_service: VendorId | None = Field(default=None, validation_alias="PAGERDUTY_SERVICE")
    pagerduty_escalation_policies: Annotated[Policies, NoDecode] = Field(
        default={}, validation_alias="PAGERDUTY_ESCALATION_POLICIES"
    )
    pagerduty_routing_keys: Annotated[RoutingKeys, NoDecode] = Field(
        default={}, validation_alias="PAGERDUTY_ROUTING_KEYS"
    )
    pagerduty_api_url: HttpAddress | None = Field(default=None, validation_alias="PAGERDUTY_API_URL")
    pagerduty_events_url: HttpAddress | None = Field(default=None, validation_alias="PAGERDUTY_EVENTS_URL")
    pagerduty_webhook_secret: Annotated[Secrets, NoDecode] = Field(
        default=(), validation_alias="PAGERDUTY_WEBHOOK_SECRET"
    )
    slack_bot_token: SlackToken | None = Field(default=None, validation_alias="SLACK_BOT_TOKEN")
    slack_channel: SlackChannelId | None = Field(default=None, validation_alias="SLACK_CHANNEL")
    slack_webhook_url: SlackHook | None = Field(default=None, validation_alias="SLACK_WEBHOOK_URL")
    slack_signing_secret: Token | None = Field(default=None, validation_alias="SLACK_SIGNING_SECRET")
    slack_tiers: Annotated[SlackTiers, NoDecode] = Field(default={}, validation_alias="SLACK_TIERS")
    slack_approvers: Annotated[SlackNames | None, NoDecode] = Field(default=None, validation_alias="SLACK_APPROVERS")
    slack_decide_up_to: Risk = Field(default=Risk.HIGH, validation_alias="SLACK_DECIDE_UP_TO")
    slack_api_url: HttpAddress | None = Field(default=None, validation_alias="SLACK_API_URL")
    detection_every_s: float = Field(default=0.0, validation_alias="NIGHTSHIFT_DETECTION_EVERY_S", ge=0, le=3_600)
    detection_shards: int = Field(default=1, validation_alias="NIGHTSHIFT_DETECTION_SHARDS", ge=1, le=MOST_SHARDS)
    openai_api_key: SecretStr | None = Field(default=None, validation_alias="OPENAI_API_KEY", min_length=1)
    openai_base_url: HttpAddress | None = Field(default=None, validation_alias="OPENAI_BASE_URL")
    model: str | None = Field(default=None, validation_alias="NIGHTSHIFT_MODEL", min_length=1, max_length=100)
    model_prices: Annotated[Prices, NoDecode] = Field(default={}, validation_alias="NIGHTSHIFT_MODEL_PRICES")
    model_temperature: float = Field(default=0.0, validation_alias="NIGHTSHIFT_MODEL_TEMPERATURE", ge=0, le=2)
    model_usd_per_incident: float = Field(default=0.5, validation_alias="NIGHTSHIFT_MODEL_USD_PER_INCIDENT", ge=0)
    model_usd_per_hour: float = Field(default=5.0, validation_alias="NIGHTSHIFT_MODEL_USD_PER_HOUR", ge=0)
    model_steps: int = Field(default=5, validation_alias="NIGHTSHIFT_MODEL_STEPS", ge=1, le=20)
    model_looks: int = Field(default=6, validation_alias="NIGHTSHIFT_MODEL_LOOKS", ge=0, le=30)
    model_tokens: int = Field(default=60_000, validation_alias="NIGHTSHIFT_MODEL_TOKENS", ge=1_000)
    model_within_s: float = Field(default=60.0, validation_alias="NIGHTSHIFT_MODEL_WITHIN_S", ge=1, le=600)
    templates: Path | None = Field(default=None, validation_alias="NIGHTSHIFT_TEMPLATES")
    webhook_token: Token | None = Field(default=None, validation_alias="NIGHTSHIFT_WEBHOOK_TOKEN")
    people_file: Path | None = Field(default=None, validation_alias="NIGHTSHIFT_PEOPLE")
    identity_key: Key | None = Field(default=None, validation_alias="NIGHTSHIFT_IDENTITY_KEY")
    proxy_header: HeaderName | None = Field(default=None, validation_alias="NIGHTSHIFT_PROXY_HEADER")
    proxy_addresses: Annotated[Networks, NoDecode] = Field(default=(), validation_alias="NIGHTSHIFT_PROXY_ADDRESSES")
    starter_url: HttpAddress | None = Field(default=None, validation_alias="NIGHTSHIFT_STARTER_URL")
    host: str = Field(default="127.0.0.1", validation_alias="NIGHTSHIFT_HOST", min_length=1)
    port: int = Field(default=8000, validation_alias="NIGHTSHIFT_PORT", ge=0, le=65_535)
    hosts: Annotated[HostNames, NoDecode] = Field(default=(), validation_alias="NIGHTSHIFT_HOSTS")
    public_url: HttpAddress | None = Field(default=None, validation_alias="NIGHTSHIFT_PUBLIC_URL")
    postmortems: Path = Field(default=Path("postmortems"), validation_alias="NIGHTSHIFT_POSTMORTEMS")
    connections: Annotated[dict[str, Dsn], NoDecode] = Field(default={}, validation_alias="connections")


def load_settings() -> Settings:
    """The settings of this process. Raises ConfigError, which names every variable that is wrong."""
    try:
        settings = Settings(connections=_connections())
    except ValidationError as error:
        raise ConfigError("\n".join(dict.fromkeys(_line(detail) for detail in problems(error)))) from None
    if wrong := list(source_problems(settings)):
        raise ConfigError("\n".join(wrong))
    return settings


def connection_variable(name: str) -> str:
    """The variable that holds the named connection."""
    return CONNECTION + name.upper()


def _connections() -> dict[str, SecretStr]:
    return {
        name.upper().removeprefix(CONNECTION).lower(): SecretStr(value)
        for name, value in os.environ.items()
        if name.upper().startswith(CONNECTION) and value
    }


def _line(detail: ErrorDetails) -> str:
    place = detail["loc"]
    variable = connection_variable(str(place[1])) if place[0] == "connections" else str(place[0])
    said = sentence(detail)
    if detail["type"] == "value_error":
        return f"{variable}: {said}"
    if variable.startswith(_SECRET):
        return f"{variable}: {said} (its value is secret)"
    return f"{variable}: {shown(detail['input'])}: {said}"
