"""The settings of this process, from the environment; names that the ecosystem knows are kept."""

import os
from pathlib import Path
from typing import Annotated

from pydantic import Field, SecretStr, ValidationError
from pydantic_core import ErrorDetails
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from config.addresses import Dsn, HostPort, HttpAddress, Login, MailAddress, Recipients, SmtpAddress, Token
from config.errors import ConfigError, problems, sentence, shown
from config.keys import PayloadKeys

CONNECTION = "NIGHTSHIFT_CONNECTION_"
_SECRET = (
    "DATABASE_URL", "SMTP_URL", "NIGHTSHIFT_WEBHOOK_TOKEN", "TEMPORAL_API_KEY", "NIGHTSHIFT_PAYLOAD_KEYS",
    "PROMETHEUS_LOGIN", "ELASTICSEARCH_LOGIN", "JAEGER_LOGIN", CONNECTION,
)  # fmt: skip


class Settings(BaseSettings):
    """One field per variable. None: not configured, and what depends on it is off and says so.

    `connections` are the named database connections (`NIGHTSHIFT_CONNECTION_<NAME>`), by name in small letters.
    `email_to` are mail addresses by escalation tier.
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
    jaeger_login: Login | None = Field(default=None, validation_alias="JAEGER_LOGIN")
    policy_file: Path | None = Field(default=None, validation_alias="NIGHTSHIFT_POLICY")
    services_file: Path | None = Field(default=None, validation_alias="NIGHTSHIFT_SERVICES")
    smtp_url: SmtpAddress | None = Field(default=None, validation_alias="SMTP_URL")
    email_from: MailAddress = Field(default="nightshift@localhost", validation_alias="EMAIL_FROM")
    email_to: Annotated[Recipients, NoDecode] = Field(default={}, validation_alias="EMAIL_TO")
    webhook_token: Token | None = Field(default=None, validation_alias="NIGHTSHIFT_WEBHOOK_TOKEN")
    host: str = Field(default="127.0.0.1", validation_alias="NIGHTSHIFT_HOST", min_length=1)
    port: int = Field(default=8000, validation_alias="NIGHTSHIFT_PORT", ge=0, le=65_535)
    public_url: HttpAddress | None = Field(default=None, validation_alias="NIGHTSHIFT_PUBLIC_URL")
    postmortems: Path = Field(default=Path("postmortems"), validation_alias="NIGHTSHIFT_POSTMORTEMS")
    connections: Annotated[dict[str, Dsn], NoDecode] = Field(default={}, validation_alias="connections")


def load_settings() -> Settings:
    """The settings of this process. Raises ConfigError, which names every variable that is wrong."""
    try:
        return Settings(connections=_connections())
    except ValidationError as error:
        raise ConfigError("\n".join(dict.fromkeys(_line(detail) for detail in problems(error)))) from None


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
